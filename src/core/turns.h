#pragma once
/// One at a time, in the order of asking: for changes that read, decide and write while nobody else does.
///
///     const std::optional<Turns::Turn> turn = co_await turns.take();
///     if (!turn) ...  // waiting_max wait already
///     ...             // mine until `turn` dies
///
/// Threads: any. A Turns outlives its Turns.

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "core/task.h"

namespace penstock {

class Turns {
 public:
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->give_back();
    }

   private:
    Turns* turns_;
  };

  explicit Turns(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  /// nullopt when too many wait.
  Task<std::optional<Turn>> take() EXCLUDES(mutex_) {
    std::optional<Completion<bool>> mine;
    {
      const MutexLock lock(mutex_);
      if (taken_) {
        if (waiting_.size() >= waiting_max_) co_return std::nullopt;
        mine = waiting_.emplace_back();
      }
      taken_ = true;
    }
    if (mine.has_value()) co_await *mine;
    co_return Turn(*this);
  }

 private:
  void give_back() EXCLUDES(mutex_) {
    std::optional<Completion<bool>> next;
    {
      const MutexLock lock(mutex_);
      taken_ = !waiting_.empty();
      if (taken_) {
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    if (next.has_value()) next->set(true);
  }

  const std::size_t waiting_max_;
  Mutex mutex_;
  bool taken_ GUARDED_BY(mutex_) = false;
  std::deque<Completion<bool>> waiting_ GUARDED_BY(mutex_);  // bounded by waiting_max_
};

}  // namespace penstock
