#include "services/kinesis/call_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/service.h"
#include "services/kinesis/subscription_shapes.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

enum class Scope : std::uint8_t { account, stream, subscription };

struct CallRate {
  std::string_view operation;
  double per_second;
  Scope scope = Scope::account;
};

// Sorted. Operations that the guide gives no rate are not limited.
constexpr std::array kAwsRates = {
    CallRate{"AddTagsToStream", 5},
    CallRate{"CreateStream", 5},
    CallRate{"DecreaseStreamRetentionPeriod", 5, Scope::stream},
    CallRate{"DeleteResourcePolicy", 5},
    CallRate{"DeleteStream", 5},
    CallRate{"DeregisterStreamConsumer", 5, Scope::stream},
    CallRate{"DescribeAccountSettings", 5},
    CallRate{"DescribeLimits", 1},
    CallRate{"DescribeStream", 10},
    CallRate{"DescribeStreamConsumer", 20, Scope::stream},
    CallRate{"DescribeStreamSummary", 20},
    CallRate{"DisableEnhancedMonitoring", 5, Scope::stream},
    CallRate{"EnableEnhancedMonitoring", 5, Scope::stream},
    CallRate{"GetResourcePolicy", 5},
    CallRate{"IncreaseStreamRetentionPeriod", 5, Scope::stream},
    CallRate{"ListShards", 1000, Scope::stream},
    CallRate{"ListStreamConsumers", 5, Scope::stream},
    CallRate{"ListStreams", 5},
    CallRate{"ListTagsForResource", 5},
    CallRate{"ListTagsForStream", 5},
    CallRate{"MergeShards", 5},
    CallRate{"PutResourcePolicy", 5},
    CallRate{"RegisterStreamConsumer", 5, Scope::stream},
    CallRate{"RemoveTagsFromStream", 5},
    CallRate{"SplitShard", 5},
    // API Reference: "one call to SubscribeToShard per second per registered consumer per shard".
    CallRate{"SubscribeToShard", 1, Scope::subscription},
    CallRate{"TagResource", 5},
    CallRate{"UntagResource", 5},
    CallRate{"UpdateAccountSettings", 5},
    CallRate{"UpdateShardCount", 10},
    CallRate{"UpdateStreamWarmThroughput", 5},
};
static_assert(std::ranges::is_sorted(kAwsRates, {}, &CallRate::operation));

/// "s" of "arn:aws:kinesis:us-east-1:123456789012:stream/s" and of its consumers.
std::string_view stream_in(std::string_view arn) {
  constexpr std::string_view kMark = ":stream/";
  const std::size_t at = arn.find(kMark);
  if (at == std::string_view::npos) return {};
  arn.remove_prefix(at + kMark.size());
  return arn.substr(0, arn.find('/'));
}

}  // namespace

ApiResult<void> take_call(CallContext& call, Invoke invoke, const void* input) {
  stream::Streams& streams = call.house.streams;
  const stream::Limit& limit = streams.settings().limits.control_calls;
  if (limit.is_off()) return {};
  const auto rows = service().operations;
  const auto row = std::ranges::find(rows, invoke, &Operation::invoke);
  if (row == rows.end()) return {};
  const auto rate = std::ranges::lower_bound(kAwsRates, row->name, {}, &CallRate::operation);
  const bool known = rate != kAwsRates.end() && rate->operation == row->name;
  const bool own = limit.choice == stream::Limit::Choice::number;
  if (!own && !known) return {};

  const Touched touched = row->touched(call, input);
  const std::string stream(touched.resources.empty() ? "" : stream_in(touched.resources.front()));
  std::string key(row->name);
  if (known && rate->scope == Scope::stream) key = fmt::format("{}/{}", row->name, stream);
  if (known && rate->scope == Scope::subscription) {
    const auto& subscribe = *static_cast<const SubscribeToShardInput*>(input);
    key = fmt::format("{}/{}/{}", row->name, subscribe.consumer_arn, subscribe.shard_id);
  }
  const double per_second = own ? static_cast<double>(limit.number) : rate->per_second;
  if (streams.calls().take(key, per_second, call.house.clock.steady())) return {};
  return api_fail(kLimitExceeded,
                  stream.empty() ? fmt::format("Rate exceeded for account {}.", call.account)
                                 : fmt::format("Rate exceeded for stream {} under account {}.", stream, call.account));
}

Task<ApiResult<Erased>> refused(ApiError error) { co_return std::unexpected(std::move(error)); }

}  // namespace penstock::services::kinesis
