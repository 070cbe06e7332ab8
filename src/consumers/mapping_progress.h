#pragma once
/// What is known of a mapping while it runs: its last result, what it has done. Shared by its shards.
/// Threads: any.

#include <atomic>
#include <cstdint>
#include <string>

#include "core/clock.h"
#include "core/mutex.h"

namespace penstock::consumers {

/// Counts since the start.
struct MappingCounts {
  std::uint64_t records_invoked = 0;  ///< handed to the function, each time counted
  std::uint64_t records_succeeded = 0;
  std::uint64_t records_filtered = 0;
  std::uint64_t records_discarded = 0;
  std::uint64_t invocations = 0;
  std::uint64_t failed_invocations = 0;
  std::int64_t iterator_age_ms = 0;  ///< of the last record of the latest batch, when it was handed over
};

class MappingProgress {
 public:
  void note_result(std::string text) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    result_ = std::move(text);
  }
  [[nodiscard]] std::string result() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return result_;
  }
  [[nodiscard]] MappingCounts counts() const {
    return {.records_invoked = records_invoked,
            .records_succeeded = records_succeeded,
            .records_filtered = records_filtered,
            .records_discarded = records_discarded,
            .invocations = invocations,
            .failed_invocations = failed_invocations,
            .iterator_age_ms = iterator_age_ms};
  }

  std::atomic<std::uint64_t> records_invoked = 0;
  std::atomic<std::uint64_t> records_succeeded = 0;
  std::atomic<std::uint64_t> records_filtered = 0;
  std::atomic<std::uint64_t> records_discarded = 0;
  std::atomic<std::uint64_t> invocations = 0;
  std::atomic<std::uint64_t> failed_invocations = 0;
  std::atomic<std::int64_t> iterator_age_ms = 0;

 private:
  mutable Mutex mutex_;
  std::string result_ GUARDED_BY(mutex_) = "No records processed";  // LastProcessingResult
};

}  // namespace penstock::consumers
