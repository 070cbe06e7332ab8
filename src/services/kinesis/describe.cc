// DescribeStream, DescribeStreamSummary.
#include <algorithm>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

// "If you specify a value greater than 100, at most 100 results are returned."
constexpr std::size_t kShardsShownMax = 100;

ApiResult<stream::StreamView> find_stream(const CallContext& call, const StreamReference& reference) {
  PENSTOCK_TRY(const std::string name, resolve(call, reference));
  auto view = call.house.streams.get(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  return *std::move(view);
}

template <class Description>
void fill_common(const CallContext& call, const stream::StreamView& view, Description& out) {
  const stream::StreamInfo& info = *view.info;
  out.stream_name = info.name;
  out.stream_arn = stream_arn(call, info.name);
  out.stream_status = stream::to_string(view.status);
  out.stream_mode_details.stream_mode = stream::to_string(info.mode);
  out.retention_period_hours = info.retention_hours;
  out.stream_creation_timestamp = info.created;
  auto& shard_level = out.enhanced_monitoring.emplace_back().shard_level_metrics;
  for (const std::string_view metric : info.shard_metrics.names()) shard_level.emplace_back(metric);
  out.encryption_type = info.is_encrypted() ? "KMS" : "NONE";
  if (info.is_encrypted()) out.key_id = info.encryption_key_id;
}

}  // namespace

Answer<DescribeStreamOutput> describe_stream(CallContext& call, DescribeStreamInput input) {
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, input));
  DescribeStreamOutput output;
  StreamDescription& out = output.stream_description;
  fill_common(call, view, out);

  std::uint32_t first = 0;
  if (input.exclusive_start_shard_id) {
    const auto after = stream::parse_shard_id(*input.exclusive_start_shard_id);
    if (!after) {
      co_return api_fail(kNotFound, "Could not find shard " + *input.exclusive_start_shard_id + " in stream " +
                                        view.info->name + " under account " + call.account + ".");
    }
    first = after->get() + 1;
  }
  const std::size_t limit = std::min(static_cast<std::size_t>(input.limit.value_or(kShardsShownMax)), kShardsShownMax);
  const Timestamp now = call.house.clock.now();
  if (view.status != stream::StreamStatus::creating) {  // AWS shows no shards before the stream is there
    for (const stream::Shard& shard : stream::shards_from(*view.info, first)) {
      if (view.info->is_expired(shard, now)) continue;
      if (out.shards.size() == limit) {
        out.has_more_shards = true;
        break;
      }
      out.shards.push_back(shard_output(shard));
    }
  }
  co_return output;
}

Answer<DescribeStreamSummaryOutput> describe_stream_summary(CallContext& call, DescribeStreamSummaryInput input) {
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, input));
  DescribeStreamSummaryOutput output;
  StreamDescriptionSummary& out = output.stream_description_summary;
  fill_common(call, view, out);
  const bool has_shards = view.status != stream::StreamStatus::creating;
  out.open_shard_count = has_shards ? static_cast<std::int32_t>(view.info->open_shard_count()) : 0;
  const auto consumers = call.house.streams.consumers().list(view.info->uid);
  if (!consumers) co_return to_api_error(consumers.error(), Plane::control);
  out.consumer_count = static_cast<std::int32_t>(consumers->size());
  out.max_record_size_in_kib = view.info->record_kib_max;
  if (view.info->mode == stream::StreamMode::on_demand) out.record_distribution_strategy = "USER_PARTITION_KEY";
  if (const auto warm = call.house.streams.warm_throughput(*view.info)) {
    out.warm_throughput = {.target_mibps = warm->target_mibps, .current_mibps = warm->current_mibps};
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
