#include "stream/stream_metrics.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "stream/shard_subscription.h"
#include "stream/stream_fixture.h"
#include "stream/stream_metrics_text.h"

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

class StreamMetricsTest : public StreamFixture {
 protected:
  /// What /metrics would say: "name{labels}" to value.
  std::map<std::string, double> scrape() {
    telemetry::Exposition out;
    StreamMetricsText text(streams_->metrics(), clock_.steady());
    while (text.next(out)) {
    }
    std::map<std::string, double> samples;
    std::string_view rest = out.text();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      if (line.starts_with("# ")) continue;
      const std::size_t space = line.rfind(' ');
      const auto [at, fresh] = samples.emplace(line.substr(0, space), std::stod(std::string(line.substr(space + 1))));
      EXPECT_TRUE(fresh) << "twice: " << at->first;
    }
    return samples;
  }
  static std::string of(std::string_view name, std::string_view more = "") {
    return fmt::format(R"(penstock_kinesis_{}{{stream="s"{}}})", name, more);
  }
  static std::string of_shard(std::string_view name, int shard) {
    return of(name, fmt::format(R"(,shard="shardId-{:012}")", shard));
  }
  void show(std::string_view metric, bool on = true) {
    ShardMetricSet set;
    ASSERT_TRUE(set.add(metric));
    ASSERT_TRUE(run_sync(streams_->set_shard_metrics("s", on ? set : ShardMetricSet(), on ? ShardMetricSet() : set)));
  }
  void put_one(std::string key, std::string data, PutCall call = PutCall::put_record) {
    std::vector<PutEntry> entries;
    entries.push_back({.partition_key = std::move(key), .data = std::move(data)});
    ASSERT_TRUE(run_sync(streams_->put("s", std::move(entries), call)).has_value());
  }
};

TEST_F(StreamMetricsTest, CountsWhatIsPut) {
  create("s");
  put_one("key", "12345");
  put("s", {{.partition_key = "a", .data = "1"}, {.partition_key = "b", .data = "22"}});
  std::vector<PutEntry> too_large;
  too_large.push_back({.partition_key = "k", .data = std::string(1U << 20U, 'x')});
  EXPECT_FALSE(run_sync(streams_->put("s", std::move(too_large), PutCall::put_record)).has_value());
  const auto samples = scrape();
  EXPECT_EQ(samples.at(of("incoming_records_total")), 3);
  EXPECT_EQ(samples.at(of("incoming_bytes_total")), 8 + 2 + 3);
  EXPECT_EQ(samples.at(of("put_record_calls_total", R"(,result="success")")), 1);
  EXPECT_EQ(samples.at(of("put_record_calls_total", R"(,result="failure")")), 1);
  EXPECT_EQ(samples.at(of("put_record_bytes_total")), 8);
  EXPECT_EQ(samples.at(of("put_record_latency_seconds_count")), 2);
  EXPECT_EQ(samples.at(of("put_records_calls_total", R"(,result="success")")), 1);
  EXPECT_EQ(samples.at(of("put_records_sent_records_total")), 2);
  EXPECT_EQ(samples.at(of("put_records_successful_records_total")), 2);
  EXPECT_EQ(samples.at(of("put_records_bytes_total")), 5);
  EXPECT_EQ(samples.at(of("open_shards")), 1);
}

