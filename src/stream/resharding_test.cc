#include <gmock/gmock.h>

#include <algorithm>

#include "stream/live_stream.h"
#include "stream/stream_fixture.h"
#include "stream/stream_info.h"

namespace penstock::stream {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;

StreamInfo info_with(std::uint32_t shards) {
  StreamInfo info{.name = "s", .uid = "00000000000000000000000000000000"};
  create_shards(info, shards, from_unix_ms(1'700'000'000'000));
  return info;
}

/// Open shards cover the whole range once; every child is later than its parents and its parents are closed.
void expect_sound(const StreamInfo& info) {
  std::vector<HashRange> open;
  for (const Shard& shard : info.shards) {
    if (shard.is_open()) open.push_back(shard.range);
    for (const auto& parent : {shard.parent, shard.adjacent_parent}) {
      if (!parent) continue;
      ASSERT_NE(info.shard(*parent), nullptr);
      EXPECT_FALSE(info.shard(*parent)->is_open());
      EXPECT_LT(ending_sequence_number(*info.shard(*parent)), starting_sequence_number(shard));
    }
  }
  std::ranges::sort(open, {}, &HashRange::first);
  HashKey next = 0;
  for (const HashRange& range : open) {
    EXPECT_TRUE(range.first == next);
    EXPECT_TRUE(range.first <= range.last);
    next = range.last + 1;
  }
  EXPECT_TRUE(next == 0) << "the last range ends at 2^128-1";
}

TEST(Resharding, AnyTargetGivesUniformShards) {
  for (std::uint32_t from = 1; from <= 12; ++from) {
    for (std::uint32_t to = 1; to <= 24; ++to) {
      StreamInfo info = info_with(from);
      scale_uniformly(info, to, from_unix_ms(1'700'000'001'000));
      expect_sound(info);
      ASSERT_EQ(info.open_shard_count(), to);
      for (std::uint32_t i = 0; i < to; ++i) {
        EXPECT_TRUE(info.route(uniform_range_start(i, to)).range.first == uniform_range_start(i, to));
      }
    }
  }
}

TEST(Resharding, DoublingSplitsEachShardOnceAndHalvingMergesPairs) {
  StreamInfo info = info_with(2);
  scale_uniformly(info, 4, from_unix_ms(1'700'000'001'000));
  EXPECT_EQ(info.shards.size(), 6U);
  EXPECT_EQ(info.shards[2].parent, ShardIndex{0});
  EXPECT_FALSE(info.shards[2].adjacent_parent.has_value());
  scale_uniformly(info, 2, from_unix_ms(1'700'000'002'000));
  EXPECT_EQ(info.shards.size(), 8U);
  EXPECT_EQ(info.shards[6].parent, ShardIndex{2});
  EXPECT_EQ(info.shards[6].adjacent_parent, ShardIndex{3});
  expect_sound(info);
}

// What was seen of AWS (README, "UpdateShardCount"): of 4 shards, 1 and 2 are split and their parts are merged with
// their neighbours; 6, 9 and 10 stay open.
TEST(Resharding, FourShardsBecomeThreeAsInAws) {
  StreamInfo info = info_with(4);
  scale_uniformly(info, 3, from_unix_ms(1'700'000'001'000));
  expect_sound(info);
  struct Lineage {
    std::uint32_t parent;
    std::optional<std::uint32_t> adjacent;
    bool is_open;
  };
  const std::vector<Lineage> expected = {{1, {}, false}, {1, {}, false}, {0, 4, true}, {2, {}, false},
                                         {2, {}, false}, {5, 7, true},   {8, 3, true}};
  ASSERT_EQ(info.shards.size(), 4 + expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Shard& shard = info.shards[4 + i];
    EXPECT_EQ(shard.parent, ShardIndex{expected[i].parent}) << shard.index.get();
    EXPECT_EQ(shard.adjacent_parent.has_value(), expected[i].adjacent.has_value()) << shard.index.get();
    if (expected[i].adjacent) EXPECT_EQ(shard.adjacent_parent, ShardIndex{*expected[i].adjacent});
    EXPECT_EQ(shard.is_open(), expected[i].is_open) << shard.index.get();
  }
}

TEST(Resharding, ShardsThatTheScalingNeedsAreCountedAsDocumented) {
  const auto made = [](std::uint32_t from, std::uint32_t to) {
    StreamInfo info = info_with(from);
    scale_uniformly(info, to, from_unix_ms(1'700'000'001'000));
    return info.shards.size();
  };
  EXPECT_EQ(made(2, 4), 6U) << "doubling splits each shard once";
  EXPECT_EQ(made(4, 2), 6U) << "halving merges pairs";
  EXPECT_EQ(made(4, 5), 15U) << "4 splits and 3 merges";
  EXPECT_EQ(made(10, 13), 43U) << "12 splits and 9 merges";
}

TEST(Resharding, ShardsThatFitAlreadyStayOpen) {
  StreamInfo info = info_with(4);
  scale_uniformly(info, 4, from_unix_ms(1'700'000'001'000));
  EXPECT_EQ(info.shards.size(), 4U);
  scale_uniformly(info, 3, from_unix_ms(1'700'000'001'000));
  scale_uniformly(info, 5, from_unix_ms(1'700'000'001'000));
  expect_sound(info);
}

using ReshardingStreams = StreamFixture;

/// Follows a stream as a consumer does: a shard to its end, then its children, when all their parents are done.
std::vector<std::string> follow(Streams& streams, const std::string& name) {
  std::vector<std::string> seen;
  std::vector<ShardIndex> done;
  std::vector<ShardIndex> queue;
  for (const Shard& shard : streams.find(name)->info->shards) {
    if (!shard.parent) queue.push_back(shard.index);
  }
  while (!queue.empty()) {
    const ShardIndex index = queue.front();
    queue.erase(queue.begin());
    if (std::ranges::count(done, index) != 0) continue;
    auto at = *run_sync(streams.make_iterator(name, format_shard_id(index), {}));
    while (true) {
      RecordPage page = *run_sync(streams.read(at, 7));
      for (const auto& record : page.records) seen.emplace_back(record.data);
      if (!page.next) {
        done.push_back(index);
        for (const Shard& child : page.children) {
          const auto is_done = [&](const std::optional<ShardIndex>& parent) {
            return !parent || std::ranges::count(done, *parent) != 0;
          };
          if (is_done(child.parent) && is_done(child.adjacent_parent)) queue.push_back(child.index);
        }
        break;
      }
      if (page.millis_behind_latest == 0) break;
      at = *page.next;
    }
  }
  return seen;
}

TEST_F(ReshardingStreams, EveryKeyKeepsItsOrderOverManyReshardings) {
  settings_.limits.scalings_per_day.choice = Limit::Choice::off;
  reopen();
  create("s", 2);
  int next = 0;
  const auto put_some = [&] {
    for (int i = 0; i < 40; ++i) {
      const std::string key = "key" + std::to_string(next % 5);
      ASSERT_TRUE(
          put("s", {{.partition_key = key, .data = key + " " + std::to_string(next + 100'000)}})[0].has_value());
      ++next;
    }
  };
  put_some();
  for (const std::uint32_t target : {3U, 6U, 4U, 2U, 1U, 2U, 4U, 5U}) {
    const auto scaled = run_sync(streams_->scale("s", target));
    ASSERT_TRUE(scaled.has_value()) << scaled.error().message;
    expect_sound(*streams_->find("s")->info);
    clock_.advance(std::chrono::seconds(1));
    put_some();
  }
  const auto seen = follow(*streams_, "s");
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(next));
  std::map<std::string, std::string> last;
  for (const std::string& data : seen) {
    const std::string key = data.substr(0, data.find(' '));
    EXPECT_LT(last[key], data);
    last[key] = data;
  }
  reopen();
  EXPECT_EQ(follow(*streams_, "s").size(), static_cast<std::size_t>(next));
}

TEST_F(ReshardingStreams, ClosedShardsGoWhenTheirRecordsHaveExpired) {
  create("s", 1);
  put("s", {{.partition_key = "a", .data = "old"}});
  run_sync(streams_->scale("s", 2)).value();
  clock_.advance(hours(25));
  run_sync(streams_->trim_expired(clock_.now())).value();
  EXPECT_EQ(streams_->find("s")->info->shards.size(), 2U);
  EXPECT_EQ(iterator("s", "shardId-000000000000").error().kind, ErrorKind::missing);
}

Task<bool> enter_and_leave(std::shared_ptr<LiveStream> stream) {
  co_await stream->enter_put();
  stream->leave_put();
  co_return true;
}

/// The gate of a stream without a log.
class LiveStreamGate : public ::testing::Test {
 protected:
  const std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  const ManualClock clock_;
  SeededRandom random_{1};
  const MasterKeys keys_;
  const std::shared_ptr<LiveStream> stream = std::make_shared<LiveStream>(
      info_with(1), 1, nullptr, Limits{},
      KeyringParts{.catalog = *catalog_, .clock = clock_, .random = random_, .master_keys = keys_, .account = "1"});
  ManualExecutor executor;
};

// Puts that come when the gate has just been opened stay behind those that waited, also when it closes again at once.
TEST_F(LiveStreamGate, NoPutOvertakesOneThatWaits) {
  std::vector<int> order;
  const auto put = [&](int number) {
    spawn_here(executor, enter_and_leave(stream), [&order, number](bool) { order.push_back(number); });
  };
  ASSERT_TRUE(run_sync(stream->close_gate()));
  put(1);
  put(2);
  stream->open_gate();
  put(3);
  EXPECT_TRUE(order.empty());
  bool closed = false;
  spawn_here(executor, stream->close_gate(), [&](bool mine) { closed = mine; });
  put(4);
  executor.run_ready();
  EXPECT_TRUE(closed);
  EXPECT_EQ(order, (std::vector{1, 2}));
  stream->open_gate();
  put(5);
  executor.run_ready();
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5}));
}

// The gate: a change waits for puts under way, and puts that come meanwhile wait for the change.
TEST_F(LiveStreamGate, AChangeOfShardsAndPutsExcludeEachOther) {
  run_sync(stream->enter_put());
  bool closed = false;
  bool put_done = false;
  spawn_here(executor, stream->close_gate(), [&](bool mine) { closed = mine; });
  executor.run_ready();
  EXPECT_FALSE(closed) << "a put is under way";
  EXPECT_FALSE(run_sync(stream->close_gate())) << "one change at a time";
  spawn_here(executor, enter_and_leave(stream), [&](bool done) { put_done = done; });
  executor.run_ready();
  EXPECT_FALSE(put_done);
  stream->leave_put();
  executor.run_ready();
  EXPECT_TRUE(closed);
  EXPECT_FALSE(put_done) << "the gate is closed";
  stream->open_gate();
  executor.run_ready();
  EXPECT_TRUE(put_done);
}

}  // namespace
}  // namespace penstock::stream
