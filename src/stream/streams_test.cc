#include "stream/streams.h"

#include <gmock/gmock.h>

#include "core/task.h"
#include "stream/bell.h"
#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto* kShard0 = "shardId-000000000000";

using StreamsTest = StreamFixture;

TEST_F(StreamsTest, RecordsComeBackInTheOrderTheyWerePut) {
  create("s");
  put("s", {{.partition_key = "a", .data = "1"}, {.partition_key = "b", .data = "2"}});
  put("s", {{.partition_key = "a", .data = "3"}});
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("1", "2", "3"));
  EXPECT_THAT(read_all("s", kShard0, 1), ElementsAre("1", "2", "3"));
}

TEST_F(StreamsTest, OutcomesNameShardAndGrowingSequenceNumbers) {
  create("s", 4);
  std::vector<PutEntry> entries;
  for (int i = 0; i < 100; ++i) entries.push_back({.partition_key = std::to_string(i), .data = std::to_string(i)});
  const PutOutcomes outcomes = put("s", entries);
  std::map<std::string, std::string> last;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ASSERT_TRUE(outcomes[i].has_value());
    const HashKey key = hash_partition_key(entries[i].partition_key);
    EXPECT_EQ(outcomes[i]->shard_id, format_shard_id(streams_->find("s")->info->route(key).index));
    EXPECT_LT(last[outcomes[i]->shard_id], outcomes[i]->sequence_number);
    last[outcomes[i]->shard_id] = outcomes[i]->sequence_number;
  }
  EXPECT_EQ(last.size(), 4U);
  std::size_t total = 0;
  for (const auto& [shard, number] : last) total += read_all("s", shard).size();
  EXPECT_EQ(total, 100U);
}

TEST_F(StreamsTest, AnExplicitHashKeyOverridesThePartitionKey) {
  create("s", 2);
  const auto outcomes =
      put("s", {{.partition_key = "a", .explicit_hash_key = "0", .data = "low"},
                {.partition_key = "a", .explicit_hash_key = format_hash_key(kHashKeyMax), .data = ""}});
  EXPECT_EQ(outcomes[0]->shard_id, kShard0);
  EXPECT_EQ(outcomes[1]->shard_id, "shardId-000000000001");
  const auto refused = run_sync(streams_->put("s", {{.partition_key = "a", .explicit_hash_key = "-1", .data = ""}}));
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
}

TEST_F(StreamsTest, StreamsAndRecordsSurviveARestart) {
  create("s", 2);
  put("s", {{.partition_key = "a", .explicit_hash_key = "0", .data = "kept"}});
  run_sync(streams_->add_tags("s", {{"team", "plants"}})).value();
  const auto sealed = streams_->seal(*iterator("s", kShard0));
  reopen();
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("kept"));
  EXPECT_EQ(streams_->find("s")->info->tags.at("team"), "plants");
  EXPECT_TRUE(streams_->unseal(sealed).has_value()) << "iterators stay good over a restart";
}

TEST_F(StreamsTest, ManyStreamsHaveTheirOwnRecordsAfterARestart) {
  const auto name = [](int n) { return "s-" + std::to_string(n); };
  for (int n = 0; n < 100; ++n) {
    create(name(n));
    put(name(n), {{.partition_key = "a", .data = name(n)}});
  }
  reopen();
  for (int n = 0; n < 100; ++n) EXPECT_THAT(read_all(name(n), kShard0), ElementsAre(name(n)));
}

TEST_F(StreamsTest, AStreamMadeAnewIsAnotherOne) {
  create("s");
  put("s", {{.partition_key = "a", .data = "old"}});
  const ShardIterator old = *iterator("s", kShard0);
  run_sync(streams_->remove("s")).value();
  EXPECT_FALSE(streams_->find("s").has_value());
  EXPECT_TRUE(logs_->list()->empty()) << "deleting frees the log";
  create("s");
  EXPECT_TRUE(read_all("s", kShard0).empty());
  EXPECT_EQ(run_sync(streams_->read(old, 10)).error().kind, ErrorKind::missing);
}

