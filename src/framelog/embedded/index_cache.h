#pragma once
/// The indexes of sealed segments that reads needed lately, within one bound of bytes for all logs: what is stored
/// costs no memory, only what is read. Threads: any. Bounds: `bytes_max`, or the one index used last when it is larger.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "core/result.h"
#include "framelog/embedded/segment_file.h"
#include "framelog/embedded/segment_index.h"
#include "os/file_system.h"

namespace penstock::framelog {

class IndexCache {
 public:
  using IndexPtr = std::shared_ptr<const SegmentIndex>;

  IndexCache(os::FileSystem& files, std::size_t bytes_max) : files_(files), bytes_max_(bytes_max) {}

  /// The index of a sealed segment, from its file if need be; when that does not hold a whole one, made by walking the
  /// segment. It may block on the disk. Errors: missing (the segment was dropped), corrupt, unavailable.
  Result<IndexPtr> get(const Segment& segment) EXCLUDES(mutex_);
  /// The index of a segment that is being sealed: readers will want it soon.
  void put(const std::string& path, IndexPtr index) EXCLUDES(mutex_);
  /// The segment is gone, or its file was replaced.
  void forget(const std::string& path) EXCLUDES(mutex_);

  [[nodiscard]] std::size_t bytes() const EXCLUDES(mutex_);

 private:
  struct Entry {
    IndexPtr index;
    std::size_t bytes = 0;
    std::list<std::string>::iterator used;
  };

  os::FileSystem& files_;
  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  std::list<std::string> oldest_first_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

/// What a log notes of a segment whose index it saw.
[[nodiscard]] Segment::Summary summarize(const SegmentIndex& index);

}  // namespace penstock::framelog
