#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>

#include "net/http_server.h"
#include "net/piece_source_test.h"
#include "net/raw_client_test.h"

namespace penstock::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

HttpResponse refusal(int status, std::string_view message, const HttpRequest*) {
  HttpResponse response;
  response.status = status;
  response.body = message;
  return response;
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

class HttpStreamingTest : public testing::Test {
 protected:
  std::uint16_t start(HttpLimits limits = {}) {
    auto listening = HttpServer::listen(
        loops_, clock_, {.listen = {"127.0.0.1", 0}, .limits = limits},
        [this](HttpRequest request) { return source_.answer(std::move(request)); }, &refusal);
    EXPECT_TRUE(listening.has_value());
    server_ = std::move(*listening);
    return server_->address().port;
  }

  SystemClock clock_;
  PieceSource source_;
  EventLoops loops_{2};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpStreamingTest, EachPieceLeavesAtOnceAndTheLastChunkEndsTheBody) {
  RawClient client(start());
  client.send(kGet);
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(client.read_until("first\r\n"), "5\r\nfirst\r\n");
  source_.push("one");
  EXPECT_EQ(client.read_until("one\r\n"), "3\r\none\r\n");  // before the next one exists
  source_.push(std::string(300'000, 'x'));
  EXPECT_THAT(client.read_until("x\r\n"), StartsWith("493e0\r\nx"));
  source_.end();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  client.send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("plain"));
}

TEST_F(HttpStreamingTest, HttpOneDotZeroReadsUntilTheConnectionCloses) {
  RawClient client(start());
  source_.push("one");
  source_.push("two");
  source_.end();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nfirstonetwo"));
}

TEST_F(HttpStreamingTest, HeadGetsNoPiece) {
  RawClient client(start());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("chunked"));
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpStreamingTest, RequestsSentAheadAreAnsweredAfterTheStream) {
  RawClient client(start());
  client.send(kGet);
  EXPECT_THAT(client.read_until("first\r\n"), HasSubstr("200 OK"));
  client.send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  source_.push("one");
  source_.end();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\none\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("plain"));
}

TEST_F(HttpStreamingTest, AClientThatLeavesDuringSilenceIsNoticed) {
  const std::uint16_t port = start();
  {
    RawClient client(port);
    client.send(kGet);
    client.read_until("first\r\n");
  }
  source_.wait_for_cancel();
  RawClient killed(port);
  killed.send(kGet);
  killed.read_until("first\r\n");
  killed.reset();
  source_.wait_for_cancel();
}

TEST_F(HttpStreamingTest, TooMuchSentAheadEndsTheConnection) {
  HttpLimits limits;
  limits.head_bytes_max = 4096;
  RawClient client(start(limits));
  client.send(kGet);
  client.read_until("first\r\n");
  client.send(std::string(100'000, 'x'));
  source_.wait_for_cancel();
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpStreamingTest, ASlowReaderIsAskedForNothingAndCut) {
  HttpLimits limits;
  limits.write_stall_max = std::chrono::milliseconds(100);
  RawClient client(start(limits));
  source_.repeat(std::string(1U << 20U, 'x'));
  client.send(kGet);
  source_.wait_for_cancel();
  // What the sockets' buffers hold was taken, and no more.
  EXPECT_LT(source_.taken(), 64U);
}

TEST_F(HttpStreamingTest, SilenceIsNoStall) {
  HttpLimits limits;
  limits.write_stall_max = limits.idle_max = limits.head_max = limits.body_stall_max = std::chrono::milliseconds(20);
  const std::uint16_t port = start(limits);
  RawClient client(port);
  client.send(kGet);
  client.read_until("first\r\n");
  RawClient idle(port);
  EXPECT_EQ(idle.read_all(), "");  // longer than every deadline has passed
  source_.push("one");
  EXPECT_EQ(client.read_until("one\r\n"), "3\r\none\r\n");
}

TEST_F(HttpStreamingTest, StopCancelsStreamsAndEndsThem) {
  RawClient client(start());
  client.send(kGet);
  client.read_until("first\r\n");
  EXPECT_TRUE(server_->stop(std::chrono::seconds(20)));
  EXPECT_EQ(client.read_all(), "0\r\n\r\n");
}

}  // namespace
}  // namespace penstock::net
