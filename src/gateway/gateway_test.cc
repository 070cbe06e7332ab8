#include "gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/fake_service_test.h"

namespace penstock::gateway {
namespace {

using fake::form_request;
using fake::json_request;
using fake::rest_request;
using fake::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string header(const net::HttpResponse& response, std::string_view name) {
  const std::string* value = response.headers.find(name);
  return value == nullptr ? "" : *value;
}

/// Every answer has a request id, errors too.
void expect_request_id(const net::HttpResponse& response) {
  EXPECT_EQ(header(response, "x-amzn-RequestId").size(), 36U) << response.body;
}

// ---- JSON 1.1

TEST(JsonGateway, CallsTheOperation) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.Echo", R"({"name":"ab","count":3})"), "jolt");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, R"({"said":"x says ab 3"})");
  EXPECT_EQ(header(response, "content-type"), "application/x-amz-json-1.1");
  expect_request_id(response);
  EXPECT_THAT(world.authorizer.asked, ElementsAre("fake:Echo arn:aws:fake:us-east-1:123456789012:ab"));
  EXPECT_THAT(world.keys_used, ElementsAre("AKIDUSER jolt"));
}

TEST(JsonGateway, AnswersOperationsWithoutOutputWithAnEmptyBody) {
  World world;
  const auto response = world.call_signed(json_request("Jolt_2020.Silent", R"({"name":"ab"})"), "jolt");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

struct JsonCase {
  std::string what, target, body, code, message;
};
class JsonRefusals : public testing::TestWithParam<JsonCase> {};
TEST_P(JsonRefusals, NameTheReason) {
  World world;
  const JsonCase& one = GetParam();
  const auto response = world.call_signed(json_request(one.target, one.body), "jolt");
  const std::string message = one.code == "SerializationException" ? "Message" : "message";
  EXPECT_THAT(response.body, StartsWith("{\"__type\":\"" + one.code + "\",\"" + message + "\":\"")) << response.status;
  EXPECT_THAT(response.body, HasSubstr(one.message));
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), one.code);
  expect_request_id(response);
}
INSTANTIATE_TEST_SUITE_P(
    All, JsonRefusals,
    testing::Values(
        JsonCase{"unknown", "Jolt_2020.Nope", "{}", "UnknownOperationException", "Jolt_2020.Nope"},
        JsonCase{"unknown_service", "Volt_1.Echo", "{}", "UnknownOperationException", "Volt_1.Echo"},
        JsonCase{"no_dot", "Echo", "{}", "UnknownOperationException", "'Echo'"},
        JsonCase{"not_utf8", "Jolt_2020.\xff", "{}", "UnknownOperationException", "Jolt_2020.?"},
        JsonCase{"not_built", "Jolt_2020.Later", "{}", "NotImplementedException", "The operation Later of jolt"},
        JsonCase{"malformed", "Jolt_2020.Echo", "{\"name\":", "SerializationException", ""},
        JsonCase{"wrong_type", "Jolt_2020.Echo", "{\"name\":{}}", "SerializationException", ""},
        JsonCase{"missing", "Jolt_2020.Echo", "{}", "ValidationException", "1 validation error detected"},
        JsonCase{"too_long", "Jolt_2020.Echo", "{\"name\":\"123456789\"}", "ValidationException",
                 "less than or equal to 8"},
        JsonCase{"failed", "Jolt_2020.Fail", "{\"name\":\"pot\"}", "TeapotException", "I am a \\\"pot\\\""}),
    [](const auto& info) { return info.param.what; });

TEST(JsonGateway, RefusesWhoIsNotWhoTheySay) {
  World world;
  const auto unsigned_one = world.call(json_request("Jolt_2020.Echo", R"({"name":"ab"})"));
  EXPECT_EQ(unsigned_one.status, 400);
  EXPECT_THAT(unsigned_one.body, HasSubstr("\"__type\":\"MissingAuthenticationTokenException\""));
  expect_request_id(unsigned_one);
  const auto wrong = world.call_signed(json_request("Jolt_2020.Echo", R"({"name":"ab"})"), "jolt", "guess");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("\"__type\":\"InvalidSignatureException\""));
  const auto service = world.call_signed(json_request("Jolt_2020.Echo", R"({"name":"ab"})"), "quip");
  EXPECT_THAT(service.body, HasSubstr("Credential should be scoped to correct service: 'jolt'."));
  const auto region =
      world.call_signed(json_request("Jolt_2020.Echo", R"({"name":"ab"})"), "jolt", "secret", "eu-west-1");
  EXPECT_THAT(region.body, HasSubstr("not 'eu-west-1'"));
  EXPECT_TRUE(world.authorizer.asked.empty());
}