TEST_F(StreamMetricsTest, CountsWhatLimitsRefuse) {
  settings_.limits.shard_write_records = {.choice = Limit::Choice::number, .number = 2};
  settings_.limits.shard_read_calls = {.choice = Limit::Choice::number, .number = 1};
  reopen();
  create("s");
  show("ALL");
  put("s", {{.partition_key = "a"}, {.partition_key = "b"}, {.partition_key = "c"}, {.partition_key = "d"}});
  const auto at = iterator("s", "shardId-000000000000").value();
  read(at);
  EXPECT_FALSE(run_sync(streams_->read(at, 10)).has_value());
  const auto samples = scrape();
  EXPECT_EQ(samples.at(of("put_records_throttled_records_total")), 2);
  EXPECT_EQ(samples.at(of("put_records_successful_records_total")), 2);
  EXPECT_EQ(samples.at(of("write_provisioned_throughput_exceeded_total")), 2);
  EXPECT_EQ(samples.at(of_shard("shard_write_provisioned_throughput_exceeded_total", 0)), 2);
  EXPECT_EQ(samples.at(of("read_provisioned_throughput_exceeded_total")), 1);
  EXPECT_EQ(samples.at(of_shard("shard_read_provisioned_throughput_exceeded_total", 0)), 1);
  EXPECT_EQ(samples.at(of("get_records_calls_total", R"(,result="success")")), 1);
  EXPECT_EQ(samples.at(of("get_records_calls_total", R"(,result="failure")")), 1);
}

TEST_F(StreamMetricsTest, TheIteratorsAgeIsThatOfTheLastRecordRead) {
  create("s");
  put_one("k", "old");
  clock_.advance(90s);
  put_one("k", "new");
  clock_.advance(10s);
  RecordPage page = read(iterator("s", "shardId-000000000000").value(), 1);
  auto samples = scrape();
  EXPECT_EQ(samples.at(of("get_records_iterator_age_max_seconds")), 100);
  EXPECT_EQ(samples.at(of("get_records_records_total")), 1);
  EXPECT_EQ(samples.at(of("get_records_bytes_total")), 4);
  clock_.advance(120s);
  EXPECT_THAT(scrape(), Not(Contains(Key(of("get_records_iterator_age_max_seconds"))))) << "nobody reads";
  page = read(*page.next, 1);
  EXPECT_EQ(scrape().at(of("get_records_iterator_age_max_seconds")), 130);
  clock_.advance(120s);
  read(*page.next);
  samples = scrape();
  EXPECT_EQ(samples.at(of("get_records_iterator_age_max_seconds")), 0) << "caught up";
  EXPECT_EQ(samples.at(of("get_records_iterator_age_seconds_sum")), 230);
  EXPECT_EQ(samples.at(of("get_records_iterator_age_seconds_count")), 3);
}

TEST_F(StreamMetricsTest, ShardsAreShownOnlyWhereEnhancedMonitoringAsksForIt) {
  create("s", 2);
  EXPECT_THAT(scrape(), Not(Contains(Key(HasSubstr("_shard_incoming")))));
  show("IncomingBytes");
  put("s", {{.partition_key = "k", .explicit_hash_key = "0", .data = "low"},
            {.partition_key = "key", .explicit_hash_key = "340282366920938463463374607431768211455", .data = "hi"}});
  auto samples = scrape();
  EXPECT_EQ(samples.at(of_shard("shard_incoming_bytes_total", 0)), 4);
  EXPECT_EQ(samples.at(of_shard("shard_incoming_bytes_total", 1)), 5);
  EXPECT_THAT(samples, Not(Contains(Key(HasSubstr("shard_incoming_records")))));

  // Counts go on when more is shown, and over a split; the children begin at zero.
  show("ALL");
  ASSERT_TRUE(run_sync(streams_->split("s", "shardId-000000000000", format_hash_key(HashKey{1} << 100U))));
  put("s", {{.partition_key = "k", .explicit_hash_key = "0", .data = "lower"}});
  read(iterator("s", "shardId-000000000000").value());
  samples = scrape();
  EXPECT_EQ(samples.at(of_shard("shard_incoming_bytes_total", 0)), 4);
  EXPECT_EQ(samples.at(of_shard("shard_incoming_bytes_total", 2)), 6);
  EXPECT_EQ(samples.at(of_shard("shard_incoming_records_total", 2)), 1);
  EXPECT_EQ(samples.at(of_shard("shard_outgoing_bytes_total", 0)), 4);
  EXPECT_EQ(samples.at(of_shard("shard_outgoing_records_total", 0)), 1);
  EXPECT_EQ(samples.at(of_shard("shard_iterator_age_seconds_count", 0)), 1);
  EXPECT_EQ(samples.at(of("open_shards")), 3);

  show("ALL", false);
  EXPECT_THAT(scrape(), Not(Contains(Key(HasSubstr("shard=")))));
}

