#pragma once
/// A handler whose answers are streams that the test feeds: "/plain" is answered "plain", everything else with "first"
/// and then the pieces that the test pushes.

#include <deque>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>

#include "core/mutex.h"
#include "net/http.h"

namespace penstock::net {

/// Threads: any.
class PieceSource {
 public:
  using Piece = std::optional<std::string>;

  void push(std::string piece) { give(std::move(piece)); }
  void end() { give(std::nullopt); }
  /// From now on every piece is this one, at once.
  void repeat(std::string piece) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    repeated_ = std::move(piece);
  }
  void wait_for_cancel() { cancelled_.acquire(); }
  [[nodiscard]] std::size_t taken() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return taken_;
  }

  Task<HttpResponse> answer(HttpRequest request) {
    HttpResponse response;
    if (request.path() == "/plain") {
      response.body = "plain";
    } else {
      response.body = "first";
      response.stream = std::make_unique<Stream>(*this);
    }
    co_return response;
  }

 private:
  class Stream final : public BodyStream {
   public:
    explicit Stream(PieceSource& source) : source_(source) {}
    ~Stream() override {
      if (cancelled_) source_.cancelled_.release();
    }
    Task<Piece> next() override { return source_.next(&cancelled_); }
    void cancel() override {
      cancelled_ = true;
      source_.wake();
    }

   private:
    PieceSource& source_;
    bool cancelled_ = false;
  };

  void give(Piece piece) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (waiting_.has_value()) {
      std::exchange(waiting_, std::nullopt)->set(std::move(piece));
    } else {
      pieces_.push_back(std::move(piece));
    }
  }
  void wake() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (waiting_.has_value()) std::exchange(waiting_, std::nullopt)->set(std::nullopt);
  }
  Task<Piece> next(const bool* cancelled) EXCLUDES(mutex_) {
    if (*cancelled) co_return std::nullopt;
    std::optional<Completion<Piece>> wait;
    {
      const MutexLock lock(mutex_);
      ++taken_;
      if (repeated_.has_value()) co_return *repeated_;
      if (!pieces_.empty()) {
        Piece piece = std::move(pieces_.front());
        pieces_.pop_front();
        co_return piece;
      }
      wait = waiting_.emplace();
    }
    co_return co_await *wait;
  }

  mutable Mutex mutex_;
  std::deque<Piece> pieces_ GUARDED_BY(mutex_);
  std::optional<std::string> repeated_ GUARDED_BY(mutex_);
  std::optional<Completion<Piece>> waiting_ GUARDED_BY(mutex_);
  std::size_t taken_ GUARDED_BY(mutex_) = 0;
  std::counting_semaphore<> cancelled_{0};
};

}  // namespace penstock::net
