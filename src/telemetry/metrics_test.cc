#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(Metrics, CountsFromManyThreadsLoseNothing) {
  Metrics all;
  Counter& counter = all.counter("records_total");
  Histogram& histogram = all.histogram("latency_seconds");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add(2);
        histogram.record(3us);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MetricsSnapshot snapshot = all.snapshot();
  EXPECT_EQ(snapshot.counters.at("records_total"), 80'000U);
  EXPECT_EQ(snapshot.histograms.at("latency_seconds").count, 40'000U);
  EXPECT_EQ(snapshot.histograms.at("latency_seconds").sum, 120ms);
}

TEST(Metrics, ANameIsOneMetric) {
  Metrics all;
  EXPECT_EQ(&all.counter("a"), &all.counter("a"));
  EXPECT_NE(&all.counter("a"), &all.counter("b"));
}

TEST(Metrics, NamesAreBounded) {
  Metrics all;
  for (std::size_t i = 0; i < Metrics::kNamesMax + 100; ++i) all.counter(std::to_string(i)).add();
  const auto counters = all.snapshot().counters;
  EXPECT_EQ(counters.size(), Metrics::kNamesMax + 1);
  EXPECT_EQ(counters.at("metrics_overflow"), 100U);
}

TEST(Histogram, EveryDurationLiesUnderTheBoundOfItsBucket) {
  for (std::chrono::nanoseconds duration = 1ns; duration < 100s; duration += duration / 7 + 1ns) {
    Histogram histogram;
    histogram.record(duration);
    const auto bound = histogram.snapshot().quantile(0.5);
    EXPECT_GE(bound, duration);
    EXPECT_LE(bound.count(), std::max<std::int64_t>(1000, static_cast<std::int64_t>(duration.count() * 1.26 + 1000)))
        << duration.count();
  }
}

TEST(Histogram, BoundsAscend) {
  for (std::size_t i = 1; i < HistogramSnapshot::kBuckets; ++i) {
    EXPECT_GE(HistogramSnapshot::upper_bound(i), HistogramSnapshot::upper_bound(i - 1)) << i;
  }
}

TEST(Histogram, Quantiles) {
  Histogram histogram;
  EXPECT_EQ(histogram.snapshot().quantile(0.99), 0ns);
  for (int i = 0; i < 99; ++i) histogram.record(10us);
  histogram.record(1s);
  histogram.record(-5ns);
  const HistogramSnapshot snapshot = histogram.snapshot();
  EXPECT_LT(snapshot.quantile(0.5), 15us);
  EXPECT_LT(snapshot.quantile(0.9), 15us);
  EXPECT_GE(snapshot.quantile(1.0), 1s);
}

}  // namespace
}  // namespace penstock::telemetry
