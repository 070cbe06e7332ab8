#include <gtest/gtest.h>

#include "codec/codec.h"
#include "codec/example_shapes_test.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

Decoded<Everything> from_form(std::string_view body) {
  PENSTOCK_TRY(const FormValues form, parse_form(body));
  Everything out;
  PENSTOCK_TRY_VOID(decode_query(form, shape_of<Everything>(), &out));
  return out;
}

TEST(QueryCodec, DecodesEveryKind) {
  const auto out = from_form(
      "Action=X&Version=1&Flag=true&Count=-7&Total=9007199254740993&Ratio=0.5&Name=a+b%20c%C3%A9&Data=AAEC"
      "&When=2026-11-23T05%3A41%3A00Z&Child.Key=k&Child.Value=v&Names.member.10=c&Names.member.2=b&Names.member.1=a"
      "&Children.member.1.Key=1&Children.member.2.Key=2&Children.member.2.Value=w"
      "&Labels.entry.1.key=x&Labels.entry.1.value=1&Labels.entry.2.key=y&Labels.entry.2.value="
      "&Tree.entry.1.key=t&Tree.entry.1.value.member.1=deep");
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->flag, true);
  EXPECT_EQ(out->count, -7);
  EXPECT_EQ(out->total, 9007199254740993);
  EXPECT_EQ(out->name, "a b cé");
  EXPECT_EQ(out->data->bytes, std::string("\0\1\2", 3));
  EXPECT_EQ(to_unix_ms(*out->when), 1795412460000);
  EXPECT_EQ(out->child->value, "v");
  EXPECT_EQ(*out->names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(out->children->at(1).value, "w");
  EXPECT_EQ(out->labels->at("y"), "");
  EXPECT_EQ(out->tree->at("t").at(0), "deep");
}

TEST(QueryCodec, FlattenedListsAndEmptyLists) {
  const auto out = from_form("Names.1=a&Names.2=b&Children=");
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(*out->names, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(out->children->empty());
  EXPECT_FALSE(out->labels.has_value());
}

TEST(QueryCodec, RefusesWhatItCannotRead) {
  for (const std::string_view bad :
       {"Name=%zz", "Name=%ff", "Count=x", "Count=2147483648", "Count=", "Flag=maybe", "When=soon", "Data=!",
        "Names.member.x=1", "Names.member.01=1", "Names.member.99999999999=1", "Labels.entry.1.value=v",
        "Labels.entry.1.key=v", "Children.member.1=text", "Ratio=nan", "Ratio=inf"}) {
    EXPECT_FALSE(from_form(bad).has_value()) << bad;
  }
  std::string many;
  for (std::size_t i = 0; i <= kFormPairsMax; ++i) many += "a=1&";
  EXPECT_FALSE(parse_form(many).has_value());
}

TEST(QueryCodec, ReportsRequiredPlainMembersThatAreMissing) {
  const auto out = from_form("Children.member.1.Value=b");
  ASSERT_FALSE(out.has_value());
  EXPECT_TRUE(out.error().is_validation);
  EXPECT_EQ(
      out.error().message,
      "1 validation error detected: Value null at 'children.1.member.key' failed to satisfy constraint: Member must "
      "not be null");
}

TEST(QueryCodec, RendersXml) {
  Everything value;
  value.flag = true;
  value.name = "<a & \"b\">\r\x01";
  value.when = from_unix_ms(1795412460999);
  value.names = std::vector<std::string>{"x", "y"};
  value.children = std::vector<Child>{{.key = "k"}};
  value.labels = std::map<std::string, std::string>{{"a", "1"}};
  EXPECT_EQ(encode_query_response("GetThing", "https://iam.amazonaws.com/doc/2010-05-08/", "id-1",
                                  shape_of<Everything>(), &value, true),
            "<GetThingResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetThingResult><Flag>true</Flag>"
            "<Name>&lt;a &amp; &quot;b&quot;&gt;&#xD;\xEF\xBF\xBD</Name><When>2026-11-23T05:41:00Z</When>"
            "<Names><member>x</member><member>y</member></Names><Children><member><Key>k</Key></member></Children>"
            "<Labels><entry><key>a</key><value>1</value></entry></Labels></GetThingResult>"
            "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetThingResponse>");
  EXPECT_EQ(encode_query_response("Do", "ns", "id", shape_of<Empty>(), nullptr, false),
            "<DoResponse xmlns=\"ns\"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>");
  EXPECT_EQ(encode_query_error("ns", "id", "NoSuchEntity", "a<b", true),
            "<ErrorResponse xmlns=\"ns\"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>a&lt;b</Message>"
            "</Error><RequestId>id</RequestId></ErrorResponse>");
}

template <class T>
Decoded<T> from_rest(const RestRequest& request) {
  T out;
  PENSTOCK_TRY_VOID(decode_rest(request, shape_of<T>(), &out));
  return out;
}

TEST(RestCodec, ReadsEveryPlace) {
  RestRequest request;
  request.path = {{"thingName", "t 1"}};
  request.query = *parse_query("maxResults=5&tagKeys=b&tagKeys=a%20b&since=2026-11-23T05:41:00Z&other=1");
  request.headers = {{"x-amz-mode", "fast"}, {"last-modified", "Mon, 23 Nov 2026 05:41:00 GMT"}};
  request.body = R"({"note":"hi","thingName":"not from the body","children":[{"Key":"k"}]})";
  const auto out = from_rest<RestExample>(request);
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->thing_name, "t 1");
  EXPECT_EQ(out->max_results, 5);
  EXPECT_EQ(*out->tag_keys, (std::vector<std::string>{"b", "a b"}));
  EXPECT_EQ(out->since, out->modified);
  EXPECT_EQ(out->mode, "fast");
  EXPECT_EQ(out->note, "hi");
  EXPECT_EQ(out->children->at(0).key, "k");
}

