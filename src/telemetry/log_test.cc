#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::telemetry {
namespace {

using testing::EndsWith;
using testing::MatchesRegex;

class LogTest : public testing::Test {
 protected:
  LogTest() {
    set_sink([this](std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    set_sink(nullptr);
    set_level(Level::info);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  log(Level::warn, "stream created", {{"stream", "a\"b\n"}, {"shards", std::int64_t{2}}, {"ok", true}, {"x", 1.5}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], MatchesRegex("\\{\"time\":\"....-..-..T..:..:..\\....Z\",\"level\":\"warn\",.*"));
  EXPECT_THAT(lines_[0], EndsWith(R"("event":"stream created","stream":"a\"b\u000a","shards":2,"ok":true,"x":1.5})"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
  log(Level::debug, "quiet");
  set_level(Level::error);
  log(Level::warn, "quiet too");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogTest, CutsLongLines) {
  log(Level::info, "long", {{"a", std::string_view("1")}, {"b", std::string(10'000, 'x')}, {"c", true}});
  EXPECT_LE(lines_.at(0).size(), 8192U);
  EXPECT_THAT(lines_[0], EndsWith(R"("a":"1","cut":true,"c":true})"));
}

}  // namespace
}  // namespace penstock::telemetry
