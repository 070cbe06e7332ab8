#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/codec.h"
#include "codec/event_stream.h"
#include "core/encoding/hex.h"
#include "gateway/fake_service_test.h"
#include "gateway/gateway.h"

namespace penstock::gateway {
namespace {

using fake::json_request;
using fake::World;
using testing::HasSubstr;

std::string header(const net::HttpResponse& response, std::string_view name) {
  const std::string* value = response.headers.find(name);
  return value == nullptr ? "" : *value;
}

struct ErrorBody {
  std::string type{};
  std::optional<std::string> message{}, capital_message{};  ///< one of them
  [[nodiscard]] std::string text() const { return message ? *message : capital_message.value_or(""); }
};
const codec::Shape& describe(const ErrorBody*) {
  static const codec::Shape shape = codec::ShapeBuilder<ErrorBody>("ErrorBody")
                                        .field("__type", &ErrorBody::type)
                                        .field("message", &ErrorBody::message)
                                        .field("Message", &ErrorBody::capital_message)
                                        .build();
  return shape;
}

template <class T>
std::string cbor(const T& value) {
  return codec::encode_cbor(codec::shape_of<T>(), &value);
}
template <class T>
T from_cbor(std::string_view bytes) {
  T value;
  const auto decoded = codec::decode_cbor(bytes, codec::shape_of<T>(), &value);
  EXPECT_TRUE(decoded.has_value()) << hex_encode(bytes);
  return value;
}

net::HttpRequest cbor_request(std::string target, std::string body) {
  net::HttpRequest request = json_request(std::move(target), std::move(body));
  request.headers.set("Content-Type", "application/x-amz-cbor-1.1");
  return request;
}

TEST(CborGateway, AnswersInTheFormOfTheRequest) {
  World world;
  const auto response =
      world.call_signed(cbor_request("Jolt_2020.Echo", cbor(fake::EchoInput{.name = "ab", .count = 3})), "jolt");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(header(response, "content-type"), "application/x-amz-cbor-1.1");
  EXPECT_EQ(from_cbor<fake::EchoOutput>(response.body).said, "x says ab 3");
  const auto silent = world.call_signed(
      cbor_request("Jolt_2020.Silent", cbor(fake::EchoInput{.name = "ab", .count = std::nullopt})), "jolt");
  EXPECT_EQ(silent.status, 200);
  EXPECT_EQ(silent.body, "");
}

struct CborCase {
  std::string what, target, body, code, message;
};
class CborRefusals : public testing::TestWithParam<CborCase> {};
TEST_P(CborRefusals, AreCborToo) {
  World world;
  const CborCase& one = GetParam();
  const auto response = world.call_signed(cbor_request(one.target, one.body), "jolt");
  EXPECT_EQ(header(response, "content-type"), "application/x-amz-cbor-1.1");
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), one.code);
  EXPECT_EQ(header(response, "x-amzn-RequestId").size(), 36U);
  const auto body = from_cbor<ErrorBody>(response.body);
  EXPECT_EQ(body.type, one.code);
  EXPECT_THAT(body.text(), HasSubstr(one.message));
  EXPECT_EQ(body.capital_message.has_value(), one.code == "SerializationException") << "as AWS spells it";
}
INSTANTIATE_TEST_SUITE_P(
    All, CborRefusals,
    testing::Values(CborCase{"unknown", "Jolt_2020.Nope\xff", "\xa0", "UnknownOperationException", "Jolt_2020.Nope?"},
                    CborCase{"not_built", "Jolt_2020.Later", "\xa0", "NotImplementedException", "Later of jolt"},
                    CborCase{"empty", "Jolt_2020.Echo", "", "SerializationException", "it ends early"},
                    CborCase{"json", "Jolt_2020.Echo", "{}", "SerializationException", ""},
                    CborCase{"wrong_type", "Jolt_2020.Echo", "\xa1\x64name\x05", "SerializationException",
                             "NUMBER_VALUE can not be converted to a String"},
                    CborCase{"missing", "Jolt_2020.Echo", "\xa0", "ValidationException", "1 validation error detected"},
                    CborCase{"failed", "Jolt_2020.Fail", "\xa1\x64name\x63pot", "TeapotException", "I am a \"pot\""}),
    [](const auto& info) { return info.param.what; });

