#include "stream/on_demand.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::stream {
namespace {

using std::chrono::hours;

constexpr double kMib = 1U << 20U;

class OnDemandTest : public ::testing::Test {
 protected:
  OnDemandTest() { create_shards(info_, kOnDemandShardsMin, now_); }

  /// The same traffic on every open shard.
  [[nodiscard]] ShardRates even(double total_bytes, double total_records = 0) const {
    const auto count = static_cast<double>(info_.open_shard_count());
    ShardRates rates;
    for (const Shard& shard : info_.shards) {
      if (!shard.is_open()) continue;
      rates[shard.index] = {.bytes_per_s = total_bytes / count, .records_per_s = total_records / count};
    }
    return rates;
  }
  [[nodiscard]] std::uint32_t wanted(std::uint32_t warm = 0, std::uint32_t most = 1000) const {
    return wanted_shards(info_, warm, most, now_);
  }
  [[nodiscard]] std::vector<HashRange> open_ranges() const {
    std::vector<HashRange> ranges;
    for (const Shard& shard : info_.shards) {
      if (shard.is_open()) ranges.push_back(shard.range);
    }
    std::ranges::sort(ranges, {}, &HashRange::first);
    return ranges;
  }
  void expect_whole() const {
    HashKey next = 0;
    for (const HashRange& range : open_ranges()) {
      EXPECT_TRUE(range.first == next);
      next = range.last + 1;
    }
    EXPECT_TRUE(next == 0);
  }

  Timestamp now_ = from_unix_ms(1'700'000'000'000);
  StreamInfo info_{.name = "s", .uid = "00000000000000000000000000000000", .mode = StreamMode::on_demand};
};

TEST_F(OnDemandTest, ANewStreamWantsFourShards) {
  EXPECT_EQ(wanted(), 4U);
  EXPECT_FALSE(note_peak(info_, even(kMib), now_)) << "four shards take twice that";
  EXPECT_TRUE(info_.peaks.empty());
}

TEST_F(OnDemandTest, ItTakesDoubleThePeakOfBytesOrRecords) {
  EXPECT_TRUE(note_peak(info_, even(5 * kMib), now_));
  EXPECT_EQ(wanted(), 10U);
  EXPECT_TRUE(note_peak(info_, even(kMib, 7001), now_)) << "the peaks of bytes and of records are kept apart";
  EXPECT_EQ(wanted(), 15U);
  EXPECT_EQ(wanted(20), 20U) << "warm throughput is there in any case";
  EXPECT_EQ(wanted(0, 8), 8U);
}

TEST_F(OnDemandTest, OnlyGrowthWorthACommitIsTold) {
  EXPECT_TRUE(note_peak(info_, even(5 * kMib), now_));
  EXPECT_FALSE(note_peak(info_, even(5.4 * kMib), now_)) << "less than a tenth";
  EXPECT_TRUE(note_peak(info_, even(6 * kMib), now_));
}

TEST_F(OnDemandTest, PeaksCountForThirtyDays) {
  note_peak(info_, even(8 * kMib), now_);
  now_ += hours(24 * 29);
  EXPECT_EQ(wanted(), 16U);
  note_peak(info_, even(3 * kMib), now_);
  EXPECT_EQ(info_.peaks.size(), 2U);
  now_ += hours(24);
  EXPECT_EQ(wanted(), 6U);
  note_peak(info_, even(3 * kMib), now_);
  EXPECT_EQ(info_.peaks.size(), 2U) << "the old day is forgotten, this one is new";
}

TEST_F(OnDemandTest, SplitsTheHottestAtItsMiddle) {
  const ShardRates rates = {{ShardIndex{2}, {.bytes_per_s = 400'000}}};
  EXPECT_TRUE(adapt_shards(info_, rates, 5, MayMerge::never, now_));
  EXPECT_EQ(info_.open_shard_count(), 5U);
  EXPECT_FALSE(info_.shard(ShardIndex{2})->is_open());
  const HashRange lower = info_.shard(ShardIndex{4})->range;
  const HashRange upper = info_.shard(ShardIndex{5})->range;
  EXPECT_TRUE(lower.last - lower.first == upper.last - upper.first);
  EXPECT_EQ(info_.adapted, now_);
  expect_whole();
  EXPECT_FALSE(adapt_shards(info_, {}, 5, MayMerge::never, now_)) << "there are enough";
}

TEST_F(OnDemandTest, AHotShardIsSplitBeyondWhatIsWantedButNotForEver) {
  const ShardRates rates = {{ShardIndex{0}, {.bytes_per_s = 1e12}}};
  EXPECT_TRUE(adapt_shards(info_, rates, 4, MayMerge::never, now_));
  EXPECT_EQ(info_.open_shard_count(), 8U) << "one hot key cannot take more than twice what is wanted";
  expect_whole();
}

TEST_F(OnDemandTest, CapacityIsGivenBackADayAfterTheLastChange) {
  adapt_shards(info_, {}, 16, MayMerge::never, now_);
  EXPECT_EQ(info_.open_shard_count(), 16U);
  now_ += hours(23);
  EXPECT_FALSE(adapt_shards(info_, {}, 4, MayMerge::after_a_day, now_));
  now_ += hours(1);
  EXPECT_FALSE(adapt_shards(info_, {}, 4, MayMerge::never, now_));
  EXPECT_TRUE(adapt_shards(info_, {}, 4, MayMerge::after_a_day, now_));
  EXPECT_EQ(info_.open_shard_count(), 4U);
  EXPECT_EQ(open_ranges()[1].first == uniform_range_start(1, 4), true) << "what was split is whole again";
  expect_whole();
}

TEST_F(OnDemandTest, NeighboursThatAreWarmStayApart) {
  adapt_shards(info_, {}, 8, MayMerge::never, now_);
  EXPECT_FALSE(adapt_shards(info_, even(8 * 200'000), 4, MayMerge::at_once, now_)) << "two would make 400 KB a second";
  EXPECT_TRUE(adapt_shards(info_, even(8 * 50'000), 4, MayMerge::at_once, now_));
  EXPECT_EQ(info_.open_shard_count(), 4U);
}

}  // namespace
}  // namespace penstock::stream
