#pragma once
/// Reads all of a segment, bad bytes or not: what is whole, what is not, and what of a bad stretch can still be read.
/// For people who ask (check, repair); serving and recovery read with segment_reader.h, which stops at bad bytes.
/// Threads: one at a time. Errors: what the file gives; bad bytes are values.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/segment_reader.h"

namespace penstock::framelog {

/// What comes next at some place of a log.
struct LogPlace {
  std::uint64_t sequence = 0;
  std::uint64_t position = 0;
  bool operator==(const LogPlace&) const = default;
};

/// Some of a segment's data: one good group, or bytes that are none. Stretches follow each other without a gap.
struct Stretch {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  LogPlace first;  ///< of what it holds, or held
  LogPlace next;   ///< of what follows
  std::optional<Group> group;
  std::string_view what;           ///< without a group: what is wrong
  bool sorted = false;             ///< it is, or was, a group of kind sorted
  std::vector<FramePlace> frames;  ///< the whole ones, by position
  std::vector<FramePlace> spoilt;  ///< those of which only the header can be read
  [[nodiscard]] bool is_bad() const { return !group.has_value(); }
  /// Frames that it held and that cannot be read.
  [[nodiscard]] std::uint64_t lost() const { return next.position - first.position - frames.size(); }
};

struct ScanRange {
  bool sorted = false;  ///< frames may lie by shard, as the segment's name says
  std::uint64_t begin = kDataStart;
  std::uint64_t data_end = 0;
  std::optional<LogPlace> first;                ///< what should come at `begin`; not known: what the first bytes say
  std::optional<std::uint64_t> first_position;  ///< for when `first` is not known but this is
  std::optional<LogPlace> next;  ///< what comes behind `data_end`; not known: what the last good byte says
};

/// Calls `visit` for each stretch of the range, in order.
Result<void> scan_segment(FileWindow& window, std::uint32_t seed, const ScanRange& range,
                          const std::function<Result<void>(const Stretch&)>& visit);

/// Where the data of a segment that is not sealed ends, as far as its own bytes tell: behind its last good group, or
/// behind what a group header in it proves. kDataStart: it holds nothing.
Result<std::uint64_t> find_data_end(FileWindow& window, std::uint32_t seed, std::uint64_t segment);

}  // namespace penstock::framelog
