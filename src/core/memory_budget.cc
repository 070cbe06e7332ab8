#include "core/memory_budget.h"

#include <algorithm>
#include <vector>

namespace penstock {

namespace detail {

bool MemoryAccount::take_now(std::size_t bytes) {
  const MutexLock lock(mutex);
  if (!line.empty() || used + bytes > bytes_max) return false;
  used += bytes;
  return true;
}

std::shared_ptr<MemoryAccount::Waiter> MemoryAccount::wait(std::size_t bytes) {
  auto waiter = std::make_shared<Waiter>(Waiter{.bytes = bytes});
  {
    const MutexLock lock(mutex);
    line.push_back(waiter);
    waiting = line.size();
  }
  give_back(0);  // something may have become free since the caller looked
  return waiter;
}

void MemoryAccount::give_up(const std::shared_ptr<Waiter>& waiter) {
  {
    const MutexLock lock(mutex);
    if (std::erase(line, waiter) == 0) return;  // it has been served
    waiting = line.size();
  }
  waiter->done.set(false);
  give_back(0);  // it may have stood before smaller ones
}

void MemoryAccount::count(std::size_t bytes) {
  const MutexLock lock(mutex);
  used += bytes;
}

void MemoryAccount::give_back(std::size_t bytes) {
  std::vector<std::shared_ptr<Waiter>> served;
  {
    const MutexLock lock(mutex);
    used -= bytes;
    while (!line.empty() && used + line.front()->bytes <= bytes_max) {
      used += line.front()->bytes;
      served.push_back(std::move(line.front()));
      line.pop_front();
    }
    waiting = line.size();
  }
  for (const auto& waiter : served) waiter->done.set(true);
}

}  // namespace detail

void MemoryCharge::shrink_to(std::size_t bytes) {
  if (bytes_ <= bytes) return;
  account_->give_back(bytes_ - bytes);
  bytes_ = bytes;
}

Task<std::optional<MemoryCharge>> MemoryBudget::take(std::size_t bytes, std::chrono::milliseconds patience) {
  bytes = std::min(bytes, account_->bytes_max);
  if (account_->take_now(bytes)) co_return MemoryCharge(*account_, bytes);
  const auto waiter = account_->wait(bytes);
  const TimerId timer = timers_.after(patience, [account = account_, waiter] { account->give_up(waiter); });
  const bool served = co_await waiter->done;
  timers_.cancel(timer);
  if (!served) co_return std::nullopt;
  co_return MemoryCharge(*account_, bytes);
}

std::optional<MemoryCharge> MemoryBudget::take_now(std::size_t bytes) {
  bytes = std::min(bytes, account_->bytes_max);
  if (!account_->take_now(bytes)) return std::nullopt;
  return MemoryCharge(*account_, bytes);
}

MemoryCharge MemoryBudget::count(std::size_t bytes) {
  account_->count(bytes);
  return {*account_, bytes};
}

}  // namespace penstock