TEST_F(StreamsTest, StatesLastAsLongAsTheSettingsSay) {
  settings_.creating = settings_.updating = settings_.deleting = milliseconds(500);
  reopen();
  create("s");
  EXPECT_EQ(streams_->find("s")->status, StreamStatus::creating);
  EXPECT_EQ(run_sync(streams_->put("s", {{.partition_key = "a", .data = ""}})).error().kind, ErrorKind::missing);
  EXPECT_EQ(iterator("s", kShard0).error().kind, ErrorKind::missing);
  clock_.advance(milliseconds(500));
  EXPECT_EQ(streams_->find("s")->status, StreamStatus::active);

  run_sync(streams_->increase_retention("s", 48)).value();
  EXPECT_EQ(streams_->find("s")->status, StreamStatus::updating);
  put("s", {{.partition_key = "a", .data = "while updating"}});
  EXPECT_EQ(run_sync(streams_->decrease_retention("s", 24)).error().kind, ErrorKind::conflict);
  clock_.advance(milliseconds(500));
  run_sync(streams_->decrease_retention("s", 24)).value();
  clock_.advance(milliseconds(500));

  run_sync(streams_->remove("s")).value();
  EXPECT_EQ(streams_->find("s")->status, StreamStatus::deleting);
  EXPECT_EQ(run_sync(streams_->create({.name = "s"})).error().kind, ErrorKind::conflict);
  clock_.advance(milliseconds(500));
  EXPECT_FALSE(streams_->find("s").has_value());
  run_sync(streams_->trim_expired(clock_.now())).value();
  EXPECT_TRUE(logs_->list()->empty());
}

TEST_F(StreamsTest, AnExpiredDeletionDoesNotBlockANewStreamOfThatName) {
  settings_.deleting = milliseconds(500);
  reopen();
  create("s");
  run_sync(streams_->remove("s")).value();
  clock_.advance(milliseconds(500));
  create("s");
  EXPECT_EQ(streams_->find("s")->status, StreamStatus::active);
  EXPECT_EQ(logs_->list()->size(), 1U);
}

TEST_F(StreamsTest, LogsThatNoStreamOwnsAreRemovedAtStart) {
  create("s");
  logs_->create("s-00000000000000000000000000000000").value();
  logs_->create("other-log").value();
  reopen();
  EXPECT_EQ(logs_->list()->size(), 2U) << "the stream's, and the one that is not a stream's";
}

TEST_F(StreamsTest, TheAccountsShardsAreLimited) {
  settings_.limits.open_shards = {.choice = Limit::Choice::number, .number = 5};
  reopen();
  create("a", 3);
  const auto refused = run_sync(streams_->create({.name = "b", .shard_count = 3}));
  EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
  EXPECT_THAT(refused.error().message, HasSubstr("Current shard count for the account: 3. Limit: 5."));
  create("b", 2);
}

TEST_F(StreamsTest, RecordsPastTheirRetentionAreNotGiven) {
  create("s");
  put("s", {{.partition_key = "a", .data = "old"}});
  clock_.advance(hours(20));
  put("s", {{.partition_key = "a", .data = "young"}});
  clock_.advance(hours(5));
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("young"));
  run_sync(streams_->increase_retention("s", 48)).value();
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("young")) << "a longer retention brings nothing back";
  run_sync(streams_->trim_expired(clock_.now())).value();
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("young"));
  clock_.advance(hours(30));
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("young"));
  clock_.advance(hours(30));
  EXPECT_TRUE(read_all("s", kShard0).empty());
}

