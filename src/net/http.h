#pragma once
/// HTTP as values: what the server hands to the gateway and takes back. Knows no service.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/memory_budget.h"
#include "core/task.h"

namespace penstock::net {

/// Header names keep the sender's spelling; lookup ignores case. Order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  ///< replaces every value of that name
  /// The first value, or nullptr.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

struct HttpRequest {
  std::string method;
  std::string target;  ///< as on the wire, still percent-encoded: "/path?query"
  Headers headers;     ///< HTTP/2 pseudo-headers appear as ":authority" and so on
  std::string body;
  std::string remote_address;  ///< "127.0.0.1"
  bool secure = false;         ///< came over TLS

  [[nodiscard]] std::string_view path() const;
  [[nodiscard]] std::string_view query() const;  ///< without '?'
};

/// A body that is made while it is sent: event streams. The server asks for the next piece only when the client can
/// take it (TCP's window, HTTP/2's too), so that a slow reader makes `next` be called late, and nothing grows. Threads:
/// everything on the connection's loop; `next` is never called while an earlier one is under way.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The next piece, not empty; nullopt at the end. After cancel() it completes soon, with whatever.
  virtual Task<std::optional<std::string>> next() = 0;
  /// The client has gone, or the server stops. May come while `next` is under way, more than once, or never.
  virtual void cancel() = 0;
};

struct HttpResponse {
  int status = 200;
  Headers headers;  ///< Content-Length, Date and Connection are added by the server
  std::string body;
  /// When set, its pieces follow `body` and the length is not known beforehand (chunked, or HTTP/2 DATA). The server
  /// destroys it when no `next` is under way any more.
  std::unique_ptr<BodyStream> stream{};
  MemoryCharge memory{};  ///< for `body`, if it was asked for; the server holds it until the body is sent
};

/// Called on the connection's loop; the Task resumes there. Must give an answer in any case.
using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

}  // namespace penstock::net
