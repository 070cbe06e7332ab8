#include "stream/stream_metrics_text.h"

#include <algorithm>

#include "stream/sequence_number.h"

namespace penstock::stream {
namespace {

using telemetry::Exposition;
using telemetry::MetricFamily;
using telemetry::MetricType;
using View = StreamMetricsView;

constexpr std::size_t kShardsAtATime = 512;

struct Row {
  MetricFamily family;
  void (*write)(Exposition& out, const View& stream, SteadyTime now) = nullptr;
  /// Of one shard instead, when the stream shows `metric`.
  void (*write_shard)(Exposition& out, telemetry::Labels labels, const ShardMetrics& shard, SteadyTime now) = nullptr;
  ShardMetric metric{};
};

constexpr auto kCounter = MetricType::counter;
constexpr auto kGauge = MetricType::gauge;

/// A family with one number for each stream.
template <std::uint64_t (*number)(const View&)>
constexpr Row per_stream(std::string_view name, MetricType type, std::string_view help, std::string_view aws = {}) {
  return {{name, type, "stream", help, aws}, [](Exposition& out, const View& stream, SteadyTime) {
            out.sample({{"stream", stream.name}}, number(stream));
          }};
}

template <const CallCounts& (*calls)(const View&)>
constexpr Row calls_of(std::string_view name, std::string_view help, std::string_view aws) {
  return {{name, kCounter, "stream result", help, aws}, [](Exposition& out, const View& stream, SteadyTime) {
            const CallCounts& counts = calls(stream);
            out.sample({{"stream", stream.name}, {"result", "success"}}, counts.succeeded.value());
            out.sample({{"stream", stream.name}, {"result", "failure"}}, counts.failed.value());
          }};
}

/// Streams without a call have no histogram: nineteen series each would say nothing.
template <const CallCounts& (*calls)(const View&)>
constexpr Row latency_of(std::string_view name, std::string_view help, std::string_view aws) {
  return {{name, MetricType::histogram, "stream", help, aws}, [](Exposition& out, const View& stream, SteadyTime) {
            const auto durations = calls(stream).latency.snapshot();
            if (durations.count() > 0) out.histogram({{"stream", stream.name}}, durations);
          }};
}

template <telemetry::Tally ConsumerMetrics::* tally>
constexpr Row per_consumer(std::string_view name, std::string_view help, std::string_view aws) {
  return {{name, kCounter, "stream consumer", help, aws}, [](Exposition& out, const View& stream, SteadyTime) {
            for (const auto& [consumer, counts] : stream.metrics->consumers()) {
              out.sample({{"stream", stream.name}, {"consumer", consumer}}, ((*counts).*tally).value());
            }
          }};
}

template <telemetry::Tally ShardMetrics::* tally>
constexpr Row per_shard(std::string_view name, ShardMetric metric, std::string_view help) {
  const std::string_view aws = kShardMetricNames[static_cast<std::size_t>(metric)];
  return {.family = {name, kCounter, "stream shard", help, aws},
          .write_shard = [](Exposition& out, telemetry::Labels labels, const ShardMetrics& shard,
                            SteadyTime) { out.sample(labels, (shard.*tally).value()); },
          .metric = metric};
}

void write_greatest(Exposition& out, telemetry::Labels labels, const AgeCounts& ages, SteadyTime now) {
  if (const auto ms = ages.greatest.value(now)) out.sample(labels, static_cast<double>(*ms) / 1000);
}

const CallCounts& put_record(const View& stream) { return stream.metrics->put_record.calls; }
const CallCounts& put_records(const View& stream) { return stream.metrics->put_records.calls; }
const CallCounts& get_records(const View& stream) { return stream.metrics->get_records.calls; }

std::uint64_t incoming_bytes(const View& stream) {
  return stream.metrics->put_record.bytes.value() + stream.metrics->put_records.bytes.value();
}
std::uint64_t incoming_records(const View& stream) {
  return put_record(stream).succeeded.value() + stream.metrics->put_records.records_succeeded.value();
}
std::uint64_t open_shards(const View& stream) { return stream.open_shards; }

template <auto group, auto tally>
std::uint64_t count(const View& stream) {
  return ((*stream.metrics).*group.*tally).value();
}
std::uint64_t write_throttled(const View& stream) { return stream.metrics->write_throttled.value(); }

using M = StreamMetrics;

constexpr Row kRows[] = {
    per_stream<&open_shards>("penstock_kinesis_open_shards", kGauge, "Open shards of the stream."),
    per_stream<&incoming_bytes>("penstock_kinesis_incoming_bytes_total", kCounter,
                                "Bytes of records put, their partition keys included.", "IncomingBytes"),
    per_stream<&incoming_records>("penstock_kinesis_incoming_records_total", kCounter, "Records put.",
                                  "IncomingRecords"),
    per_stream<&write_throttled>("penstock_kinesis_write_provisioned_throughput_exceeded_total", kCounter,
                                 "Records refused because a shard's write limit was reached.",
                                 "WriteProvisionedThroughputExceeded"),
    per_stream<&count<&M::get_records, &M::GetRecordsCounts::throttled>>(
        "penstock_kinesis_read_provisioned_throughput_exceeded_total", kCounter,
        "GetRecords calls refused because a shard's read limit was reached.", "ReadProvisionedThroughputExceeded"),

    calls_of<&put_record>("penstock_kinesis_put_record_calls_total",
                          "PutRecord calls and records of topic rules, by result.", "PutRecord.Success"),
    per_stream<&count<&M::put_record, &M::PutRecordCounts::bytes>>("penstock_kinesis_put_record_bytes_total", kCounter,
                                                                   "Bytes put with PutRecord.", "PutRecord.Bytes"),
    latency_of<&put_record>("penstock_kinesis_put_record_latency_seconds", "How long PutRecord took, to durability.",
                            "PutRecord.Latency"),

    calls_of<&put_records>("penstock_kinesis_put_records_calls_total",
                           "PutRecords calls; a success put at least one record.", "PutRecords.Success"),
    per_stream<&count<&M::put_records, &M::PutRecordsCounts::bytes>>(
        "penstock_kinesis_put_records_bytes_total", kCounter, "Bytes put with PutRecords.", "PutRecords.Bytes"),
    per_stream<&count<&M::put_records, &M::PutRecordsCounts::records_total>>(
        "penstock_kinesis_put_records_sent_records_total", kCounter, "Records that PutRecords calls held.",
        "PutRecords.TotalRecords"),
    per_stream<&count<&M::put_records, &M::PutRecordsCounts::records_succeeded>>(
        "penstock_kinesis_put_records_successful_records_total", kCounter, "Of them, those that were put.",
        "PutRecords.SuccessfulRecords, PutRecords.Records"),
    per_stream<&count<&M::put_records, &M::PutRecordsCounts::records_throttled>>(
        "penstock_kinesis_put_records_throttled_records_total", kCounter, "Of them, those refused by a shard's limit.",
        "PutRecords.ThrottledRecords"),
    per_stream<&count<&M::put_records, &M::PutRecordsCounts::records_failed>>(
        "penstock_kinesis_put_records_failed_records_total", kCounter, "Of them, those that storage did not take.",
        "PutRecords.FailedRecords"),
    latency_of<&put_records>("penstock_kinesis_put_records_latency_seconds", "How long PutRecords took, to durability.",
                             "PutRecords.Latency"),

    calls_of<&get_records>("penstock_kinesis_get_records_calls_total", "GetRecords calls, by result.",
                           "GetRecords.Success"),
    per_stream<&count<&M::get_records, &M::GetRecordsCounts::bytes>>(
        "penstock_kinesis_get_records_bytes_total", kCounter, "Bytes given by GetRecords.", "GetRecords.Bytes"),
    per_stream<&count<&M::get_records, &M::GetRecordsCounts::records>>(
        "penstock_kinesis_get_records_records_total", kCounter, "Records given by GetRecords.", "GetRecords.Records"),
    latency_of<&get_records>("penstock_kinesis_get_records_latency_seconds", "How long GetRecords took.",
                             "GetRecords.Latency"),
    {{"penstock_kinesis_get_records_iterator_age_seconds", MetricType::summary, "stream",
      "Age of the last record of each GetRecords call.", "GetRecords.IteratorAgeMilliseconds"},
     [](Exposition& out, const View& stream, SteadyTime) {
       out.summary_ms({{"stream", stream.name}}, stream.metrics->get_records.iterator_age.average);
     }},
    {{"penstock_kinesis_get_records_iterator_age_max_seconds", kGauge, "stream",
      "The greatest such age of the last one to two minutes.", "GetRecords.IteratorAgeMilliseconds"},
     [](Exposition& out, const View& stream, SteadyTime now) {
       write_greatest(out, {{"stream", stream.name}}, stream.metrics->get_records.iterator_age, now);
     }},

    per_consumer<&ConsumerMetrics::subscriptions>("penstock_kinesis_subscribe_to_shard_success_total",
                                                  "Subscriptions of a registered consumer to a shard.",
                                                  "SubscribeToShard.Success"),
    per_consumer<&ConsumerMetrics::rate_exceeded>("penstock_kinesis_subscribe_to_shard_rate_exceeded_total",
                                                  "Subscriptions refused because there was one already.",
                                                  "SubscribeToShard.RateExceeded"),
    {{"penstock_kinesis_subscribe_to_shard_events_total", kCounter, "stream consumer result",
      "Events of subscriptions, by result.", "SubscribeToShardEvent.Success"},
     [](Exposition& out, const View& stream, SteadyTime) {
       for (const auto& [name, counts] : stream.metrics->consumers()) {
         out.sample({{"stream", stream.name}, {"consumer", name}, {"result", "success"}}, counts->events.value());
         out.sample({{"stream", stream.name}, {"consumer", name}, {"result", "failure"}},
                    counts->events_failed.value());
       }
     }},
    per_consumer<&ConsumerMetrics::event_bytes>("penstock_kinesis_subscribe_to_shard_event_bytes_total",
                                                "Bytes pushed to a consumer.", "SubscribeToShardEvent.Bytes"),
    per_consumer<&ConsumerMetrics::event_records>("penstock_kinesis_subscribe_to_shard_event_records_total",
                                                  "Records pushed to a consumer.", "SubscribeToShardEvent.Records"),
    {{"penstock_kinesis_subscribe_to_shard_event_behind_latest_seconds", MetricType::summary, "stream consumer",
      "How far each event was behind the shard's tip.", "SubscribeToShardEvent.MillisBehindLatest"},
     [](Exposition& out, const View& stream, SteadyTime) {
       for (const auto& [name, counts] : stream.metrics->consumers()) {
         out.summary_ms({{"stream", stream.name}, {"consumer", name}}, counts->behind.average);
       }
     }},
    {{"penstock_kinesis_subscribe_to_shard_event_behind_latest_max_seconds", kGauge, "stream consumer",
      "The farthest of the last one to two minutes.", "SubscribeToShardEvent.MillisBehindLatest"},
     [](Exposition& out, const View& stream, SteadyTime now) {
       for (const auto& [name, counts] : stream.metrics->consumers()) {
         write_greatest(out, {{"stream", stream.name}, {"consumer", name}}, counts->behind, now);
       }
     }},

    per_shard<&ShardMetrics::incoming_bytes>("penstock_kinesis_shard_incoming_bytes_total", ShardMetric::incoming_bytes,
                                             "Bytes of records put to the shard, with partition keys."),
    per_shard<&ShardMetrics::incoming_records>("penstock_kinesis_shard_incoming_records_total",
                                               ShardMetric::incoming_records, "Records put to the shard."),
    per_shard<&ShardMetrics::outgoing_bytes>("penstock_kinesis_shard_outgoing_bytes_total", ShardMetric::outgoing_bytes,
                                             "Bytes given by GetRecords and pushed to consumers."),
    per_shard<&ShardMetrics::outgoing_records>("penstock_kinesis_shard_outgoing_records_total",
                                               ShardMetric::outgoing_records,
                                               "Records given by GetRecords and pushed to consumers."),
    per_shard<&ShardMetrics::write_throttled>("penstock_kinesis_shard_write_provisioned_throughput_exceeded_total",
                                              ShardMetric::write_throughput_exceeded,
                                              "Records refused because the shard's write limit was reached."),
    per_shard<&ShardMetrics::read_throttled>("penstock_kinesis_shard_read_provisioned_throughput_exceeded_total",
                                             ShardMetric::read_throughput_exceeded,
                                             "GetRecords calls refused because the shard's read limit was reached."),
    {.family = {"penstock_kinesis_shard_iterator_age_seconds", MetricType::summary, "stream shard",
                "Age of the last record of each GetRecords call on the shard.", "IteratorAgeMilliseconds"},
     .write_shard = [](Exposition& out, telemetry::Labels labels, const ShardMetrics& shard,
                       SteadyTime) { out.summary_ms(labels, shard.iterator_age.average); },
     .metric = ShardMetric::iterator_age},
    {.family = {"penstock_kinesis_shard_iterator_age_max_seconds", kGauge, "stream shard",
                "The greatest such age of the last one to two minutes.", "IteratorAgeMilliseconds"},
     .write_shard = [](Exposition& out, telemetry::Labels labels, const ShardMetrics& shard,
                       SteadyTime now) { write_greatest(out, labels, shard.iterator_age, now); },
     .metric = ShardMetric::iterator_age},
};

}  // namespace

std::vector<const MetricFamily*> stream_metric_families() {
  std::vector<const MetricFamily*> families;
  for (const Row& row : kRows) families.push_back(&row.family);
  return families;
}

bool StreamMetricsText::is_done() const { return streams_.empty() || family_ == std::size(kRows); }

/// Writes shards from shard_ on; false when the stream has no more.
bool StreamMetricsText::next_shards(Exposition& out, std::size_t row_number) {
  const Row& row = kRows[row_number];
  const View& stream = streams_[stream_];
  if (!stream.shards || !stream.shards->shown().has(row.metric)) return false;
  const auto& all = stream.shards->rows();
  const std::size_t end = std::min(shard_ + kShardsAtATime, all.size());
  for (; shard_ < end; ++shard_) {
    const std::string shard = format_shard_id(all[shard_].first);
    row.write_shard(out, {{"stream", stream.name}, {"shard", shard}}, *all[shard_].second, now_);
  }
  return shard_ < all.size();
}

bool StreamMetricsText::next(Exposition& out) {
  if (is_done()) return false;
  const Row& row = kRows[family_];
  if (stream_ == 0 && shard_ == 0) out.begin(row.family);
  if (row.write_shard != nullptr) {
    if (next_shards(out, family_)) return true;
  } else {
    row.write(out, streams_[stream_], now_);
  }
  shard_ = 0;
  if (++stream_ == streams_.size()) {
    stream_ = 0;
    ++family_;
  }
  return true;
}

}  // namespace penstock::stream
