// Enhanced monitoring. Source: Kinesis API Reference, EnableEnhancedMonitoring, DisableEnhancedMonitoring.
#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::string_view kEvery =
    R"(["IncomingBytes","IncomingRecords","OutgoingBytes","OutgoingRecords","WriteProvisionedThroughputExceeded",)"
    R"("ReadProvisionedThroughputExceeded","IteratorAgeMilliseconds"])";

class MonitoringApi : public KinesisFixture {
 protected:
  MonitoringApi() { ok("CreateStream", R"({"StreamName":"s","ShardCount":2})"); }

  boost::json::value enable(std::string_view metrics) {
    return ok("EnableEnhancedMonitoring", fmt::format(R"({{"StreamName":"s","ShardLevelMetrics":{}}})", metrics));
  }
  boost::json::value disable(std::string_view metrics) {
    return ok("DisableEnhancedMonitoring", fmt::format(R"({{"StreamName":"s","ShardLevelMetrics":{}}})", metrics));
  }
  static std::string current(const boost::json::value& answer) {
    return boost::json::serialize(answer.at("CurrentShardLevelMetrics"));
  }
  static std::string desired(const boost::json::value& answer) {
    return boost::json::serialize(answer.at("DesiredShardLevelMetrics"));
  }
  /// What DescribeStream and DescribeStreamSummary show; they must agree.
  std::string shown() {
    const auto description = ok("DescribeStream", R"({"StreamName":"s"})").at("StreamDescription");
    const auto summary = ok("DescribeStreamSummary", R"({"StreamName":"s"})").at("StreamDescriptionSummary");
    EXPECT_EQ(description.at("EnhancedMonitoring"), summary.at("EnhancedMonitoring"));
    return boost::json::serialize(description.at("EnhancedMonitoring").at(0).at("ShardLevelMetrics"));
  }
};

TEST_F(MonitoringApi, AnswersWhatWasAndWhatIsWanted) {
  const auto first = enable(R"(["OutgoingBytes","IncomingBytes","IncomingBytes"])");
  EXPECT_EQ(str(first.at("StreamName")), "s");
  EXPECT_EQ(str(first.at("StreamARN")), "arn:aws:kinesis:eu-central-1:123456789012:stream/s");
  EXPECT_EQ(current(first), "[]");
  EXPECT_EQ(desired(first), R"(["IncomingBytes","OutgoingBytes"])");
  EXPECT_EQ(shown(), R"(["IncomingBytes","OutgoingBytes"])");

  const auto more = enable(R"(["IteratorAgeMilliseconds"])");
  EXPECT_EQ(current(more), R"(["IncomingBytes","OutgoingBytes"])");
  EXPECT_EQ(desired(more), R"(["IncomingBytes","OutgoingBytes","IteratorAgeMilliseconds"])");

  const auto fewer = disable(R"(["IncomingBytes","IncomingRecords"])");
  EXPECT_EQ(current(fewer), R"(["IncomingBytes","OutgoingBytes","IteratorAgeMilliseconds"])");
  EXPECT_EQ(desired(fewer), R"(["OutgoingBytes","IteratorAgeMilliseconds"])");
}

TEST_F(MonitoringApi, AllIsEveryMetricAndNeverShownItself) {
  EXPECT_EQ(desired(enable(R"(["ALL"])")), kEvery);
  EXPECT_EQ(shown(), kEvery);
  EXPECT_EQ(desired(disable(R"(["ALL","IncomingBytes"])")), "[]");
  EXPECT_EQ(shown(), "[]");
}

TEST_F(MonitoringApi, SurvivesARestartAndGoesWithTheStream) {
  enable(R"(["ALL"])");
  reopen();
  EXPECT_EQ(shown(), kEvery);
  ok("DeleteStream", R"({"StreamName":"s"})");
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_EQ(shown(), "[]");
}

TEST_F(MonitoringApi, ShowsUpdatingAndIsRefusedUnlessTheStreamIsActive) {
  settings_.updating = std::chrono::milliseconds(500);
  reopen();
  enable(R"(["ALL"])");
  EXPECT_EQ(str(ok("DescribeStreamSummary", R"({"StreamName":"s"})").at("StreamDescriptionSummary").at("StreamStatus")),
            "UPDATING");
  EXPECT_EQ(error("DisableEnhancedMonitoring", R"({"StreamName":"s","ShardLevelMetrics":["ALL"]})"),
            "ResourceInUseException: Stream s under account 123456789012 not ACTIVE, instead in state UPDATING");
  clock_.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(desired(disable(R"(["ALL"])")), "[]");
  EXPECT_EQ(error("EnableEnhancedMonitoring", R"({"StreamName":"none","ShardLevelMetrics":["ALL"]})"),
            "ResourceNotFoundException: Stream none under account 123456789012 not found.");
}

}  // namespace
}  // namespace penstock::services::kinesis
