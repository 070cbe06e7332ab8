#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

// "If you specify a value greater than 100, at most 100 results are returned."
constexpr std::size_t kStreamsShownMax = 100;

/// "<made, ms> <last name shown>", sealed.
ApiResult<std::string> name_in_token(const CallContext& call, std::string_view token) {
  const auto contents = call.house.streams.tokens().unseal(stream::TokenKind::list_streams, token);
  std::int64_t made_ms = 0;
  const std::size_t space = contents ? contents->find(' ') : std::string::npos;
  if (space == std::string::npos ||
      std::from_chars(contents->data(), contents->data() + space, made_ms).ec != std::errc{}) {
    return api_fail(kInvalidArgument, "NextToken is not one that ListStreams returned.");
  }
  PENSTOCK_TRY_VOID(check_token_age(call, from_unix_ms(made_ms)));
  return contents->substr(space + 1);
}

}  // namespace

ApiResult<void> check_token_age(const CallContext& call, Timestamp made) {
  const std::chrono::milliseconds life = call.house.streams.settings().page_token_life;
  const Timestamp now = call.house.clock.now();
  if (now - made <= life) return {};
  return api_fail(kExpiredNextToken,
                  fmt::format("NextToken was given at {} and has expired at {} (seconds since 1970); "
                              "tokens live for {} milliseconds.",
                              to_unix_ms(made) / 1000, to_unix_ms(now) / 1000, life.count()));
}

Answer<ListStreamsOutput> list_streams(CallContext& call, ListStreamsInput input) {
  const stream::Streams& streams = call.house.streams;
  std::string after = input.exclusive_start_stream_name.value_or("");
  if (input.next_token) {
    if (input.exclusive_start_stream_name) {
      co_return api_fail(kInvalidArgument, "NextToken and ExclusiveStartStreamName cannot be provided together.");
    }
    PENSTOCK_CO_TRY(after, name_in_token(call, *input.next_token));
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
    output.next_token =
        streams.tokens().seal(stream::TokenKind::list_streams,
                              fmt::format("{} {}", to_unix_ms(call.house.clock.now()), output.stream_names.back()));
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
