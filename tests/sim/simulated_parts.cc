#include "simulated_parts.h"

#include <utility>

namespace penstock::sim {

void SimExecutor::post(std::move_only_function<void()> work) {
  if (at_once_) return work();
  jobs_.push_back(std::move(work));
}

bool SimExecutor::run_one() {
  if (jobs_.empty() || (kind_ == Kind::single && running_)) return false;
  ++steps_;
  const std::size_t at = kind_ == Kind::threads ? random_.below(jobs_.size()) : 0;
  auto job = std::move(jobs_[at]);
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(at));
  const bool nested = std::exchange(running_, true);
  job();
  running_ = nested;
  return true;
}

void SimClock::jump_somewhere(Random& random, std::chrono::milliseconds most) {
  const auto by = static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(most.count()) + 1));
  jump(std::chrono::milliseconds(by) - most);
}

}  // namespace penstock::sim
