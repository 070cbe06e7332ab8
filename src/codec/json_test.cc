#include "codec/json.h"

#include <gtest/gtest.h>

#include "codec/json_text.h"

namespace penstock::codec {
namespace {

std::string again(std::string_view text) {
  auto value = parse_json(text);
  return value.has_value() ? codec::serialize(*value) : "refused";
}

TEST(Json, ReadsAndWritesCompactly) {
  EXPECT_EQ(again(R"( { "a" : [1, -2, 18446744073709551615, 0.1, true, null], "b": {"c": "d"} } )"),
            R"({"a":[1,-2,18446744073709551615,0.1,true,null],"b":{"c":"d"}})");
  EXPECT_EQ(again("\"\\u00e9\\n\\u0001\\\\ \\\"\""), "\"é\\n\\u0001\\\\ \\\"\"");
  EXPECT_EQ(again("1e300"), "1e+300");
  EXPECT_EQ(again("21.50"), "21.5");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view bad : {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "NaN", "Infinity", "1e999", "01", "+1",
                                     "1 2", "{} x", "'a'", "// c\n1", "\"\x01\"", "\"\\x\"", "\"\\ud800\""}) {
    EXPECT_FALSE(parse_json(bad).has_value()) << bad;
  }
}

TEST(Json, RefusesInvalidUtf8) {
  for (const std::string_view bad :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"", "\"\xf4\x90\x80\x80\"", "{\"\xff\":1}"}) {
    EXPECT_FALSE(parse_json(bad).has_value()) << bad;
  }
}

TEST(Json, NumbersAreTheNearestDoubles) {
  EXPECT_EQ(again("0.30000000000000004"), "0.30000000000000004");
  EXPECT_EQ(again("1.7976931348623157e308"), "1.7976931348623157e+308");
  EXPECT_EQ(again("5e-324"), "5e-324");
  EXPECT_EQ(again("1e-400"), "0");
  EXPECT_EQ(again("-1e999"), "refused");
  EXPECT_EQ(again("9007199254740993.0"), "9007199254740992");
  EXPECT_EQ(again("88888888888888888888888888888888888888888888"), "8.888888888888889e+43");
  for (double number = 1.1e-300; number < 1e300; number *= 4.11) {
    std::string text;
    append_json_double(-number, text);
    EXPECT_EQ(again(text), text);
  }
}

TEST(Json, BoundsDepth) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kDepthMax)).has_value());
  EXPECT_FALSE(parse_json(nested(kDepthMax + 1)).has_value());
  EXPECT_FALSE(parse_json(nested(4), 3).has_value());
}

TEST(Json, OfRepeatedKeysTheLastWins) { EXPECT_EQ(again(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})"); }

}  // namespace
}  // namespace penstock::codec
