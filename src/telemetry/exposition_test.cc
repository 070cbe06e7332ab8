#include "telemetry/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::telemetry {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr MetricFamily kCalls{"penstock_calls_total", MetricType::counter, "stream", "Calls."};
constexpr MetricFamily kWait{"penstock_wait_seconds", MetricType::histogram, "", "How long."};
constexpr MetricFamily kAge{"penstock_age_seconds", MetricType::summary, "", "How old."};

TEST(Exposition, WritesAHeadOnceAndOnlyForFamiliesWithSamples) {
  Exposition out;
  out.begin(kWait);
  out.begin(kCalls);
  out.sample({{"stream", "a"}}, std::uint64_t{1});
  out.sample({{"stream", "b"}, {"shard", "s"}}, 0.25);
  EXPECT_EQ(out.text(),
            "# HELP penstock_calls_total Calls.\n# TYPE penstock_calls_total counter\n"
            "penstock_calls_total{stream=\"a\"} 1\npenstock_calls_total{stream=\"b\",shard=\"s\"} 0.25\n");
  EXPECT_EQ(out.sample_count(), 2U);
  EXPECT_THAT(out.take(), StartsWith("# HELP"));
  EXPECT_EQ(out.text(), "");
}

TEST(Exposition, EscapesLabelsAndMendsWhatIsNotUtf8) {
  Exposition out;
  out.begin(kCalls);
  out.sample({{"stream", "q\"b\\n\ne\xc3\xa9 \xff\xc3( \xed\xa0\x80 \xf0\x9f\x8c\xb1"}}, std::uint64_t{1});
  EXPECT_THAT(out.text(), HasSubstr("{stream=\"q\\\"b\\\\n\\ne\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd( "
                                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x8c\xb1\"} 1\n"));
}

TEST(Exposition, HistogramsAreCumulative) {
  Durations durations;
  durations.note(50us);
  durations.note(3ms);
  durations.note(20s);
  Exposition out;
  out.begin(kWait);
  out.histogram({}, durations.snapshot());
  for (const auto* line : {"_bucket{le=\"0.0001\"} 1\n", "_bucket{le=\"0.0025\"} 1\n", "_bucket{le=\"0.005\"} 2\n",
                           "_bucket{le=\"10\"} 2\n", "_bucket{le=\"+Inf\"} 3\n", "_sum 20.00305\n", "_count 3\n"}) {
    EXPECT_THAT(out.text(), HasSubstr(std::string("\npenstock_wait_seconds") + line));
  }
}

TEST(Exposition, SummariesAreInSeconds) {
  Average average;
  average.note(1500);
  average.note(-1);
  Exposition out;
  out.begin(kAge);
  out.summary_ms({}, average);
  EXPECT_THAT(out.text(), HasSubstr("penstock_age_seconds_sum 1.5\npenstock_age_seconds_count 2\n"));
}

}  // namespace
}  // namespace penstock::telemetry
