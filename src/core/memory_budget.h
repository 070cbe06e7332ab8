#pragma once
/// A bound of bytes that many share: whoever needs memory in bulk asks first, waits in line while there is none, and
/// gives up after a while. So load makes things slower, then refused, and never larger.
///
///     auto charge = co_await budget.take(10 << 20, 5s);   // nothing: refuse, as throttled
///     charge->shrink_to(used);                            // what it holds is free again when it is destroyed
///
/// Order:   first come, first served; a large wish is not overtaken by small ones.
/// Threads: any; `take` resumes on the awaiting coroutine's executor.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "core/task.h"
#include "core/timers.h"

namespace penstock {

class MemoryBudget;

namespace detail {

/// What a budget, its charges and its timers share.
struct MemoryAccount {
  struct Waiter {
    std::size_t bytes = 0;
    Completion<bool> done{};
  };

  explicit MemoryAccount(std::size_t bound) : bytes_max(bound) {}
  [[nodiscard]] bool take_now(std::size_t bytes) EXCLUDES(mutex);
  [[nodiscard]] std::shared_ptr<Waiter> wait(std::size_t bytes) EXCLUDES(mutex);
  void give_up(const std::shared_ptr<Waiter>& waiter) EXCLUDES(mutex);
  void count(std::size_t bytes) EXCLUDES(mutex);
  void give_back(std::size_t bytes) EXCLUDES(mutex);

  const std::size_t bytes_max;
  std::atomic<std::size_t> used = 0;     ///< written under the mutex
  std::atomic<std::size_t> waiting = 0;  ///< the same
  Mutex mutex;
  std::list<std::shared_ptr<Waiter>> line GUARDED_BY(mutex);  ///< bounded by who asks: connections and their requests
};

}  // namespace detail

/// Bytes of a budget, given back when it is destroyed. Empty when default-constructed. The budget outlives it.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(MemoryCharge&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  ~MemoryCharge() { shrink_to(0); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Gives back what is over `bytes`; nothing if it holds less.
  void shrink_to(std::size_t bytes);

 private:
  friend class MemoryBudget;
  MemoryCharge(detail::MemoryAccount& account, std::size_t bytes) : account_(&account), bytes_(bytes) {}

  detail::MemoryAccount* account_ = nullptr;
  std::size_t bytes_ = 0;
};

class MemoryBudget {
 public:
  /// `timers` outlives it. When it is destroyed nobody waits and nothing is charged any more.
  MemoryBudget(std::size_t bytes_max, Timers& timers)
      : timers_(timers), account_(std::make_shared<detail::MemoryAccount>(bytes_max)) {}

  /// Waits in line for as many bytes (who wants more than there are gets all). Nothing when they did not become free
  /// within `patience`.
  Task<std::optional<MemoryCharge>> take(std::size_t bytes, std::chrono::milliseconds patience);
  /// The same without waiting: nothing when they are not free now, or somebody waits.
  [[nodiscard]] std::optional<MemoryCharge> take_now(std::size_t bytes);
  /// For memory that is in use already: it is counted, whatever the bound.
  [[nodiscard]] MemoryCharge count(std::size_t bytes);

  /// All is taken, or somebody waits: no time to begin something.
  [[nodiscard]] bool is_full() const {
    return account_->waiting.load(std::memory_order_relaxed) > 0 ||
           account_->used.load(std::memory_order_relaxed) >= account_->bytes_max;
  }
  [[nodiscard]] std::size_t bytes() const { return account_->used.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes_max() const { return account_->bytes_max; }
  [[nodiscard]] std::size_t waiting() const { return account_->waiting.load(std::memory_order_relaxed); }

 private:
  Timers& timers_;
  const std::shared_ptr<detail::MemoryAccount> account_;
};

}  // namespace penstock
