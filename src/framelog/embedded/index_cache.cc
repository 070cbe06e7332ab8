#include "framelog/embedded/index_cache.h"

#include <fmt/format.h>

#include <utility>

#include "framelog/embedded/segment_scan.h"
#include "framelog/log_metrics.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kScanWindowBytes = 1U << 20U;

/// An index that rotted, or that a power loss left unwritten, costs time, not data. But where data is damaged too,
/// nobody can tell which shards lack a frame.
Result<SegmentIndex> walk(os::File& file, const Segment& segment) {
  SegmentIndex index;
  FileWindow window(file, kScanWindowBytes);
  log_metrics().cold_bytes.add(segment.data_end);
  const ScanRange range{.data_end = segment.data_end, .first = {}, .first_position = {}, .next = {}};
  PENSTOCK_TRY_VOID(scan_segment(window, segment.seed, range, [&](const Stretch& stretch) -> Result<void> {
    if (stretch.is_bad()) {
      return fail(ErrorKind::corrupt, fmt::format("segment {} is corrupt at offset {}: {}, and so is its index",
                                                  segment.path, stretch.begin, stretch.what));
    }
    for (const FramePlace& frame : stretch.frames) index.add(frame);
    return {};
  }));
  return index;
}

}  // namespace

Result<IndexCache::IndexPtr> IndexCache::get(const Segment& segment) {
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(segment.path);
    if (found != entries_.end()) {
      oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.used);
      return found->second.index;
    }
  }
  PENSTOCK_TRY(const auto file, files_.open(segment.path, os::OpenMode::read));
  PENSTOCK_TRY(auto tail, read_sealed_tail(*file, segment.seed));
  if (tail.has_value()) log_metrics().cold_bytes.add(kTrailerBytes + tail->trailer.index_bytes);
  SegmentIndex index;
  if (tail.has_value()) {
    index = std::move(tail->index);
  } else {
    PENSTOCK_TRY(index, walk(*file, segment));
  }
  auto made = std::make_shared<const SegmentIndex>(std::move(index));
  put(segment.path, made);
  return made;
}

void IndexCache::put(const std::string& path, IndexPtr index) {
  const std::size_t bytes = index->memory_bytes();
  const MutexLock lock(mutex_);
  if (entries_.contains(path)) return;
  oldest_first_.push_back(path);
  entries_.emplace(path, Entry{.index = std::move(index), .bytes = bytes, .used = std::prev(oldest_first_.end())});
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    const auto oldest = entries_.find(oldest_first_.front());
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
    oldest_first_.pop_front();
  }
}

void IndexCache::forget(const std::string& path) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(path);
  if (found == entries_.end()) return;
  bytes_ -= found->second.bytes;
  oldest_first_.erase(found->second.used);
  entries_.erase(found);
}

std::size_t IndexCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

Segment::Summary summarize(const SegmentIndex& index) {
  Segment::Summary summary{.time_last = index.time_last(), .shards = {}};
  summary.shards.reserve(index.shards().size());
  for (const auto& [shard, range] : index.shards()) summary.shards.push_back(shard);
  return summary;
}

}  // namespace penstock::framelog
