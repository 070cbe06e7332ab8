#include "rules/rule_sql.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::rules {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

EventView event_with(std::string_view payload) {
  return {.topic = "a/b", .client_id = "c", .payload = payload, .received = from_unix_ms(1), .new_uuid = [] {
            return std::string("u");
          }};
}

TEST(TopicMatches, FollowsMqttSection47) {
  EXPECT_TRUE(topic_matches("a/b", "a/b"));
  EXPECT_FALSE(topic_matches("a/b", "a/B"));
  EXPECT_FALSE(topic_matches("a/b", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/b/c", "a/b"));
  EXPECT_TRUE(topic_matches("#", "a/b/c"));
  EXPECT_TRUE(topic_matches("#", "/"));
  EXPECT_TRUE(topic_matches("sport/#", "sport"));
  EXPECT_TRUE(topic_matches("sport/#", "sport/tennis/player1"));
  EXPECT_FALSE(topic_matches("sport/#", "sports"));
  EXPECT_TRUE(topic_matches("sport/tennis/+", "sport/tennis/player1"));
  EXPECT_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  EXPECT_FALSE(topic_matches("sport/+", "sport"));
  EXPECT_TRUE(topic_matches("sport/+", "sport/"));
  EXPECT_TRUE(topic_matches("+/+", "/finance"));
  EXPECT_TRUE(topic_matches("/+", "/finance"));
  EXPECT_FALSE(topic_matches("+", "/finance"));
  EXPECT_TRUE(topic_matches("+/b/#", "a/b"));
  EXPECT_FALSE(topic_matches("#", "$SYS/uptime"));
  EXPECT_FALSE(topic_matches("+/uptime", "$SYS/uptime"));
  EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/uptime"));
  EXPECT_TRUE(topic_matches("a/#", "a/$x"));
}

TEST(TopicFilter, RefusesWhatMqttForbids) {
  for (const std::string_view good : {"a", "/", "a//b", "+", "#", "+/+/#", "a/+/b", "$aws/events/presence/#"}) {
    EXPECT_TRUE(is_topic_filter(good)) << good;
  }
  for (const std::string_view bad : {"", "a#", "a/#/b", "#/a", "a+", "+a/b", "a/b+/c"}) {
    EXPECT_FALSE(is_topic_filter(bad)) << bad;
  }
  EXPECT_FALSE(is_topic_filter(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_topic_filter(std::string(65'536, 'a')));
  EXPECT_TRUE(is_topic_filter(std::string(65'535, 'a')));
}

TEST(RuleSqlBounds, RefusesDeepAndLongStatements) {
  const auto refused = [](const std::string& expression) {
    return !compile("SELECT " + expression + " AS x FROM 'a'", "2016-03-23").has_value();
  };
  EXPECT_FALSE(refused(repeated("(", 50) + "1" + repeated(")", 50)));
  EXPECT_TRUE(refused(repeated("(", 100'000) + "1" + repeated(")", 100'000)));
  EXPECT_TRUE(refused(repeated("[", 100'000)));
  EXPECT_TRUE(refused(repeated("{'a':", 40'000)));
  EXPECT_TRUE(refused(repeated("NOT ", 60'000) + "true"));
  EXPECT_TRUE(refused(repeated("-", 100'000) + "1"));
  EXPECT_TRUE(refused("1" + repeated(" + 1", 60'000)));
  EXPECT_TRUE(refused("a" + repeated(".a", 100'000)));
  EXPECT_TRUE(refused(repeated("upper(", 40'000)));
  EXPECT_TRUE(refused(repeated("(SELECT ", 30'000)));
  EXPECT_TRUE(refused("CASE a " + repeated("WHEN 1 THEN 1 ", 15'000) + "END"));
  EXPECT_TRUE(refused("'" + std::string(kSqlBytesMax, 'x') + "'"));
  EXPECT_TRUE(refused("'\xff'"));
  EXPECT_FALSE(compile_template(repeated("${", 50'000)).has_value());
}

TEST(RuleSqlBounds, DeepPayloadsAreRefusedNotCrashed) {
  const auto statement = compile("SELECT a, * FROM 'a'", "2016-03-23").value();
  EXPECT_TRUE(statement->evaluate(event_with("{\"b\":" + repeated("[", 100) + repeated("]", 100) + "}")).has_value());
  EXPECT_FALSE(statement->evaluate(event_with("{\"b\":" + repeated("[", 500'000))).has_value());
  EXPECT_FALSE(statement->evaluate(event_with(repeated("[", 200) + repeated("]", 200))).has_value());
}

TEST(RuleSqlBounds, ResultsThatGrowAreStopped) {
  std::string doubling = "a";
  for (int i = 0; i < 8; ++i) doubling = "replace('" + repeated("x", 40) + "', 'x', " + doubling + ")";
  const auto statement = compile("SELECT " + doubling + " AS x FROM 'a'", "2016-03-23").value();
  const auto outcome = statement->evaluate(event_with(R"({"a":"0123456789"})"));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::invalid);

  const auto nested =
      compile(
          "SELECT (SELECT VALUE (SELECT VALUE (SELECT VALUE (SELECT VALUE 1 FROM b) FROM b) FROM b) FROM a) AS x "
          "FROM 'a'",
          "2016-03-23")
          .value();
  std::string element = R"({"b":[0]})";
  for (int i = 0; i < 3; ++i) element = R"({"b":[)" + element + repeated("," + element, 25) + "]}";
  EXPECT_TRUE(nested->evaluate(event_with(R"({"a":[)" + element + "]}")).has_value());
}

}  // namespace
}  // namespace penstock::rules
