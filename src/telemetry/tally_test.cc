#include "telemetry/tally.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::telemetry {
namespace {

using namespace std::chrono_literals;

SteadyTime at(std::chrono::seconds since_boot) { return SteadyTime{since_boot}; }

TEST(Durations, EachLiesInTheFirstBucketThatHoldsIt) {
  Durations durations;
  durations.note(-1ns);
  durations.note(100us);
  durations.note(100us + 1ns);
  durations.note(10s);
  durations.note(11s);
  const auto snapshot = durations.snapshot();
  EXPECT_EQ(snapshot.counts.front(), 2U);
  EXPECT_EQ(snapshot.counts[1], 1U);
  EXPECT_EQ(snapshot.counts[Durations::kBounds.size() - 1], 1U);
  EXPECT_EQ(snapshot.counts.back(), 1U);
  EXPECT_EQ(snapshot.count(), 5U);
  EXPECT_EQ(snapshot.sum, 21s + 200us + 1ns);
}

TEST(RecentMax, HoldsTheGreatestOfThisMinuteAndTheOneBefore) {
  RecentMax max;
  EXPECT_EQ(max.value(at(5s)), std::nullopt);
  max.note(7, at(5s));
  max.note(3, at(30s));
  EXPECT_EQ(max.value(at(59s)), 7);
  max.note(4, at(61s));
  EXPECT_EQ(max.value(at(119s)), 7) << "of the minute before";
  EXPECT_EQ(max.value(at(121s)), 4);
  max.note(0, at(130s));
  EXPECT_EQ(max.value(at(181s)), 0) << "zero is a value";
  EXPECT_EQ(max.value(at(240s)), std::nullopt) << "nobody reads any more";
}

TEST(RecentMax, CutsWhatItCannotHold) {
  RecentMax max;
  max.note(-5, at(1s));
  EXPECT_EQ(max.value(at(1s)), 0);
  max.note(std::int64_t{1} << 50U, at(1s));
  EXPECT_EQ(max.value(at(1s)), (std::int64_t{1} << 40U) - 1);
}

TEST(RecentMax, LosesNoMaximumAmongThreads) {
  RecentMax max;
  Tally tally;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&max, &tally, t] {
      for (int i = 0; i < 10'000; ++i) {
        max.note(i * 4 + t, at(3s));
        tally.add(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(max.value(at(3s)), 39'999);
  EXPECT_EQ(tally.value(), 80'000U);
}

}  // namespace
}  // namespace penstock::telemetry