TEST(CborGateway, RefusesTheUnsignedAndWhatWasNeverRead) {
  World world;
  const auto unsigned_one = world.call(cbor_request("Jolt_2020.Echo", "\xa0"));
  EXPECT_EQ(unsigned_one.status, 400);
  EXPECT_EQ(from_cbor<ErrorBody>(unsigned_one.body).type, "MissingAuthenticationTokenException");
  const net::HttpRequest large = cbor_request("Jolt_2020.Echo", "");
  EXPECT_EQ(from_cbor<ErrorBody>(world.gateway.refuse(413, "too much", &large).body).text(), "too much");
}

// ---- event streams

/// Everything that the answer's stream sends.
std::vector<codec::EventMessage> messages(const net::HttpResponse& response) {
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "content-type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(header(response, "x-amzn-RequestId").size(), 36U);
  EXPECT_EQ(response.body, "");
  codec::EventStreamReader reader;
  std::vector<codec::EventMessage> out;
  while (response.stream != nullptr) {
    const auto piece = run_sync(response.stream->next());
    if (!piece.has_value()) break;
    EXPECT_FALSE(piece->empty());
    reader.append(*piece);
    while (true) {
      auto next = reader.next();
      EXPECT_TRUE(next.has_value());
      if (!next.has_value() || !next->has_value()) break;
      out.push_back(std::move(**next));
    }
  }
  EXPECT_TRUE(reader.at_boundary());
  return out;
}

codec::EventMessage event(std::string type, std::string content_type, std::string payload) {
  return {.headers = {{":message-type", "event"}, {":event-type", std::move(type)}, {":content-type", content_type}},
          .payload = std::move(payload)};
}

TEST(EventStreamGateway, SendsTheOutputThenTheEvents) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.CountUp", R"({"name":"ab","count":2})"), "jolt");
  const std::string json = "application/x-amz-json-1.1";
  EXPECT_THAT(messages(response), testing::ElementsAre(event("initial-response", json, R"({"said":"counting"})"),
                                                       event("CountEvent", json, R"({"number":1})"),
                                                       event("CountEvent", json, R"({"number":2})")));
}

TEST(EventStreamGateway, SpeaksCborToWhoDoes) {
  World world;
  const auto response =
      world.call_signed(cbor_request("Jolt_2020.CountUp", cbor(fake::EchoInput{.name = "ab", .count = 1})), "jolt");
  const std::string type = "application/x-amz-cbor-1.1";
  EXPECT_THAT(messages(response),
              testing::ElementsAre(event("initial-response", type, cbor(fake::EchoOutput{"counting"})),
                                   event("CountEvent", type, cbor(fake::CountEvent{1}))));
}

TEST(EventStreamGateway, AnErrorOnTheWayIsAnExceptionAndTheEnd) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.CountUp", R"({"name":"fail","count":1})"), "jolt");
  const auto sent = messages(response);
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[2].find(":message-type"), "exception");
  EXPECT_EQ(sent[2].find(":exception-type"), "TeapotException");
  EXPECT_EQ(sent[2].find(":content-type"), "application/x-amz-json-1.1");
  EXPECT_THAT(sent[2].payload, HasSubstr(R"("message":"no more \"tea\"")"));
}

TEST(EventStreamGateway, AnErrorBeforeTheStreamIsAnOrdinaryAnswer) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.CountUp", R"({"name":"refuse"})"), "jolt");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.stream, nullptr);
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), "TeapotException");
}

TEST(EventStreamGateway, PassesOnThatTheClientHasGone) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.CountUp", R"({"name":"ab","count":9})"), "jolt");
  const int before = fake::cancelled_event_sources;
  response.stream->cancel();
  EXPECT_EQ(fake::cancelled_event_sources, before + 1);
}

}  // namespace
}  // namespace penstock::gateway
