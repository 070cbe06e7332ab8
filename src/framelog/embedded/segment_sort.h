#pragma once
/// Writes a sealed segment anew, its frames sorted by shard, so that a shard's frames lie together. The segment's file
/// is only read; the new one has a name of its own (format.h), and the bytes that docs/formats/frame-log.md describes.
///
/// Order:   1. the new file is written and synced under its name + kSortingSuffix; 2. it is renamed; 3. the folder is
///          synced; from then on it stands for the old one, which is removed by whoever asked. So after a power loss
///          there is the old file, or both (the sorted one is whole: recovery drops the other), or the sorted one.
/// Threads: one at a time. Errors: missing (the segment was dropped meanwhile), unavailable.
/// Bounds:  memory: Options::step_bytes and at most two thirds of that again, 2 MiB, and about 200 bytes for each shard
/// of
///          the segment; never more than 16 MiB as it is set.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/segment_file.h"
#include "framelog/embedded/segment_reader.h"

namespace penstock::framelog {

class SegmentSort {
 public:
  struct Options {
    std::size_t step_bytes = 8U << 20U;  ///< what a step reads or writes, about
    std::uint64_t gain_min = 4;          ///< see pays()
  };
  enum class State : std::uint8_t {
    measuring,  ///< how much of it belongs to which shard
    copying,
    written,  ///< and durable, but for its name
    unfit,    ///< the segment stays as it is: it would not pay, frames of it were lost, or some byte is bad
  };

  SegmentSort(os::FileSystem& files, std::string directory, const Segment& sealed, Options options);
  /// Removes what was written, unless it has got its name.
  ~SegmentSort();
  SegmentSort(const SegmentSort&) = delete;
  SegmentSort& operator=(const SegmentSort&) = delete;

  /// Whether one reader for each shard would together read so many times more than the data has bytes. Before the
  /// shards are counted (0) the answer may be yes where it will be no, not the other way round.
  [[nodiscard]] static bool pays(std::uint64_t data_end, std::uint64_t index_bytes, std::uint64_t shard_count,
                                 std::uint64_t gain_min);

  /// Does a part of the work.
  Result<State> step();
  /// What was read and written since this was last asked.
  std::uint64_t take_bytes_moved();
  /// Why it is unfit; empty if it merely would not pay.
  [[nodiscard]] const std::string& reason() const { return reason_; }

  /// After `written`: gives the file its name, durably. After an error the file is gone, or will be when the segment is
  /// trimmed or the log opened.
  Result<void> put_in_place();
  /// After put_in_place.
  [[nodiscard]] std::shared_ptr<Segment> take_segment();

 private:
  struct Run {
    std::uint64_t bytes = 0;
    std::uint64_t frames_left = 0;
    std::uint64_t offset = 0;  ///< where its next frame is written
  };
  /// A frame that waits in the buffer.
  struct Held {
    std::uint32_t shard = 0;
    std::uint32_t begin = 0;
    auto operator<=>(const Held&) const = default;
  };
  /// Where reading stands.
  struct Cursor {
    std::uint64_t at = kDataStart;
    std::uint64_t group_end = kDataStart;
    std::uint32_t frames_left = 0;  ///< of the group
    std::uint64_t position = 0;     ///< that comes next
  };

  Result<void> begin();
  Result<void> measure_some();
  Result<void> lay_out();
  Result<void> copy_some();
  Result<void> write_held();
  Result<void> finish();
  /// The next frame's header; nothing at the end of the data, or when the segment is unfit.
  Result<std::optional<FrameHeader>> next_frame();
  Result<bool> next_group();
  void advance(const FrameHeader& header);
  Result<void> hold(FrameHeader header);
  Result<void> copy_in_pieces(FrameHeader header);
  Result<std::size_t> write_run(std::size_t begin);
  Result<void> write(std::span<const std::string_view> parts, std::uint64_t offset);
  void refuse(std::uint64_t offset, std::string_view why);

  os::FileSystem& files_;
  const std::string directory_;
  const Options options_;
  const std::string source_path_;
  const std::uint64_t index_bytes_;
  State state_ = State::measuring;
  std::string reason_;
  std::unique_ptr<os::File> source_;
  std::optional<FileWindow> window_;
  std::unique_ptr<os::File> out_;
  bool is_named_ = false;
  std::shared_ptr<Segment> segment_;  ///< the sorted one
  std::string mark_;
  GroupHeader mark_header_;
  Cursor cursor_;
  std::map<std::uint32_t, Run> runs_;
  std::string buffer_;
  std::vector<Held> held_;
  std::uint64_t bytes_read_noted_ = 0;
  std::uint64_t bytes_moved_ = 0;
};

}  // namespace penstock::framelog
