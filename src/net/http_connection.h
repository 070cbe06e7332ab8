#pragma once
/// One HTTP/1.1 connection: reads a request, has it handled, writes the answer, and again. Used by http_server.cc.
/// Threads: everything on the connection's loop.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "net/byte_stream.h"
#include "net/http_head.h"
#include "net/http_server.h"

namespace penstock::net {

/// The bytes of all bodies that are in memory. Threads: any.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes_max) : left_(static_cast<std::int64_t>(bytes_max)) {}
  [[nodiscard]] bool take(std::size_t bytes) {
    if (left_.fetch_sub(static_cast<std::int64_t>(bytes)) >= static_cast<std::int64_t>(bytes)) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes)); }

 private:
  std::atomic<std::int64_t> left_;
};

/// What a connection needs of its server; outlives it.
struct ConnectionHost {
  const Clock& clock;
  const HttpLimits& limits;
  const HttpHandler& handler;
  const RefusalRenderer& refusal;
  BodyBudget& bodies;
  const std::atomic<bool>& stopping;  ///< no request after the present one
};

class HttpConnection {
 public:
  HttpConnection(ConnectionHost host, std::unique_ptr<ByteStream> stream, std::string remote_address);

  /// Serves until either side ends it. Run once; the connection must outlive it.
  Task<void> run();

  /// Once the host is stopping: closes now if it waits for a request, else it will after the answer under way.
  void finish();
  void cancel() { stream_->cancel(); }
  /// Cancels it when its present step has taken too long.
  void check_deadline(SteadyTime now);

 private:
  /// Why a connection ends: with an answer that says so, or (nullopt) without a word.
  using Ending = std::optional<HttpRefusal>;
  template <class T>
  using OrEnding = std::expected<T, Ending>;

  Task<OrEnding<RequestHead>> read_head();
  Task<OrEnding<void>> wait_for_request();
  Task<OrEnding<void>> read_more_input(std::size_t bytes_max);
  Task<OrEnding<void>> read_body(RequestHead& head);
  Task<OrEnding<void>> read_sized_body(HttpRequest& request, std::size_t size);
  Task<OrEnding<void>> read_chunked_body(HttpRequest& request);
  Task<bool> answer(const RequestHead& head, HttpResponse response, bool close);
  Task<bool> write_all(std::string_view head, std::string_view body);
  Task<void> refuse(HttpRefusal why, const HttpRequest* head);
  Task<void> drain();
  [[nodiscard]] bool charge(std::size_t bytes);
  void release_charge();
  void allow(std::chrono::milliseconds time) { deadline_ = host_.clock.steady() + time; }
  void allow_body(SteadyTime start, std::size_t received);

  ConnectionHost host_;
  std::unique_ptr<ByteStream> stream_;
  std::string remote_address_;
  std::string input_;           ///< bytes read and not yet used; bounded by the head's bound
  std::size_t input_used_ = 0;  ///< of its front
  SteadyTime deadline_ = SteadyTime::max();
  std::size_t charged_bytes_ = 0;
  bool idle_ = true;
};

}  // namespace penstock::net