TEST(JsonGateway, TellsExpiredTokensFromUnknownKeys) {
  World world;
  world.token_expired = true;
  net::HttpRequest request = json_request("Jolt_2020.Echo", R"({"name":"ab"})");
  request.headers.add("X-Amz-Security-Token", "old");
  EXPECT_THAT(world.call_signed(std::move(request), "jolt").body, HasSubstr("\"__type\":\"ExpiredTokenException\""));
}

TEST(JsonGateway, RefusesWhatThePolicyDeniesInAwssWords) {
  World world;
  world.authorizer.denied_resource = "arn:aws:fake:us-east-1:123456789012:ab";
  const auto response = world.call_signed(json_request("Jolt_2020.Echo", R"({"name":"ab"})"), "jolt");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "{\"__type\":\"AccessDeniedException\",\"message\":\"User: arn:aws:iam::123456789012:user/x is not "
            "authorized to perform: fake:Echo on resource: arn:aws:fake:us-east-1:123456789012:ab because of a "
            "test\"}");
}

TEST(JsonGateway, GivesPoliciesTheRequestsConditions) {
  World world;
  net::HttpRequest request = json_request("Jolt_2020.Echo", R"({"name":"ab","count":3})");
  request.headers.add("User-Agent", "test/1");
  world.call_signed(std::move(request), "jolt");
  iam::Conditions& seen = world.authorizer.conditions;
  EXPECT_THAT(seen["aws:SourceIp"], ElementsAre("192.0.2.7"));
  EXPECT_THAT(seen["aws:SecureTransport"], ElementsAre("false"));
  EXPECT_THAT(seen["aws:UserAgent"], ElementsAre("test/1"));
  EXPECT_THAT(seen["aws:RequestedRegion"], ElementsAre("us-east-1"));
  EXPECT_THAT(seen["fake:Count"], ElementsAre("3"));
}

// ---- Query

TEST(QueryGateway, CallsTheOperationForAnyRegion) {
  World world;
  const auto response = world.call_signed(form_request("Action=Echo&Version=2020-01-01&name=a%20b&count=4"), "quip",
                                          "secret", "eu-west-1");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr("<EchoResponse xmlns=\"https://quip.example/doc/\">"));
  EXPECT_THAT(response.body, HasSubstr("<said>x says a b 4</said>"));
  EXPECT_THAT(response.body, HasSubstr("<RequestId>" + header(response, "x-amzn-RequestId")));
  EXPECT_EQ(header(response, "content-type"), "text/xml");
}

struct QueryCase {
  std::string what, body, code, message;
  int status;
};
class QueryRefusals : public testing::TestWithParam<QueryCase> {};
TEST_P(QueryRefusals, NameTheReason) {
  World world;
  const QueryCase& one = GetParam();
  const auto response = world.call_signed(form_request(one.body), "quip");
  EXPECT_EQ(response.status, one.status);
  EXPECT_THAT(response.body, HasSubstr("<Code>" + one.code + "</Code>"));
  EXPECT_THAT(response.body, HasSubstr(one.message));
  EXPECT_THAT(response.body, HasSubstr("<Type>Sender</Type>"));
  expect_request_id(response);
}
INSTANTIATE_TEST_SUITE_P(
    All, QueryRefusals,
    testing::Values(QueryCase{"unknown", "Action=Nope&Version=2020-01-01", "InvalidAction",
                              "Could not find operation Nope for version 2020-01-01", 400},
                    QueryCase{"version", "Action=Echo&Version=1999-01-01", "InvalidAction",
                              "Could not find operation Echo for version 1999-01-01", 400},
                    QueryCase{"no_action", "Version=2020-01-01", "MissingAction", "missing an action", 400},
                    QueryCase{"not_built", "Action=Later&Version=2020-01-01", "NotImplementedException",
                              "The operation Later of quip", 400},
                    QueryCase{"bad_form", "Action=Echo&name=%zz", "MalformedQueryString", "", 400},
                    QueryCase{"too_long", "Action=Echo&Version=2020-01-01&name=123456789", "ValidationError",
                              "1 validation error detected", 400},
                    QueryCase{"failed", "Action=Fail&Version=2020-01-01&name=pot", "TeapotException", "I am a", 418}),
    [](const auto& info) { return info.param.what; });

TEST(QueryGateway, RefusesUnsignedAndDenied) {
  World world;
  const auto unsigned_one = world.call(form_request("Action=Echo&Version=2020-01-01&name=ab"));
  EXPECT_EQ(unsigned_one.status, 403);
  EXPECT_THAT(unsigned_one.body, HasSubstr("<Code>MissingAuthenticationToken</Code>"));
  const auto wrong = world.call_signed(form_request("Action=Echo&Version=2020-01-01&name=ab"), "quip", "guess");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_THAT(wrong.body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
  world.authorizer.denied_resource = "arn:aws:fake:us-east-1:123456789012:ab";
  const auto denied = world.call_signed(form_request("Action=Echo&Version=2020-01-01&name=ab"), "quip");
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(denied.body, HasSubstr("<Code>AccessDenied</Code>"));
}

// ---- REST-JSON

TEST(RestGateway, RoutesOnTheRawPathAndThenDecodes) {
  World world;
  const auto response = world.call_signed(rest_request("GET", "/echo/a%2Fb%20c?count=2"), "rest");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, R"({"said":"x says a/b c 2"})");
  EXPECT_EQ(header(response, "content-type"), "application/json");
}

