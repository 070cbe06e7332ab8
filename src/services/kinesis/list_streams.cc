#include <algorithm>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

// "If you specify a value greater than 100, at most 100 results are returned."
constexpr std::size_t kStreamsShownMax = 100;

}  // namespace

Answer<ListStreamsOutput> list_streams(CallContext& call, ListStreamsInput input) {
  const stream::Streams& streams = call.house.streams;
  std::string after = input.exclusive_start_stream_name.value_or("");
  if (input.next_token) {
    if (input.exclusive_start_stream_name) {
      co_return api_fail(kInvalidArgument, "NextToken and ExclusiveStartStreamName cannot be provided together.");
    }
    const auto last = streams.tokens().unseal(stream::TokenKind::list_streams, *input.next_token);
    if (!last) co_return api_fail(kInvalidArgument, "NextToken is not one that ListStreams returned.");
    after = *last;
  }
  const auto limit = std::min(static_cast<std::size_t>(input.limit.value_or(kStreamsShownMax)), kStreamsShownMax);
  auto views = streams.list(after, limit + 1);

  ListStreamsOutput output;
  output.has_more_streams = views.size() > limit;
  if (output.has_more_streams) views.pop_back();
  for (const stream::StreamView& view : views) {
    output.stream_names.push_back(view.info->name);
    output.stream_summaries.push_back(
        {.stream_name = view.info->name,
         .stream_arn = stream_arn(call, view.info->name),
         .stream_status = std::string(stream::to_string(view.status)),
         .stream_mode_details = {.stream_mode = std::string(stream::to_string(view.info->mode))},
         .stream_creation_timestamp = view.info->created});
  }
  if (output.has_more_streams) {
    output.next_token = streams.tokens().seal(stream::TokenKind::list_streams, output.stream_names.back());
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
