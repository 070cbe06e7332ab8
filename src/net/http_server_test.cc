#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <semaphore>
#include <string>
#include <thread>

#include "net/raw_client_test.h"

namespace penstock::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

HttpResponse text(std::string body) {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

Task<HttpResponse> echo(HttpRequest request) {
  co_return text(request.method + " " + request.target + " [" + request.body + "]");
}

Task<HttpResponse> count_body(HttpRequest request) { co_return text(std::to_string(request.body.size())); }

Task<HttpResponse> huge() { co_return text(std::string(64U << 20U, 'x')); }

HttpResponse refusal(int status, std::string_view message, const HttpRequest* head) {
  HttpResponse response = text(std::string(message) + (head ? " for " + head->target : ""));
  response.status = status;
  return response;
}

class HttpServerTest : public testing::Test {
 protected:
  std::uint16_t start(HttpHandler handler = &echo, HttpLimits limits = {}) {
    auto listening = HttpServer::listen(loops_, clock_, {.listen = {"127.0.0.1", 0}, .limits = limits},
                                        std::move(handler), &refusal);
    EXPECT_TRUE(listening.has_value());
    server_ = std::move(*listening);
    return server_->address().port;
  }
  std::string ask(std::string_view bytes) {
    RawClient client(server_->address().port);
    client.send(bytes);
    client.half_close();
    return client.read_all();
  }

  SystemClock clock_;
  EventLoops loops_{2};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersARequestWithABody) {
  start();
  const std::string answer = ask("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 19\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
  EXPECT_THAT(answer, HasSubstr("POST /a?b=c [hello]"));
}

TEST_F(HttpServerTest, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  RawClient client(start());
  std::string requests;
  for (int i = 0; i < 300; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 300; ++i) {
    EXPECT_THAT(client.read_response(), HasSubstr("GET /" + std::to_string(i) + " []"));
  }
  client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, TakesChunkedBodiesByteByByte) {
  RawClient client(start());
  const std::string_view bytes =
      "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;name=value\r\nwiki\r\nA\r\npedia in c\r\n0\r\nTrailer: t\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char c : bytes) client.send(std::string_view(&c, 1));
  EXPECT_THAT(client.read_response(), HasSubstr("PUT / [wikipedia in c]"));
  EXPECT_THAT(client.read_response(), HasSubstr("GET /next []"));
}

TEST_F(HttpServerTest, TakesLargeBodies) {
  RawClient client(start(&count_body));
  const std::string body(8'000'000, 'x');
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n" + body);
  EXPECT_THAT(client.read_response(), HasSubstr("\r\n\r\n8000000"));
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7A1200\r\n" + body + "\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("\r\n\r\n8000000"));
}

TEST_F(HttpServerTest, SendsContinueBeforeAnExpectedBody) {
  RawClient client(start());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.read_response(), HasSubstr("POST / [ok]"));
}

TEST_F(HttpServerTest, RefusesTooLargeBodiesWithoutContinueAndStillDeliversTheAnswer) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  start(&echo, limits);
  const std::string head = "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n";
  EXPECT_THAT(ask(head + "Expect: 100-continue\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  const std::string answer = ask(head + "\r\n" + std::string(3'000'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("for /big"));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n"), HasSubstr(" 413 "));
}

