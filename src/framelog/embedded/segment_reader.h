#pragma once
/// Reads the groups and frames of one segment file, checking every byte it gives out.
/// Threads: one at a time. Errors: what the file gives; wrong bytes are values, the caller knows what they mean.

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/segment_index.h"
#include "os/file_system.h"

namespace penstock::framelog {

/// A window that slides over a file.
class FileWindow {
 public:
  /// While it is read on from where it ends, the window doubles, up to `window_bytes_max`.
  FileWindow(os::File& file, std::size_t window_bytes, std::size_t window_bytes_max = 0)
      : file_(file), window_bytes_(window_bytes), window_bytes_max_(window_bytes_max) {}
  /// `length` bytes at `offset`, fewer at the end of the file. The view holds until the next call.
  Result<std::string_view> view(std::uint64_t offset, std::size_t length);
  /// The same bytes as a string of their own; what is large and not in the window yet is read straight into it.
  Result<std::string> take(std::uint64_t offset, std::size_t length);
  /// Bytes from `end` on are read only when they are asked for.
  void want_until(std::uint64_t end) { wanted_end_ = end; }
  /// From the file, so far.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  os::File& file_;
  std::size_t window_bytes_;
  std::size_t window_bytes_max_;
  std::uint64_t wanted_end_ = UINT64_MAX;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t begin_ = 0;
  std::string bytes_;
};

/// Where a group stops being readable, and why.
struct BadBytes {
  std::uint64_t offset = 0;
  std::string_view what;
};

struct Group {
  GroupHeader header;
  std::uint64_t end = 0;
  std::vector<FramePlace> frames;  ///< without those that were lost
  std::vector<ShardTip> tips;
};

/// Reads and checks the whole group at `offset`.
Result<std::expected<Group, BadBytes>> read_group(FileWindow& window, std::uint32_t seed, std::uint64_t offset);

/// The group headers that can be found from `offset` on, wherever they lie.
Result<void> find_group_headers(FileWindow& window, std::uint32_t seed, std::uint64_t offset,
                                const std::function<void(std::uint64_t offset, const GroupHeader&)>& found);

struct FrameWalk {
  ShardIndex shard;               ///< whose frames are wanted
  Position from;                  ///< frames before it are passed over
  std::uint64_t offset = 0;       ///< of a frame's header: the walk starts there
  std::uint64_t stop_offset = 0;  ///< frames that begin here or later are not visited
  std::uint64_t data_end = 0;
  bool sorted = false;  ///< the walk ends with the shard's frames
};
/// Visits wanted frames in order until `visit` gives false. A visited frame's payload has been checked.
Result<std::expected<void, BadBytes>> walk_frames(
    FileWindow& window, std::uint32_t seed, const FrameWalk& walk,
    const std::function<bool(const FramePlace&, std::string payload)>& visit);

}  // namespace penstock::framelog