TEST(RestGateway, PrefersLiteralsToParameters) {
  World world;
  world.call_signed(rest_request("GET", "/echo/special/a"), "rest");
  world.call_signed(rest_request("GET", "/echo/other/a"), "rest");
  EXPECT_THAT(world.authorizer.asked, ElementsAre(StartsWith("fake:EchoSpecial"), StartsWith("fake:EchoPair")));
}

TEST(RestGateway, AnswersWithTheOperationsStatus) {
  World world;
  EXPECT_EQ(world.call_signed(rest_request("POST", "/silent/me/now"), "rest").status, 202);
}

struct RestCase {
  std::string what, method, target, code, message;
  int status;
};
class RestRefusals : public testing::TestWithParam<RestCase> {};
TEST_P(RestRefusals, NameTheReason) {
  World world;
  const RestCase& one = GetParam();
  const auto response = world.call_signed(rest_request(one.method, one.target), "rest");
  EXPECT_EQ(response.status, one.status);
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), one.code);
  EXPECT_THAT(response.body, StartsWith("{\"message\":\""));
  EXPECT_THAT(response.body, HasSubstr(one.message));
  expect_request_id(response);
}
INSTANTIATE_TEST_SUITE_P(
    All, RestRefusals,
    testing::Values(
        RestCase{"unknown", "GET", "/nowhere", "UnknownOperationException", "GET /nowhere", 404},
        RestCase{"method", "PATCH", "/echo/a", "UnknownOperationException", "PATCH /echo/a", 404},
        RestCase{"empty_parameter", "GET", "/echo/", "UnknownOperationException", "GET /echo/", 404},
        RestCase{"not_built", "PUT", "/later/a", "NotImplementedException", "The operation Later of rest", 400},
        RestCase{"bad_percent", "GET", "/echo/%zz", "InvalidRequestException", "%zz", 400},
        RestCase{"bad_number", "GET", "/echo/a?count=x", "InvalidRequestException", "", 400},
        RestCase{"too_long", "GET", "/echo/123456789", "InvalidRequestException", "1 validation error detected", 400},
        RestCase{"failed", "DELETE", "/echo/pot", "TeapotException", "I am a", 418}),
    [](const auto& info) { return info.param.what; });

TEST(RestGateway, RefusesUnsignedAndDenied) {
  World world;
  const auto unsigned_one = world.call(rest_request("GET", "/echo/a"));
  EXPECT_EQ(unsigned_one.status, 403);
  EXPECT_EQ(header(unsigned_one, "x-amzn-ErrorType"), "MissingAuthenticationTokenException");
  world.authorizer.denied_resource = "arn:aws:fake:us-east-1:123456789012:a";
  const auto denied = world.call_signed(rest_request("GET", "/echo/a"), "rest");
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(header(denied, "x-amzn-ErrorType"), "AccessDeniedException");
}

// ---- What is none of these

TEST(Gateway, NamesServicesThatItDoesNotHave) {
  World world;
  const auto response = world.call_signed(rest_request("GET", "/bucket"), "s3");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), "NotImplementedException");
  EXPECT_THAT(response.body, HasSubstr("'s3' is not implemented by Penstock. It has: jolt, quip, rest."));
}

TEST(Gateway, AnswersHealthAndOtherPathsWithoutAws) {
  World world;
  const auto health = world.call(rest_request("GET", "/health"));
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"ok"})");
  const auto other = world.call(rest_request("GET", "/index.html"));
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(other.body, R"({"message":"There is nothing at /index.html."})");
  EXPECT_EQ(world.call(rest_request("GET", "/")).status, 404);
  expect_request_id(other);
}

TEST(Gateway, RendersWhatTheHttpServerRefusesInTheClientsProtocol) {
  World world;
  const net::HttpRequest json = json_request("Jolt_2020.Echo", "");
  const auto large = world.gateway.refuse(413, "too much", &json);
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.body, R"({"__type":"RequestEntityTooLargeException","message":"too much"})");
  const net::HttpRequest form = form_request("");
  EXPECT_THAT(world.gateway.refuse(413, "too much", &form).body,
              HasSubstr("<Code>RequestEntityTooLargeException</Code>"));
  EXPECT_EQ(world.gateway.refuse(400, "no \"head\"", nullptr).body, R"({"message":"no \"head\""})");
}

}  // namespace
}  // namespace penstock::gateway
