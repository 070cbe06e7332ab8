// rooms: net
// Whatever a client may send after the preface, cut where the first byte says; every whole request is answered.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http2_session.h"

namespace {

namespace net = penstock::net;

class Answering final : public net::Http2Session::Events {
 public:
  void on_request(net::Http2Session::StreamId stream, net::HttpRequest request, net::BodyCharge) override {
    if (request.method.empty() || request.target.empty()) __builtin_trap();
    whole.push_back(stream);
  }
  void on_piece_wanted(net::Http2Session::StreamId) override { __builtin_trap(); }
  void on_gone(net::Http2Session::StreamId) override {}

  std::vector<net::Http2Session::StreamId> whole;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const penstock::SystemClock clock;
  net::HttpLimits limits;
  limits.body_bytes_max = 4096;
  limits.head_bytes_max = 4096;
  const net::HttpHandler handler;
  const net::RefusalRenderer refusal = [](int status, std::string_view message, const net::HttpRequest*) {
    net::HttpResponse response;
    response.status = status;
    response.body = message;
    return response;
  };
  net::BodyBudget bodies(1U << 16U);
  const std::atomic<bool> stopping = false;
  Answering events;
  net::Http2Session session({clock, limits, handler, refusal, bodies, nullptr, stopping}, {.address = "127.0.0.1"},
                            events);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::size_t{data[0]} + 1;
  session.feed(net::kHttp2Preface);
  std::string out;
  while (!bytes.empty() && session.alive()) {
    session.feed(bytes.substr(0, cut));
    bytes.remove_prefix(std::min(cut, bytes.size()));
    for (const auto stream : std::exchange(events.whole, {})) {
      net::HttpResponse response;
      response.body = "answer";
      if (session.answer(stream, std::move(response)) != nullptr) __builtin_trap();
    }
    out.clear();
    session.collect(out, 1U << 16U);
  }
  return 0;
}