TEST(RestCodec, AnEmptyBodyHoldsNoMembers) {
  RestRequest request;
  request.path = {{"thingName", "t"}};
  const auto out = from_rest<RestExample>(request);
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_FALSE(out->note.has_value());
  request.body = "x";
  EXPECT_FALSE(from_rest<RestExample>(request).has_value());
  EXPECT_TRUE(from_rest<RestExample>({}).error().is_validation);
}

TEST(RestCodec, Payloads) {
  RestRequest request;
  request.headers = {{"x-amz-mode", "m"}};
  request.body = R"({"Key":"k"})";
  EXPECT_EQ(from_rest<PayloadExample>(request)->child->key, "k");
  EXPECT_EQ(from_rest<RawPayloadExample>(request)->payload->bytes, R"({"Key":"k"})");
  request.body = {};
  EXPECT_FALSE(from_rest<PayloadExample>(request)->child.has_value());
  EXPECT_FALSE(from_rest<RawPayloadExample>(request)->payload.has_value());
  request.body = "{}";
  EXPECT_EQ(from_rest<PayloadExample>(request).error().message,
            "1 validation error detected: Value null at 'child.key' failed to satisfy constraint: Member must not be "
            "null");
}

TEST(RestCodec, Encodes) {
  const auto value = PayloadExample{.mode = "m", .child = Child{.key = "k"}};
  const RestResponse payload = encode_rest(shape_of<PayloadExample>(), &value);
  EXPECT_EQ(payload.body, R"({"Key":"k"})");
  EXPECT_EQ(payload.headers, (std::vector<std::pair<std::string, std::string>>{{"X-Amz-Mode", "m"}}));
  const auto raw = RawPayloadExample{.payload = Blob{"\xff"}};
  EXPECT_EQ(encode_rest(shape_of<RawPayloadExample>(), &raw).body, "\xff");
  const auto rest = RestExample{.modified = from_unix_ms(1795412460000), .note = "n"};
  const RestResponse response = encode_rest(shape_of<RestExample>(), &rest);
  EXPECT_EQ(response.body, R"({"note":"n"})");
  EXPECT_EQ(response.headers.at(0).second, "Mon, 23 Nov 2026 05:41:00 GMT");
  const Empty empty;
  EXPECT_EQ(encode_rest(shape_of<Empty>(), &empty).body, "");
}

}  // namespace
}  // namespace penstock::codec
