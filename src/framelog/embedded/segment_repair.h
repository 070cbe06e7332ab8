#pragma once
/// Writes a segment anew from what is whole of a damaged one. Everything whole stays at its offset or moves within its
/// bad stretch, and the data ends where it did, so that the segments before and behind still fit.
/// Threads: one at a time. Errors: unavailable, corrupt (what was found contradicts itself).

#include <map>
#include <memory>
#include <string>

#include "core/result.h"
#include "framelog/embedded/segment_file.h"
#include "framelog/embedded/segment_scan.h"

namespace penstock::framelog {

class SegmentRepair {
 public:
  /// `proven_*`: what the first group says of the segment before. `out` is empty.
  SegmentRepair(std::uint64_t number, std::uint32_t seed, std::unique_ptr<os::File> out, std::uint64_t proven_segment,
                std::uint64_t proven_end);

  /// The next stretch. `from` is the damaged segment (not asked when the stretch holds no frame). `tips` are the newest
  /// frames before the stretch: the first group of a segment carries them.
  Result<void> add(FileWindow* from, const Stretch& stretch, const std::map<ShardIndex, ShardTip>& tips);
  /// Durable when it returns.
  Result<void> finish(LogPlace next);

 private:
  Result<void> copy(FileWindow& from, const Stretch& stretch);
  Result<void> rebuild(FileWindow* from, const Stretch& stretch, const std::map<ShardIndex, ShardTip>& tips);
  void append_mark(const std::map<ShardIndex, ShardTip>& tips, LogPlace& place, std::string& out) const;
  Result<void> append_frames(FileWindow& from, const Stretch& stretch, LogPlace& place, std::string& out);
  Result<void> write(std::string_view bytes);
  [[nodiscard]] GroupHeader header_at(std::uint64_t offset) const;

  const std::uint32_t seed_;
  const std::unique_ptr<os::File> out_;
  const std::uint64_t proven_segment_;
  const std::uint64_t proven_end_;
  Segment segment_;
};

}  // namespace penstock::framelog
