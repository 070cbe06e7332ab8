// RegisterStreamConsumer, DeregisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::size_t kConsumersShownMax = 100;  // "The default is 100" and the most that is shown
constexpr std::size_t kTagsMax = 50;

ConsumerOutput consumer_output(const CallContext& call, std::string_view stream, const stream::Consumer& consumer) {
  return {.consumer_name = consumer.name,
          .consumer_arn = consumer_arn(call, stream, consumer),
          .consumer_status = std::string(stream::to_string(consumer.status)),
          .consumer_creation_timestamp = consumer.created};
}

ApiResult<stream::StreamView> find_stream(const CallContext& call, std::string_view arn) {
  PENSTOCK_TRY(const std::string name, name_in_arn(call, arn));
  auto view = call.house.streams.get(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  return *std::move(view);
}

/// "<uid> <made, ms> <last name shown>", sealed.
struct PageToken {
  std::string uid;
  std::int64_t made_ms = 0;
  std::string after;
};

ApiResult<PageToken> open_token(const CallContext& call, const ListStreamConsumersInput& input) {
  if (input.stream_creation_timestamp) {
    return api_fail(kInvalidArgument, "StreamCreationTimestamp cannot be provided with NextToken.");
  }
  const auto invalid = api_fail(kInvalidArgument, "NextToken is not one that ListStreamConsumers returned.");
  const auto contents = call.house.streams.tokens().unseal(stream::TokenKind::list_consumers, *input.next_token);
  if (!contents) return invalid;
  const std::size_t first = contents->find(' ');
  const std::size_t second = contents->find(' ', first + 1);
  PageToken token{.uid = contents->substr(0, first), .after = contents->substr(second + 1)};
  std::from_chars(contents->data() + first + 1, contents->data() + second, token.made_ms);
  PENSTOCK_TRY_VOID(check_token_age(call, from_unix_ms(token.made_ms)));
  return token;
}

}  // namespace

Answer<RegisterStreamConsumerOutput> register_stream_consumer(CallContext& call, RegisterStreamConsumerInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, input.stream_arn));
  const std::string name = view.info->name;
  if (view.status != stream::StreamStatus::active) {
    co_return api_fail(kInUse, fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", name,
                                           call.account, stream::to_string(view.status)));
  }
  stream::Consumers::Tags tags;
  if (input.tags) {
    PENSTOCK_CO_TRY_VOID(check_tags(call, name, *input.tags));
    if (input.tags->size() > kTagsMax) {
      co_return api_fail(kInvalidArgument,
                         fmt::format("Failed to add tags to consumer {} of stream {} under account {} because a given "
                                     "consumer cannot have more than {} tags associated with it.",
                                     input.consumer_name, name, call.account, kTagsMax));
    }
    tags = std::move(*input.tags);
  }
  const auto added = co_await call.house.streams.consumers().add(view.info->uid, name, std::move(input.consumer_name),
                                                                 std::move(tags));
  if (!added) co_return to_api_error(added.error(), Plane::control);
  RegisterStreamConsumerOutput output{.consumer = consumer_output(call, name, *added)};
  output.consumer.consumer_status = "CREATING";  // as AWS answers; DescribeStreamConsumer says when it is ACTIVE
  co_return output;
}

Answer<Empty> deregister_stream_consumer(CallContext& call, DeregisterStreamConsumerInput input) {
  PENSTOCK_CO_TRY(const FoundConsumer found, resolve_consumer(call, input));
  const auto removed = co_await call.house.streams.remove_consumer(found.stream.info->name, found.consumer.name);
  if (!removed) co_return to_api_error(removed.error(), Plane::control);
  ResourceName gone{.stream = found.stream.info->name,
                    .consumer = fmt::format("{}:{}", found.consumer.name, to_unix_ms(found.consumer.created) / 1000)};
  static_cast<void>(co_await remove_resource_policy_document(call.house.streams, call.house.catalog, std::move(gone)));
  co_return Empty{};
}

Answer<DescribeStreamConsumerOutput> describe_stream_consumer(CallContext& call, DescribeStreamConsumerInput input) {
  PENSTOCK_CO_TRY(const FoundConsumer found, resolve_consumer(call, input));
  const std::string& stream = found.stream.info->name;
  ConsumerOutput shown = consumer_output(call, stream, found.consumer);
  co_return DescribeStreamConsumerOutput{
      .consumer_description = {.consumer_name = std::move(shown.consumer_name),
                               .consumer_arn = std::move(shown.consumer_arn),
                               .consumer_status = std::move(shown.consumer_status),
                               .consumer_creation_timestamp = shown.consumer_creation_timestamp,
                               .stream_arn = stream_arn(call, stream)}};
}

Answer<ListStreamConsumersOutput> list_stream_consumers(CallContext& call, ListStreamConsumersInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_CO_TRY(const std::string name, name_in_arn(call, input.stream_arn));
  const auto view = call.house.streams.get_settled(name);
  if (!view) co_return to_api_error(view.error(), Plane::control);
  const stream::StreamInfo& info = *view->info;
  PageToken token;
  if (input.next_token) {
    PENSTOCK_CO_TRY(token, open_token(call, input));
  }
  // Clients carry whole seconds or milliseconds.
  const bool other_time = input.stream_creation_timestamp &&
                          std::chrono::abs(*input.stream_creation_timestamp - info.created) >= std::chrono::seconds(1);
  if (other_time || (input.next_token && token.uid != info.uid)) {
    co_return api_fail(kNotFound, fmt::format("Stream {} under account {} not found.", info.name, call.account));
  }
  const auto limit =
      std::min(static_cast<std::size_t>(input.max_results.value_or(kConsumersShownMax)), kConsumersShownMax);
  const auto consumers = call.house.streams.consumers().list(info.uid);
  if (!consumers) co_return to_api_error(consumers.error(), Plane::control);
  ListStreamConsumersOutput output;
  for (const stream::Consumer& consumer : *consumers) {
    if (consumer.name <= token.after) continue;
    if (output.consumers.size() == limit) {
      output.next_token = call.house.streams.tokens().seal(
          stream::TokenKind::list_consumers,
          fmt::format("{} {} {}", info.uid, to_unix_ms(call.house.clock.now()), output.consumers.back().consumer_name));
      break;
    }
    output.consumers.push_back(consumer_output(call, info.name, consumer));
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
