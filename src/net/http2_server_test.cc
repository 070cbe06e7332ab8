#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <string>
#include <thread>

#include "net/http2_client_test.h"
#include "net/http_server.h"
#include "net/piece_source_test.h"

namespace penstock::net {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

HttpResponse refusal(int status, std::string_view message, const HttpRequest*) {
  HttpResponse response;
  response.status = status;
  response.body = message;
  return response;
}

/// What the request held; "/size" only its body's size, "/big" 8 MiB.
Task<HttpResponse> echo(HttpRequest request) {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.headers.add("Connection", "keep-alive");
  if (request.path() == "/size") {
    response.body = std::to_string(request.body.size());
  } else if (request.path() == "/big") {
    response.body = std::string(8U << 20U, 'x');
  } else {
    response.body = request.method + " " + request.target + " [" + request.body + "]";
    for (const auto& [name, value] : request.headers.all()) response.body += " " + name + "=" + value;
  }
  co_return response;
}

class Http2ServerTest : public testing::Test {
 protected:
  std::uint16_t start(HttpLimits limits = {}, HttpHandler handler = &echo) {
    auto listening = HttpServer::listen(loops_, clock_, {.listen = {"127.0.0.1", 0}, .limits = limits},
                                        std::move(handler), &refusal);
    EXPECT_TRUE(listening.has_value());
    server_ = std::move(*listening);
    return server_->address().port;
  }
  std::uint16_t start_streaming(HttpLimits limits = {}) {
    return start(limits, [this](HttpRequest request) { return source_.answer(std::move(request)); });
  }

  SystemClock clock_;
  PieceSource source_;
  EventLoops loops_{2};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Http2ServerTest, ARequestArrivesWithItsPseudoHeadersAndIsAnsweredInLowerCase) {
  Http2Client client(start());
  const auto& answer = client.wait(client.ask("POST", "/a?b=c", "hello", {{"x-more", "1"}}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("content-length"), std::to_string(answer.body.size()));
  EXPECT_TRUE(answer.headers.contains("date"));
  EXPECT_FALSE(answer.headers.contains("connection"));
  EXPECT_THAT(answer.body, HasSubstr("POST /a?b=c [hello]"));
  EXPECT_THAT(answer.body, HasSubstr(" :authority=test"));
  EXPECT_THAT(answer.body, HasSubstr(" x-more=1"));
}

TEST_F(Http2ServerTest, ThePrefaceMayComeByteByByte) {
  const std::uint16_t port = start();
  Http2Client client(port);
  for (const char c : std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) client.raw().send({&c, 1});
  const std::uint8_t* data = nullptr;
  const ssize_t size = nghttp2_session_mem_send(client.session(), &data);  // the preface again, which has been sent
  ASSERT_GE(size, 24);
  client.raw().send({reinterpret_cast<const char*>(data) + 24, static_cast<std::size_t>(size) - 24});
  EXPECT_EQ(client.wait(client.ask("GET", "/")).status, 200);
}

TEST_F(Http2ServerTest, LargeBodiesGoBothWaysInWindows) {
  Http2Client client(start());
  EXPECT_EQ(client.wait(client.ask("POST", "/size", std::string(12U << 20U, 'x'))).body, std::to_string(12U << 20U));
  EXPECT_EQ(client.wait(client.ask("GET", "/big")).body.size(), 8U << 20U);
}

TEST_F(Http2ServerTest, HundredsOfStreamsAtTheSameTime) {
  std::vector<Completion<bool>> waiting;
  Mutex mutex;
  constexpr int kStreams = 800;
  // Nothing is answered before 200 requests are with the handler at once.
  const auto hold = [&](HttpRequest request) -> Task<HttpResponse> {
    struct Hold {
      static Task<HttpResponse> one(Mutex& guard, std::vector<Completion<bool>>& all, HttpRequest asked) {
        Completion<bool> mine;
        std::vector<Completion<bool>> released;
        {
          const MutexLock lock(guard);
          all.push_back(mine);
          if (all.size() >= 200) released.swap(all);
        }
        for (const auto& other : released) other.set(true);
        co_await mine;
        HttpResponse response;
        response.body = asked.target;
        co_return response;
      }
    };
    return Hold::one(mutex, waiting, std::move(request));
  };
  Http2Client client(start({}, hold));
  std::vector<std::int32_t> ids;
  for (int i = 0; i < kStreams; ++i) ids.push_back(client.ask("GET", "/" + std::to_string(i)));
  for (int i = 0; i < kStreams; ++i) {
    EXPECT_EQ(client.wait(ids[static_cast<std::size_t>(i)]).body, "/" + std::to_string(i));
  }
}

TEST_F(Http2ServerTest, TooLargeBodiesAndHeadsAreRefusedAndTheConnectionGoesOn) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  limits.head_bytes_max = 8000;
  Http2Client client(start(limits));
  EXPECT_EQ(client.wait(client.ask("POST", "/", std::string(1001, 'x'))).status, 413);
  EXPECT_EQ(client.wait(client.ask("POST", "/", std::string(3U << 20U, 'x'))).status, 413);
  EXPECT_EQ(client.wait(client.ask("POST", "/", std::string(1001, 'x'), {{"content-length", "1001"}})).status, 413);
  EXPECT_EQ(client.wait(client.ask("GET", "/", std::nullopt, {{"x-long", std::string(9000, 'x')}})).status, 431);
  EXPECT_EQ(client.wait(client.ask("POST", "/size", std::string(1000, 'x'))).body, "1000");
}

TEST_F(Http2ServerTest, BoundsTheBodiesOfAllConnectionsTogether) {
  HttpLimits limits;
  limits.bodies_bytes_max = 5000;
  const std::uint16_t port = start(limits);
  Http2Client client(port);
  EXPECT_EQ(client.wait(client.ask("POST", "/", std::string(6000, 'x'))).status, 503);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.wait(client.ask("POST", "/size", std::string(4000, 'x'))).body, "4000");
}

