#include <gtest/gtest.h>

#include "codec/codec.h"
#include "codec/example_shapes_test.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

Decoded<Everything> decode(std::string_view text) {
  Everything out;
  PENSTOCK_TRY_VOID(decode_json(text, shape_of<Everything>(), &out));
  return out;
}
std::string message_of(std::string_view text) {
  const auto out = decode(text);
  return out.has_value() ? "decoded" : out.error().message;
}

TEST(JsonCodec, DecodesEveryKind) {
  const auto out = decode(R"({"Flag":true,"Count":-7,"Total":9007199254740993,"Ratio":0.5,"Name":"é\n","Data":"AAEC",
      "When":1700000000.123,"Document":{"a":[1, 2.5,"x"]},"Child":{"Key":"k","Value":"v"},"Names":["a","b"],
      "Children":[{"Key":"1"},{"Key":"2","Value":"w"}],"Labels":{"x":"1","y":"2"},"Tree":{"Names":["deep"]},
      "Unknown":{"ignored":[1,2,{"Name":5}]}})");
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->flag, true);
  EXPECT_EQ(out->count, -7);
  EXPECT_EQ(out->total, 9007199254740993);
  EXPECT_EQ(out->ratio, 0.5);
  EXPECT_EQ(out->name, "é\n");
  EXPECT_EQ(out->data->bytes, std::string("\0\1\2", 3));
  EXPECT_EQ(to_unix_ms(*out->when), 1700000000123);
  EXPECT_EQ(out->document->text, R"({"a":[1,2.5,"x"]})");
  EXPECT_EQ(out->child->key, "k");
  EXPECT_EQ(out->children->at(1).value, "w");
  EXPECT_EQ(out->labels->at("y"), "2");
  EXPECT_EQ(out->tree->at("Names").at(0), "deep");
}

TEST(JsonCodec, NullIsAbsentAndTheLastOfRepeatedKeysWins) {
  const auto out = decode(R"({"Name":"a","Names":["a","b"],"Names":["c"],"Count":1,"Count":null,"Flag":null,
      "Labels":{"x":"1"},"Labels":{"y":"2","y":"3"},"Child":{"Key":"a","Value":"b"},"Child":{"Key":"c"}})");
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(*out->names, std::vector<std::string>{"c"});
  EXPECT_FALSE(out->count.has_value());
  EXPECT_FALSE(out->flag.has_value());
  EXPECT_EQ(*out->labels, (std::map<std::string, std::string>{{"y", "3"}}));
  EXPECT_EQ(out->child->key, "c");
  EXPECT_FALSE(out->child->value.has_value());
}

TEST(JsonCodec, WrongTypesAnswerInTheWordsOfAws) {
  EXPECT_EQ(message_of(R"({"Name":5})"), "NUMBER_VALUE can not be converted to a String");
  EXPECT_EQ(message_of(R"({"Name":true})"), "TRUE_VALUE can not be converted to a String");
  EXPECT_EQ(message_of(R"({"Name":{}})"), "Start of structure or map found where not expected.");
  EXPECT_EQ(message_of(R"({"Name":[]})"), "Start of list found where not expected");
  EXPECT_EQ(message_of(R"({"Count":"5"})"), "STRING_VALUE can not be converted to an Integer");
  EXPECT_EQ(message_of(R"({"Total":"5"})"), "STRING_VALUE can not be converted to a Long");
  EXPECT_EQ(message_of(R"({"Ratio":false})"), "FALSE_VALUE can not be converted to a Double");
  EXPECT_EQ(message_of(R"({"Flag":1})"), "NUMBER_VALUE can not be converted to a Boolean");
  EXPECT_EQ(message_of(R"({"Flag":"hm"})"), "STRING_VALUE can not be converted to an Boolean");
  EXPECT_EQ(message_of(R"({"When":"2026"})"), "STRING_VALUE can not be converted to milliseconds since epoch");
  EXPECT_EQ(message_of(R"({"Names":"a"})"), "Expected list or null");
  EXPECT_EQ(message_of(R"({"Labels":1})"), "Expected map or null");
  EXPECT_EQ(message_of(R"({"Child":"a"})"), "Expected null");
  EXPECT_EQ(message_of(R"({"Children":[1]})"), "Expected null");
  EXPECT_EQ(message_of("[]"), "Start of list found where not expected");
  EXPECT_EQ(
      message_of(R"({"Data":"AAE"})"),
      "'AAE' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 3");
  EXPECT_EQ(message_of(R"({"Data":"A-EC"})"), "'A-EC' can not be converted to a Blob: Invalid Base64 character: '-'");
}