TEST_F(HttpServerTest, UploadsMayBeLarger) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  limits.upload_paths = {"/upload"};
  limits.upload_bytes_max = 2000;
  start(&echo, limits);
  const std::string body(1500, 'x');
  const std::string head = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1500\r\n\r\n";
  EXPECT_THAT(ask("POST /upload/1" + head + body), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("POST /other" + head + body), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, BoundsTheBodiesOfAllConnectionsTogether) {
  HttpLimits limits;
  limits.bodies_bytes_max = 1000;
  const std::uint16_t port = start(&echo, limits);
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
  RawClient client(port);
  for (int i = 0; i < 3; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'));
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(HttpServerTest, RefusesTooLargeHeads) {
  start();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70'000, 'a')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesBadHttpAndServesOthersMeanwhile) {
  RawClient other(start());
  for (const std::string_view bad :
       {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const std::string answer = ask(bad);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << bad;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << bad;
  }
  EXPECT_THAT(ask("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  other.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(other.read_response(), HasSubstr("GET /alive []"));
}

TEST_F(HttpServerTest, ClosesSlowClientsWithoutTouchingOthers) {
  HttpLimits limits;
  limits.head_max = limits.body_stall_max = limits.idle_max = std::chrono::milliseconds(40);
  limits.body_bytes_per_second_min = 1U << 30U;
  const std::uint16_t port = start(&echo, limits);
  for (const std::string_view start_of_request :
       {"", "GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawClient client(port);
    client.send(start_of_request);
    EXPECT_EQ(client.read_all(), "") << start_of_request;
  }
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ClosesAClientThatDoesNotReadItsAnswer) {
  HttpLimits limits;
  limits.write_stall_max = std::chrono::milliseconds(40);
  std::binary_semaphore entered(0);
  RawClient client(start(
      [&entered](HttpRequest) {
        entered.release();
        return huge();
      },
      limits));
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.acquire();
  EXPECT_TRUE(server_->stop(std::chrono::seconds(60)));
}

TEST_F(HttpServerTest, HalfClosedClientsStillGetTheirAnswers) {
  start();
  const std::string answer = ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("GET /1 []"));
  EXPECT_THAT(answer, HasSubstr("GET /2 []"));
}

TEST_F(HttpServerTest, HttpOneDotZeroClosesUnlessAsked) {
  start();
  RawClient client(server_->address().port);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("Connection: keep-alive"));
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, HeadGetsTheHeadersOfGet) {
  start();
  const std::string answer = ask("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesConnectionsOverTheBound) {
  HttpLimits limits;
  limits.connections_max = 1;
  RawClient first(start(&echo, limits));
  first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(RawClient(server_->address().port).read_all(), StartsWith("HTTP/1.1 503 "));
}

Task<HttpResponse> inject(HttpRequest) {
  HttpResponse response;
  response.headers.add("X-Text", "a\r\nX-Evil: b");
  co_return response;
}

TEST_F(HttpServerTest, HandlersCannotInjectHeaders) {
  start(&inject);
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("X-Text: a  X-Evil: b\r\n"));
}

/// A handler that waits until the test lets it go.
struct Gate {
  std::binary_semaphore entered{0};
  Completion<bool> open;
};
Task<HttpResponse> pass(Gate* gate) {
  gate->entered.release();
  co_await gate->open;
  co_return text("passed");
}

TEST_F(HttpServerTest, StopFinishesWhatWasAccepted) {
  Gate gate;
  const std::uint16_t port = start([&gate](HttpRequest) { return pass(&gate); });
  RawClient idle(port);
  RawClient busy(port);
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  gate.entered.acquire();
  std::thread stopper([&] { EXPECT_TRUE(server_->stop(std::chrono::seconds(20))); });
  EXPECT_EQ(idle.read_all(), "");  // closed: stop has begun
  gate.open.set(true);
  const std::string answer = busy.read_all();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_TRUE(answer.ends_with("passed"));
  stopper.join();
}

TEST_F(HttpServerTest, TakenAddressesAreRefusedWithTheirName) {
  const std::uint16_t port = start();
  const auto second =
      HttpServer::listen(loops_, clock_, {.listen = {"127.0.0.1", port}, .limits = {}}, &echo, &refusal);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST(HostPortTest, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*parse_host_port("127.0.0.1:4566"), (HostPort{"127.0.0.1", 4566}));
  EXPECT_EQ(*parse_host_port("[::1]:0"), (HostPort{"::1", 0}));
  for (const auto* bad : {"", "4566", ":1", "a:", "a:65536", "::1:5", "a:1x", "[]:1"}) {
    EXPECT_FALSE(parse_host_port(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace penstock::net