TEST_F(StreamsTest, ShardLimitsThrottleRecordByRecordWhenSwitchedOn) {
  settings_.limits.shard_write_records.choice = settings_.limits.shard_write_bytes.choice =
      settings_.limits.shard_read_calls.choice = settings_.limits.shard_read_bytes.choice = Limit::Choice::aws;
  reopen();
  create("s");
  std::vector<PutEntry> entries(1001, {.partition_key = "a", .data = "x"});
  const PutOutcomes outcomes = put("s", entries);
  EXPECT_TRUE(outcomes[999].has_value());
  ASSERT_FALSE(outcomes[1000].has_value());
  EXPECT_EQ(outcomes[1000].error().kind, ErrorKind::throttled);
  EXPECT_EQ(outcomes[1000].error().message,
            "Rate exceeded for shard shardId-000000000000 in stream s under account 123456789012.");
  clock_.advance(milliseconds(100));
  EXPECT_TRUE(put("s", {{.partition_key = "a", .data = "x"}})[0].has_value());
  const ShardIterator from = *iterator("s", kShard0);
  for (int i = 0; i < 5; ++i) read(from, 1);
  EXPECT_EQ(run_sync(streams_->read(from, 1)).error().kind, ErrorKind::throttled);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(iterator("s", kShard0).has_value());
  EXPECT_EQ(iterator("s", kShard0).error().kind, ErrorKind::throttled) << "iterators have a limit of their own";
}

TEST_F(StreamsTest, ARecordLargerThanTheStreamAllowsIsRefused) {
  create("s");
  const PutEntry large{.partition_key = "a", .data = std::string((1U << 20U) + 1, 'x')};
  EXPECT_EQ(run_sync(streams_->put("s", {large})).error().kind, ErrorKind::invalid);
  run_sync(streams_->set_record_size("s", 2048)).value();
  EXPECT_TRUE(put("s", {large})[0].has_value());
}

TEST_F(StreamsTest, AClockThatGoesBackHidesNeitherAStreamNorItsRecords) {
  create("s");
  run_sync(streams_->increase_retention("s", 48)).value();
  clock_.advance(-std::chrono::hours(2));
  EXPECT_EQ(streams_->get("s")->status, StreamStatus::active);
  put("s", {{.partition_key = "k", .data = "d"}});
  EXPECT_EQ(read_all("s", "shardId-000000000000"), std::vector<std::string>{"d"});
  reopen();
  EXPECT_EQ(read_all("s", "shardId-000000000000"), std::vector<std::string>{"d"});
}

TEST_F(StreamsTest, AShardThatWasClosedWhileTheClockWasBackKeepsItsRecordsForTheirRetention) {
  create("s");
  put("s", {{.partition_key = "k", .data = "d"}});
  clock_.advance(-std::chrono::hours(2));
  run_sync(streams_->split("s", "shardId-000000000000", format_hash_key(HashKey{1} << 127U))).value();
  clock_.advance(std::chrono::hours(25));
  run_sync(streams_->trim_expired(clock_.now())).value();
  EXPECT_EQ(read_all("s", "shardId-000000000000"), std::vector<std::string>{"d"});
  clock_.advance(std::chrono::hours(2));
  run_sync(streams_->trim_expired(clock_.now())).value();
  EXPECT_FALSE(iterator("s", "shardId-000000000000").has_value());
}

TEST_F(StreamsTest, AWatchOfAShardIsCalledForEachOfItsRecordsUntilItIsDestroyed) {
  create("s");
  int calls = 0;
  auto watch = streams_->watch_shard("s", ShardIndex{0}, [&calls] { ++calls; });
  ASSERT_TRUE(watch.has_value()) << watch.error().message;
  put("s", {{.partition_key = "k", .data = "d"}});
  EXPECT_EQ(calls, 1);
  watch->reset();
  put("s", {{.partition_key = "k", .data = "d"}});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(streams_->watch_shard("t", ShardIndex{0}, [] {}).error().kind, ErrorKind::missing);
}

TEST_F(StreamsTest, ABellRingsWhenTheStreamChangesAndWhenItGoes) {
  create("s");
  const auto bell = std::make_shared<Bell>();
  ASSERT_TRUE(streams_->watch_changes("s", bell).has_value());
  run_sync(streams_->split("s", "shardId-000000000000", format_hash_key(HashKey{1} << 127U))).value();
  run_sync(bell->wait());
  run_sync(streams_->remove("s")).value();
  run_sync(bell->wait());
  EXPECT_EQ(streams_->watch_changes("s", bell).error().kind, ErrorKind::missing);
}

}  // namespace
}  // namespace penstock::stream