TEST(JsonCodec, ChecksTheRangeOfIntegersAndCutsFractions) {
  EXPECT_EQ(decode(R"({"Count":2147483647})")->count, 2147483647);
  EXPECT_EQ(decode(R"({"Count":-2147483648})")->count, -2147483648);
  EXPECT_EQ(message_of(R"({"Count":2147483648})"), "NUMBER_VALUE can not be converted to an Integer");
  EXPECT_EQ(message_of(R"({"Count":1e10})"), "NUMBER_VALUE can not be converted to an Integer");
  EXPECT_EQ(message_of(R"({"Total":9223372036854775808})"), "NUMBER_VALUE can not be converted to a Long");
  EXPECT_EQ(decode(R"({"Count":5.9})")->count, 5);
  EXPECT_EQ(decode(R"({"Total":-9.223372036854775808e18})")->total, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(message_of(R"({"When":1e18})"), "NUMBER_VALUE can not be converted to milliseconds since epoch");
}

TEST(JsonCodec, RefusesWhatIsNotJsonOrNotUnicode) {
  for (const std::string_view bad :
       {"", "{", "{}x", "{'Name':1}", "{\"Name\":\"\xff\"}", "{\"Skipped\":\"\xff\"}", "{\"Skipped\":[1,}",
        R"({"Name":"\ud800"})", R"({"Name":"\udc00"})", R"({"Labels":{"\udc00":"x"}})", R"({"Skipped":NaN})"}) {
    EXPECT_FALSE(decode(bad).has_value()) << bad;
  }
  EXPECT_EQ(decode(R"({"Name":"\ud83d\ude00"})")->name, "\xf0\x9f\x98\x80");
}

TEST(JsonCodec, BoundsDepth) {
  const auto nested = [](int depth) {
    return R"({"Skipped":)" + std::string(depth - 1, '[') + "1" + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(decode(nested(kDepthMax)).has_value());
  EXPECT_FALSE(decode(nested(kDepthMax + 1)).has_value());
}

TEST(JsonCodec, EncodesCompactlyAndReadsItBack) {
  Everything value;
  value.name = "\"\\\x01/é";
  value.when = from_unix_ms(1700000000000);
  value.ratio = 0.1;
  value.data = Blob{"\xff"};
  value.document = JsonText{R"({"b":1})"};
  value.labels = std::map<std::string, std::string>{{"k", "v"}};
  value.children = std::vector<Child>{{.key = "a"}};
  const std::string text = encode_json(shape_of<Everything>(), &value);
  EXPECT_EQ(text, R"({"Ratio":0.1,"Name":"\"\\\u0001/é","Data":"/w==","When":1700000000.000,"Document":{"b":1},)"
                  R"("Children":[{"Key":"a"}],"Labels":{"k":"v"}})");
  const auto again = decode(text);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encode_json(shape_of<Everything>(), &*again), text);
}

TEST(JsonCodec, ReportsRequiredPlainMembersThatAreMissing) {
  const auto out = decode(R"({"Children":[{"Key":"a"},{"Value":"b"}],"Name":"way too long for this"})");
  ASSERT_FALSE(out.has_value());
  EXPECT_TRUE(out.error().is_validation);
  EXPECT_EQ(
      out.error().message,
      "2 validation errors detected: Value 'way too long for this' at 'name' failed to satisfy constraint: Member "
      "must have length less than or equal to 16; Value null at 'children.2.member.key' failed to satisfy "
      "constraint: Member must not be null");
}

}  // namespace
}  // namespace penstock::codec
