#pragma once
/// "Look again": one coroutine waits, anybody rings. Carries no data, so it never grows.
/// Guarantee: a ring that comes while nobody waits is kept for the next wait; many rings may count as one.
/// Threads:   ring from any thread; one waiter at a time, which resumes on its own executor.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/task.h"

namespace penstock::stream {

class Bell {
 public:
  void ring() EXCLUDES(mutex_) {
    std::optional<Completion<bool>> waiter;
    {
      const MutexLock lock(mutex_);
      waiter = std::exchange(waiter_, std::nullopt);
      rung_ = !waiter.has_value();
    }
    if (waiter) waiter->set(true);
  }

  Task<void> wait() {
    const Completion<bool> rung;
    if (!begin_wait(rung)) co_return;
    co_await rung;
  }

 private:
  [[nodiscard]] bool begin_wait(const Completion<bool>& rung) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (std::exchange(rung_, false)) return false;
    waiter_ = rung;
    return true;
  }

  Mutex mutex_;
  bool rung_ GUARDED_BY(mutex_) = false;
  std::optional<Completion<bool>> waiter_ GUARDED_BY(mutex_);
};

/// The bells of all who want to know of one thing. Bounds: the living bells, and as many dead ones.
class BellBoard {
 public:
  void add(std::weak_ptr<Bell> bell) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (bells_.size() >= prune_at_) {
      std::erase_if(bells_, [](const auto& old) { return old.expired(); });
      prune_at_ = std::max(kPruneAtMin, bells_.size() * 2);
    }
    bells_.push_back(std::move(bell));
  }

  void ring_all() EXCLUDES(mutex_) {
    std::vector<std::weak_ptr<Bell>> bells;
    {
      const MutexLock lock(mutex_);
      bells = bells_;
    }
    for (const auto& weak : bells) {
      if (const auto bell = weak.lock()) bell->ring();
    }
  }

 private:
  static constexpr std::size_t kPruneAtMin = 16;
  Mutex mutex_;
  std::vector<std::weak_ptr<Bell>> bells_ GUARDED_BY(mutex_);
  std::size_t prune_at_ GUARDED_BY(mutex_) = kPruneAtMin;
};

}  // namespace penstock::stream