TEST_F(Http2ServerTest, HeadIsAnsweredWithoutABody) {
  Http2Client client(start());
  const auto& answer = client.wait(client.ask("HEAD", "/big"));
  EXPECT_EQ(answer.headers.at("content-length"), std::to_string(8U << 20U));
  EXPECT_THAT(answer.body, IsEmpty());
}

TEST_F(Http2ServerTest, PiecesLeaveAtOnceAndOthersGoOnMeanwhile) {
  Http2Client client(start_streaming());
  const std::int32_t stream = client.ask("GET", "/");
  ASSERT_TRUE(client.run_until([&] { return client.answer(stream).body == "first"; }));
  EXPECT_FALSE(client.answer(stream).headers.contains("content-length"));
  source_.push("one");
  ASSERT_TRUE(client.run_until([&] { return client.answer(stream).body == "firstone"; }));
  EXPECT_EQ(client.wait(client.ask("GET", "/plain")).body, "plain");
  source_.push(std::string(3U << 20U, 'x'));
  source_.end();
  EXPECT_EQ(client.wait(stream).body.size(), 8 + (3U << 20U));
  EXPECT_EQ(client.answer(stream).code, 0U);
}

TEST_F(Http2ServerTest, AClientThatDoesNotTakeAStreamIsAskedForNothingAndOnlyThatStreamEnds) {
  HttpLimits limits;
  limits.write_stall_max = std::chrono::milliseconds(200);
  Http2Client client(start_streaming(limits), {.window_bytes = 100'000, .takes_body = false});
  source_.repeat(std::string(10'000, 'x'));
  const std::int32_t stream = client.ask("GET", "/");
  EXPECT_EQ(client.wait(stream).code, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  source_.wait_for_cancel();
  EXPECT_LE(source_.taken(), 12U);
}

TEST_F(Http2ServerTest, AClientThatDoesNotReadTheConnectionIsCut) {
  HttpLimits limits;
  limits.write_stall_max = std::chrono::milliseconds(200);
  constexpr std::uint32_t kWindow = 1U << 30U;  // so that TCP alone holds the answer up
  Http2Client client(start_streaming(limits), {.window_bytes = kWindow});
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, kWindow);
  source_.repeat(std::string(1U << 20U, 'x'));
  client.ask("GET", "/");
  client.flush();
  source_.wait_for_cancel();
  EXPECT_LT(source_.taken(), 64U);
  client.raw().read_all();
}

TEST_F(Http2ServerTest, AClientThatAsksAndDoesNotReadHoldsUpOnlyItself) {
  HttpLimits limits;
  limits.write_stall_max = std::chrono::milliseconds(100);
  limits.idle_max = std::chrono::milliseconds(1000);
  std::atomic<int> made = 0;
  const std::uint16_t port = start(limits, [&made](HttpRequest request) {
    ++made;
    return echo(std::move(request));
  });
  Http2Client client(port, {.window_bytes = 1U << 30U});
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 1 << 30);
  ASSERT_TRUE(client.run_until([&] { return client.settled; }));
  for (int i = 0; i < 100; ++i) client.ask("GET", "/big");
  client.flush();
  Http2Client other(port);
  EXPECT_EQ(other.wait(other.ask("GET", "/")).status, 200);
  RawClient idle(port);
  EXPECT_EQ(idle.read_all(), "");  // by then the first one has been cut
  EXPECT_LT(made, 20);             // of 100 answers of 8 MiB: 16 MiB may wait, and TCP holds some
}

TEST_F(Http2ServerTest, ResetAndLeavingCancelTheStream) {
  const std::uint16_t port = start_streaming();
  Http2Client client(port);
  const std::int32_t stream = client.ask("GET", "/");
  ASSERT_TRUE(client.run_until([&] { return client.answer(stream).body == "first"; }));
  nghttp2_submit_rst_stream(client.session(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  client.flush();
  source_.wait_for_cancel();
  EXPECT_EQ(client.wait(client.ask("GET", "/plain")).body, "plain");
  const std::int32_t second = client.ask("GET", "/");
  ASSERT_TRUE(client.run_until([&] { return client.answer(second).body == "first"; }));
  client.raw().reset();
  source_.wait_for_cancel();
}

TEST_F(Http2ServerTest, StopSaysGoawayAndEndsStreams) {
  Http2Client client(start_streaming());
  const std::int32_t stream = client.ask("GET", "/");
  ASSERT_TRUE(client.run_until([&] { return client.answer(stream).body == "first"; }));
  std::thread stopping([&] { EXPECT_TRUE(server_->stop(std::chrono::seconds(20))); });
  client.wait_for_close();
  stopping.join();
  EXPECT_EQ(client.goaway, 0U);
  EXPECT_TRUE(client.answer(stream).closed);
  EXPECT_EQ(client.answer(stream).code, 0U);
}

TEST_F(Http2ServerTest, StopAnswersWhatWasAccepted) {
  std::binary_semaphore arrived{0};
  Completion<bool> go;
  struct Slow {
    static Task<HttpResponse> answer(std::binary_semaphore& here, Completion<bool> until) {
      here.release();
      co_await until;
      HttpResponse response;
      response.body = "slow";
      co_return response;
    }
  };
  Http2Client client(start({}, [&](HttpRequest) { return Slow::answer(arrived, go); }));
  const std::int32_t stream = client.ask("GET", "/");
  client.flush();
  arrived.acquire();
  std::thread stopping([&] { EXPECT_TRUE(server_->stop(std::chrono::seconds(20))); });
  ASSERT_TRUE(client.run_until([&] { return client.goaway.has_value(); }));
  go.set(true);
  EXPECT_EQ(client.wait(stream).body, "slow");
  stopping.join();
}

TEST_F(Http2ServerTest, AClientThatSaidGoawayIsTheOneThatCloses) {
  Http2Client client(start());
  const std::int32_t stream = client.ask("GET", "/");
  client.flush();
  nghttp2_submit_goaway(client.session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  EXPECT_EQ(client.wait(stream).status, 200);
  for (int i = 0; i < 2 * 2; ++i) {  // each loop has had its turn since
    Http2Client other(server_->address().port);
    EXPECT_EQ(other.wait(other.ask("GET", "/")).status, 200);
  }
  char bytes[100];
  ssize_t got = 1;
  while (got > 0) got = ::recv(client.raw().descriptor(), bytes, sizeof bytes, MSG_DONTWAIT);
  EXPECT_EQ(got, -1) << "it may still be reading what it received, and the server has closed";
}

TEST_F(Http2ServerTest, AClientThatSaidGoawayAndStaysIsClosedWhenIdle) {
  HttpLimits limits;
  limits.idle_max = std::chrono::milliseconds(100);
  Http2Client client(start(limits));
  client.ask("GET", "/");
  client.flush();
  nghttp2_submit_goaway(client.session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  client.wait_for_close();
}

TEST_F(Http2ServerTest, RapidResetsEndTheConnection) {
  Http2Client client(start());
  ASSERT_TRUE(client.run_until([&] { return client.settled; }));
  for (int i = 0; i < 20'000 && !client.goaway.has_value(); ++i) {
    const std::int32_t stream = client.ask("GET", "/");
    if (stream < 0) break;
    client.flush();
    nghttp2_submit_rst_stream(client.session(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    client.flush();
  }
  client.wait_for_close();
  EXPECT_TRUE(client.goaway.has_value());
}

TEST_F(Http2ServerTest, FloodsOfPingsAndSettingsEndTheConnection) {
  const std::uint16_t port = start();
  const std::string ping(
      "\0\0\x08\x06\0\0\0\0\0"
      "12345678",
      17);
  const std::string settings("\0\0\0\x04\0\0\0\0\0", 9);
  for (const std::string& frame : {ping, settings}) {
    Http2Client client(port);
    ASSERT_TRUE(client.run_until([&] { return client.settled; }));
    std::string flood;
    for (int i = 0; i < 300'000; ++i) flood += frame;
    client.raw().send(flood);
    client.raw().read_all();  // the server closes: without that, this waits for ever
  }
  Http2Client other(port);
  EXPECT_EQ(other.wait(other.ask("GET", "/")).status, 200);
}

TEST_F(Http2ServerTest, SlowAndIdleClientsAreCut) {
  HttpLimits limits;
  limits.idle_max = limits.head_max = limits.body_stall_max = std::chrono::milliseconds(100);
  const std::uint16_t port = start(limits);
  RawClient half_preface(port);
  half_preface.send("PRI * HTTP/2.0\r\n");
  EXPECT_EQ(half_preface.read_all(), "");
  RawClient no_settings(port);
  no_settings.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  no_settings.read_all();
  Http2Client idle(port);
  EXPECT_EQ(idle.wait(idle.ask("GET", "/")).status, 200);
  idle.wait_for_close();
  EXPECT_EQ(idle.goaway, 0U);
}

TEST_F(Http2ServerTest, GarbageEndsTheConnectionAndOthersAreServed) {
  const std::uint16_t port = start();
  RawClient garbage(port);
  garbage.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(1000, '\xff'));
  garbage.read_all();
  Http2Client client(port);
  EXPECT_EQ(client.wait(client.ask("GET", "/")).status, 200);
}

TEST_F(Http2ServerTest, MalformedRequestsBreakTheirStreamOnly) {
  Http2Client client(start());
  const std::int32_t bad = client.ask("GET", "/", std::nullopt, {{"connection", "close"}});
  client.wait(bad);
  EXPECT_EQ(client.answer(bad).status, 0);
  EXPECT_EQ(client.wait(client.ask("GET", "no-slash")).status, 0);
  EXPECT_EQ(client.wait(client.ask("GET", "/")).status, 200);
}

}  // namespace
}  // namespace penstock::net
