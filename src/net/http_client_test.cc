#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server.h"

namespace penstock::net {
namespace {

Task<HttpResponse> echo(HttpRequest request) {
  HttpResponse response;
  const std::string* host = request.headers.find("host");
  response.headers.add("X-Host", host == nullptr ? "" : *host);
  response.body = request.method + request.target + request.body;
  co_return response;
}

HttpResponse refusal(int status, std::string_view message, const HttpRequest*) {
  HttpResponse response;
  response.status = status;
  response.body = message;
  return response;
}

TEST(HttpClientTest, AsksTwiceOverOneConnectionAndReconnectsWhenItWasClosed) {
  const SystemClock clock;
  EventLoops loops(1);
  auto server = HttpServer::listen(loops, clock, {.listen = {"127.0.0.1", 0}, .limits = {}}, &echo, &refusal);
  ASSERT_TRUE(server.has_value());
  const HostPort address = (*server)->address();
  HttpClient client(address);
  const std::string big(3'000'000, 'b');
  for (const std::string& body : {std::string("hi"), big}) {
    const auto response =
        client.send({.method = "POST", .target = "/p?q", .headers = {}, .body = body, .remote_address = {}});
    ASSERT_TRUE(response.has_value()) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST/p?q" + body);
    EXPECT_EQ(*response->headers.find("x-host"), to_string(address));
  }
  ASSERT_TRUE((*server)->stop(std::chrono::seconds(10)));
  server->reset();
  EXPECT_FALSE(
      client.send({.method = "GET", .target = "/", .headers = {}, .body = {}, .remote_address = {}}).has_value());
  server = HttpServer::listen(loops, clock, {.listen = address, .limits = {}}, &echo, &refusal);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto again = client.send({.method = "GET", .target = "/x", .headers = {}, .body = {}, .remote_address = {}});
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->body, "GET/x");
}

TEST(HttpClientTest, ReadsUrls) {
  EXPECT_EQ(*parse_http_url("http://127.0.0.1:4566/"), (HostPort{"127.0.0.1", 4566}));
  EXPECT_EQ(*parse_http_url("http://penstock"), (HostPort{"penstock", 80}));
  EXPECT_EQ(*parse_http_url("http://[::1]:9"), (HostPort{"::1", 9}));
  EXPECT_THAT(parse_http_url("https://a:1").error().message, testing::HasSubstr("https"));
  EXPECT_FALSE(parse_http_url("ftp://a:1").has_value());
}

}  // namespace
}  // namespace penstock::net
