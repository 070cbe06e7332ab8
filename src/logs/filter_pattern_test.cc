#include "logs/filter_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::logs {
namespace {

bool matches(std::string_view pattern, std::string_view message) {
  const auto compiled = compile_filter(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << (compiled ? "" : compiled.error().message);
  return compiled && (*compiled)->matches(message);
}

std::string refusal(std::string_view pattern) {
  const auto compiled = compile_filter(pattern);
  EXPECT_FALSE(compiled.has_value()) << pattern;
  return compiled ? "" : compiled.error().message;
}

// The examples of the User Guide's page.
TEST(FilterPattern, TermsAreAllNeededAndCaseCounts) {
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("  ", ""));
  EXPECT_TRUE(matches("ERROR", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(matches("error", "[ERROR 400] BAD REQUEST"));
  EXPECT_TRUE(matches("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_FALSE(matches("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST"));
}

TEST(FilterPattern, PhrasesExclusionsAndChoices) {
  EXPECT_TRUE(matches("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR"));
  EXPECT_FALSE(matches("\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR SERVER"));
  EXPECT_TRUE(matches(R"("say \"x\"")", R"(they say "x")"));
  EXPECT_FALSE(matches("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_TRUE(matches("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST"));
  EXPECT_TRUE(matches("?ERROR ?WARN", "[WARN 2]"));
  EXPECT_FALSE(matches("?ERROR ?WARN", "[INFO 2]"));
  EXPECT_TRUE(matches("?ERROR INFO", "[INFO 2]"));  // with others, ? is ignored
}

TEST(FilterPattern, RegularExpressions) {
  EXPECT_TRUE(matches("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST"));
  EXPECT_TRUE(matches("%^[0-9]{3} %", "404 not found"));
  EXPECT_FALSE(matches("-%[0-9]+%", "x 4"));
  EXPECT_NE(refusal("%a(b)%"), "");
  EXPECT_NE(refusal("%a"), "");
  EXPECT_NE(refusal("%a% %b% %c%"), "");
}

TEST(FilterPattern, JsonSelectors) {
  const std::string event = R"({"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","n":12,"on":true,)"
                            R"("none":null,"arrayKey":["value","another"],"objectList":[{"name":"a","id":1},)"
                            R"({"name":"b","id":2}],"user":{"email":"John.Stiles@example.com","name, full":"x"}})";
  EXPECT_TRUE(matches("{ $.eventType = \"UpdateTrail\" }", event));
  EXPECT_TRUE(matches("{$.eventType=UpdateTrail}", event));
  EXPECT_TRUE(matches("{ $.sourceIPAddress != 123.123.* }", event));
  EXPECT_TRUE(matches("{ $.sourceIPAddress = 111.111.* }", event));
  EXPECT_TRUE(matches("{ $.arrayKey[0] = \"value\" }", event));
  EXPECT_TRUE(matches("{ $.arrayKey[*] = \"another\" }", event));
  EXPECT_TRUE(matches("{ $.objectList[1].id = 2 }", event));
  EXPECT_FALSE(matches("{ $.objectList[2].id = 2 }", event));
  EXPECT_TRUE(matches("{ $.none IS NULL }", event));
  EXPECT_TRUE(matches("{ $.on IS TRUE && $.n >= 12 }", event));
  EXPECT_TRUE(matches("{ $.absent NOT EXISTS }", event));
  EXPECT_FALSE(matches("{ $.on NOT EXISTS }", event));
  EXPECT_TRUE(matches("{ ($.n > 100) || ($.user.email = \"John*\" && $.n < 1.3e1) }", event));
  EXPECT_TRUE(matches("{ $.user[\"name, full\"] = x }", event));
  EXPECT_TRUE(matches("{ $.eventType = %Trail$% }", event));
  EXPECT_FALSE(matches("{ $.n = 12 }", "not JSON"));
  for (const char* bad : {"{ $.a }", "{ a = 1 }", "{ $.a = }", "{ $.a = 1", "{ $.a = 1 } x", "{ ($.a = 1 }",
                          "{ $.a < x }", "{ $.a[x] = 1 }", "{ $ = 1 }"}) {
    EXPECT_NE(refusal(bad), "") << bad;
  }
}

TEST(FilterPattern, SpaceDelimitedFields) {
  const std::string line = R"(127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";
  EXPECT_TRUE(matches("[ip, id, user, timestamp, request, status_code, bytes]", line));
  EXPECT_FALSE(matches("[ip, id, user, timestamp, request, status_code]", line));
  EXPECT_TRUE(matches("[ip, id, user, timestamp, request, status_code = 4*, bytes > 1000]", line));
  EXPECT_TRUE(matches("[..., status_code = 404 || status_code = 410, bytes]", line));
  EXPECT_FALSE(matches("[..., status_code != 404 && status_code != 410, bytes]", line));
  EXPECT_TRUE(matches("[ip = %^127%, ...]", line));
  EXPECT_TRUE(matches("[..., request = \"*html*\", status_code, bytes]", line));
  for (const char* bad : {"[a", "[a,]", "[a = ]", "[..., ...]", "[a = 1 || b = 2]", "[a] x", "[a > b]"}) {
    EXPECT_NE(refusal(bad), "") << bad;
  }
}

TEST(FilterPattern, WhatIsNoPatternIsRefused) {
  EXPECT_EQ(refusal("a:b"), "Invalid character(s) in term 'a:b'");
  EXPECT_NE(refusal("\"open"), "");
  EXPECT_NE(refusal(std::string(2000, 'x')), "");
  EXPECT_NE(refusal("{" + std::string(500, '(') + "$.a=1" + std::string(500, ')') + "}"), "");
}

}  // namespace
}  // namespace penstock::logs
