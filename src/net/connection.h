#pragma once
/// What every connection of the HTTP server is, whichever protocol it speaks, and what it needs of its server.
/// Threads: everything on the connection's loop, but for BodyBudget.

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "core/clock.h"
#include "core/task.h"
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

/// Some of a BodyBudget, given back when it is destroyed.
class BodyCharge {
 public:
  explicit BodyCharge(BodyBudget& budget) : budget_(&budget) {}
  BodyCharge(BodyCharge&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyCharge& operator=(BodyCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  BodyCharge(const BodyCharge&) = delete;
  BodyCharge& operator=(const BodyCharge&) = delete;
  ~BodyCharge() { release(); }

  [[nodiscard]] bool add(std::size_t bytes) {
    if (!budget_->take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void release() { budget_->give_back(std::exchange(bytes_, 0)); }

 private:
  BodyBudget* budget_;
  std::size_t bytes_ = 0;
};

/// What a connection needs of its server; outlives it.
struct ConnectionHost {
  const Clock& clock;
  const HttpLimits& limits;
  const HttpHandler& handler;
  const RefusalRenderer& refusal;
  BodyBudget& bodies;
  MemoryBudget* answers;              ///< null: no bound
  const std::atomic<bool>& stopping;  ///< no request after the present one
};

/// An answer of this size or more is counted as what it takes of memory until it is sent.
inline constexpr std::size_t kCountedAnswerBytes = 16U << 10U;
/// One of this size or more is dropped for a refusal (503) when there is no memory for it. Smaller ones never are: they
/// tell of changes that were made.
inline constexpr std::size_t kLargeAnswerBytes = 256U << 10U;

/// The answer is about to be sent: from now on its memory is what its body takes.
void count_memory(const ConnectionHost& host, HttpResponse& response);

/// Until when the client may take its time with the rest of an answer of which it has taken `sent` bytes since `start`.
[[nodiscard]] SteadyTime answer_deadline(const ConnectionHost& host, SteadyTime start, std::size_t sent);

/// Who is at the other end.
struct Peer {
  std::string address;  ///< "127.0.0.1"
  bool secure = false;  ///< over TLS
};

class Connection {
 public:
  virtual ~Connection() = default;
  /// Serves until either side ends it. Run once; the connection must outlive it. When it has run to its end, no handler
  /// and no BodyStream of its is under way any more.
  virtual Task<void> run() = 0;
  /// Once the host is stopping: closes now if it waits for a request, else it will after the answers under way.
  virtual void finish() = 0;
  /// Ends it at once; run() comes back when its handlers have.
  virtual void cancel() = 0;
  /// Cancels whatever has taken too long: one stream, or all of it.
  virtual void check_deadline(SteadyTime now) = 0;
};

}  // namespace penstock::net
