#include <gtest/gtest.h>

#include "codec/codec.h"
#include "codec/example_shapes_test.h"
#include "codec/patterns.h"

namespace penstock::codec {
namespace {

/// The rules that AWS documents for Kinesis and IAM, on one shape.
struct Ruled {
  std::optional<std::string> stream_name{};
  std::optional<Blob> data{};
  std::optional<std::int32_t> limit{};
  std::optional<std::int64_t> total{};
  std::optional<std::string> type{};
  std::optional<std::vector<std::string>> tag_keys{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<std::vector<Child>> records{};
  std::optional<std::string> password{};
  std::vector<std::string> plain{};
};
const Shape& describe(const Ruled*) {
  using R = Ruled;
  static const Shape shape =
      ShapeBuilder<R>("Ruled")
          .field("StreamName", &R::stream_name, {.required = true, .length = {1, 128}, .pattern = "[a-zA-Z0-9_.-]+"})
          .field("Data", &R::data, {.length = {1, 4}})
          .field("Limit", &R::limit, {.range = {1, 10000}})
          .field("Total", &R::total, {.range = {0}})
          .field("ShardIteratorType", &R::type, {.one_of = {"AT_SEQUENCE_NUMBER", "LATEST"}})
          .field("TagKeys", &R::tag_keys, {.length = {1, 50}, .element_length = {1, 8}})
          .field("Tags", &R::tags, {.element_length = {0, 4}, .key_length = {1, 3}})
          .field("Records", &R::records, {.length = {1, 2}})
          .field("Password", &R::password, {.length = {1, 4}, .sensitive = true})
          .field("Plain", &R::plain, {.length = {1, 2}})
          .build();
  return shape;
}

Ruled good() { return {.stream_name = "a"}; }
std::string problems(const Ruled& value) { return validate(shape_of<Ruled>(), &value); }

TEST(Validate, GoodValuesPass) {
  Ruled value = good();
  EXPECT_EQ(problems(value), "");
  value.stream_name = std::string(128, 'a');
  value.data = Blob{"1234"};
  value.limit = 10000;
  value.type = "LATEST";
  value.tags = std::map<std::string, std::string>{{"abc", ""}};
  value.records = std::vector<Child>{{.key = "k"}};
  EXPECT_EQ(problems(value), "");
  EXPECT_EQ(check_shape(shape_of<Ruled>()), "");
}

TEST(Validate, SaysWhatAwsSays) {
  EXPECT_EQ(problems({}),
            "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be "
            "null");
  Ruled value = good();
  value.stream_name = "";
  EXPECT_EQ(
      problems(value),
      "2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must satisfy "
      "regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member "
      "must have length greater than or equal to 1");
  value.stream_name = "a b";
  EXPECT_EQ(
      problems(value),
      "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy "
      "regular expression pattern: [a-zA-Z0-9_.-]+");
  value.stream_name = "a\n";  // the whole string must match
  EXPECT_NE(problems(value), "");
}

TEST(Validate, RangesEnumsAndBlobs) {
  Ruled value = good();
  value.data = Blob{"12345"};
  value.limit = 0;
  value.total = -1;
  value.type = "TOMORROW";
  EXPECT_EQ(
      problems(value),
      "4 validation errors detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]' at 'data' failed to "
      "satisfy constraint: Member must have length less than or equal to 4; Value '0' at 'limit' failed to satisfy "
      "constraint: Member must have value greater than or equal to 1; Value '-1' at 'total' failed to satisfy "
      "constraint: Member must have value greater than or equal to 0; Value 'TOMORROW' at 'shardIteratorType' "
      "failed to satisfy constraint: Member must satisfy enum value set: [AT_SEQUENCE_NUMBER, LATEST]");
}

TEST(Validate, ElementsKeysAndNestedMembers) {
  Ruled value = good();
  value.tag_keys = std::vector<std::string>{"ok", "", "far too long"};
  value.tags = std::map<std::string, std::string>{{"toolong", "x"}, {"k", "value"}};
  value.records = std::vector<Child>{{.key = "k"}, {.key = "", .value = "123456789"}, {.key = "z"}};
  EXPECT_EQ(
      problems(value),
      "6 validation errors detected: Value '[ok, , far too long]' at 'tagKeys' failed to satisfy constraint: Member "
      "must satisfy constraint: [Member must have length less than or equal to 8, Member must have length greater "
      "than or equal to 1, Member must not be null]; Value '{k=value, toolong=x}' at 'tags' failed to satisfy "
      "constraint: Map keys must "
      "satisfy constraint: [Member must have length less than or equal to 3, Member must have length greater than "
      "or equal to 1]; Value '{k=value, toolong=x}' at 'tags' failed to satisfy constraint: Map value must satisfy "
      "constraint: [Member must have length less than or equal to 4, Member must have length greater than or equal "
      "to 0]; Value '[Child(Key=k), Child(Key=, Value=123456789), Child(Key=z)]' at 'records' failed to satisfy "
      "constraint: Member must have length less than or equal to 2; Value '' at 'records.2.member.key' failed to "
      "satisfy constraint: Member must have length greater than or equal to 1; Value '123456789' at "
      "'records.2.member.value' failed to satisfy constraint: Member must have length less than or equal to 8");
}

TEST(Validate, LengthsCountCharacters) {
  Ruled value = good();
  value.tag_keys = std::vector<std::string>{"\xf0\x9f\x98\x80\xf0\x9f\x98\x80éé"};
  EXPECT_EQ(problems(value), "");
}

TEST(Validate, NeverPrintsSensitiveValues) {
  Ruled value = good();
  value.password = "hunter2";
  EXPECT_EQ(problems(value),
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length "
            "less than or equal to 4");
}

TEST(Validate, PlainMembersThatNeedNotBeThereMayBeEmpty) {
  Ruled value = good();
  EXPECT_EQ(problems(value), "");
  value.plain = {"a", "b", "c"};
  EXPECT_NE(problems(value), "");
}

TEST(Validate, BoundsItsText) {
  Ruled value = good();
  value.stream_name = std::string(10'000'000, '!');
  EXPECT_LT(problems(value).size(), 20'000U);
  value = good();
  value.records = std::vector<Child>(50'000);
  EXPECT_LT(problems(value).size(), 50'000U);
  EXPECT_TRUE(problems(value).starts_with("10 validation errors detected: "));
}

TEST(Patterns, JavaSyntaxOfAwsCompiles) {
  EXPECT_TRUE(matches_pattern(R"((\u002F)|(\u002F[\u0021-\u007F]+\u002F))", "/division/"));
  EXPECT_FALSE(matches_pattern(R"((\u002F)|(\u002F[\u0021-\u007F]+\u002F))", "division"));
  EXPECT_TRUE(matches_pattern(R"([\u0009\u000A\u000D\u0020-\u00FF]+)", "{\n}"));
  EXPECT_TRUE(matches_pattern(R"([\w+=,.@-]+)", "a.b@c"));
  EXPECT_TRUE(matches_pattern(R"([a-z]{1,2048})", std::string(2048, 'a')));
  EXPECT_TRUE(matches_pattern(R"(0|([1-9]\d{0,38}))", "170141183460469231731687303715884105728"));
  EXPECT_TRUE(
      matches_pattern(R"(arn:aws.*:kinesis:.*:\d{12}:stream/\S+)", "arn:aws:kinesis:us-east-1:000000000000:stream/a"));
  EXPECT_FALSE(matches_pattern("a+", "aab"));
  EXPECT_FALSE(pattern_compiles("("));
}

TEST(Patterns, ALookaheadAtTheFrontForbidsAWholeText) {
  for (const std::string_view pattern : {"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "((?!^\\d+$)^[0-9a-zA-Z-_]+$)"}) {
    EXPECT_TRUE(pattern_compiles(pattern));
    EXPECT_TRUE(matches_pattern(pattern, "2024-01-02"));
    EXPECT_TRUE(matches_pattern(pattern, "live"));
    EXPECT_TRUE(matches_pattern(pattern, "7a"));
    EXPECT_FALSE(matches_pattern(pattern, "2024"));
    EXPECT_FALSE(matches_pattern(pattern, ""));
    EXPECT_FALSE(matches_pattern(pattern, "a!"));
  }
  EXPECT_FALSE(pattern_compiles("(?!^[$)x"));
  EXPECT_FALSE(pattern_compiles("a(?!^b$)"));
}

TEST(CheckShape, FindsBadDescriptions) {
  static const Shape bad =
      ShapeBuilder<Child>("Bad").field("Key", &Child::key, {.pattern = "("}).field("Key", &Child::value).build();
  EXPECT_EQ(check_shape(bad), "Bad.Key: pattern does not compile: (\nBad.Key is described twice\n");
}

}  // namespace
}  // namespace penstock::codec