TEST_F(StreamMetricsTest, ClosedShardsGoWithTheirRecords) {
  create("s");
  show("ALL");
  ASSERT_TRUE(run_sync(streams_->split("s", "shardId-000000000000", format_hash_key(HashKey{1} << 100U))));
  EXPECT_THAT(scrape(), Contains(Key(of_shard("shard_incoming_bytes_total", 0))));
  clock_.advance(25h);
  ASSERT_TRUE(run_sync(streams_->trim_expired(clock_.now())));
  EXPECT_THAT(scrape(), Not(Contains(Key(of_shard("shard_incoming_bytes_total", 0)))));
  EXPECT_THAT(scrape(), Contains(Key(of_shard("shard_incoming_bytes_total", 1))));
}

TEST_F(StreamMetricsTest, GoWithTheirStream) {
  create("s");
  create("t");
  put_one("k", "data");
  ASSERT_TRUE(run_sync(streams_->remove("s")));
  EXPECT_THAT(scrape(), Not(Contains(Key(HasSubstr(R"(stream="s")")))));
  create("s");
  EXPECT_EQ(scrape().at(of("incoming_bytes_total")), 0) << "another stream";
}

TEST_F(StreamMetricsTest, OfConsumers) {
  create("s");
  ASSERT_TRUE(run_sync(streams_->consumers().add(streams_->find("s")->info->uid, "s", "c", {})));
  show("ALL");
  put_one("k", "abc");
  const auto key = [](std::string_view name, std::string_view more = "") {
    return of(name, fmt::format(R"(,consumer="c"{})", more));
  };
  {
    auto subscription = run_sync(streams_->subscribe("s", "c", "shardId-000000000000", {}));
    ASSERT_TRUE(subscription.has_value());
    EXPECT_FALSE(run_sync(streams_->subscribe("s", "c", "shardId-000000000000", {})).has_value());
    const auto page = run_sync((*subscription)->read());
    ASSERT_TRUE(page.has_value());
    (*subscription)->note_event(*page, clock_.steady());
    (*subscription)->note_failed_event();
  }
  auto samples = scrape();
  EXPECT_EQ(samples.at(key("subscribe_to_shard_success_total")), 1);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_rate_exceeded_total")), 1);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_events_total", R"(,result="success")")), 1);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_events_total", R"(,result="failure")")), 1);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_event_bytes_total")), 4);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_event_records_total")), 1);
  EXPECT_EQ(samples.at(key("subscribe_to_shard_event_behind_latest_max_seconds")), 0);
  EXPECT_EQ(samples.at(of_shard("shard_outgoing_bytes_total", 0)), 4) << "pushed bytes go out too";

  ASSERT_TRUE(run_sync(streams_->remove_consumer("s", "c")));
  EXPECT_THAT(scrape(), Not(Contains(Key(HasSubstr("consumer=")))));
  // Somebody who saw it registered subscribes a moment too late: nothing of it stays.
  ASSERT_TRUE(run_sync(streams_->subscribe("s", "c", "shardId-000000000000", {})).has_value());
  EXPECT_THAT(scrape(), Not(Contains(Key(HasSubstr("consumer=")))));
}

TEST_F(StreamMetricsTest, ThousandsOfShardsAreWrittenInPieces) {
  create("s", 2000);
  show("IncomingBytes");
  telemetry::Exposition out;
  StreamMetricsText text(streams_->metrics(), clock_.steady());
  std::size_t greatest = 0;
  std::size_t samples = 0;
  while (text.next(out)) {
    greatest = std::max(greatest, out.sample_count() - samples);
    samples = out.sample_count();
  }
  EXPECT_LE(greatest, 512U);
  EXPECT_GT(samples, 2000U);
  EXPECT_EQ(scrape().count(of_shard("shard_incoming_bytes_total", 1999)), 1U);
}

}  // namespace
}  // namespace penstock::stream
