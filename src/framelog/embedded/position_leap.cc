#include "framelog/embedded/position_leap.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/recovery.h"
#include "framelog/embedded/segment_file.h"

namespace penstock::framelog {
namespace {

using Tips = std::map<ShardIndex, ShardTip>;

/// Writes segments of groups without frames at a log's end.
class LeapWriter {
 public:
  LeapWriter(os::FileSystem& files, std::string directory, RecoveredLog log)
      : files_(files), directory_(std::move(directory)), log_(std::move(log)) {}

  void begin() {
    bytes_.assign(kDataStart, '\0');
    seed_ = segment_seed(log_.salt, log_.next_segment);
    const std::string header = encode_segment_header(seed_, log_.next_segment);
    bytes_.replace(0, header.size(), header);
  }

  void add_mark(const Tips& tips) {
    std::string body(tips.size() * kTipBytes, '\0');
    char* at = body.data();
    for (const auto& [shard, tip] : tips) {
      encode_tip(tip, at);
      at += kTipBytes;
    }
    add({.count = static_cast<std::uint32_t>(tips.size()), .kind = GroupKind::mark, .body_crc = crc32c(body)}, body);
  }

  void add_leap() { add({.count = UINT32_MAX, .kind = GroupKind::lost, .body_crc = kLeap}, {}); }

  Result<void> seal() {
    Segment segment;
    segment.number = log_.next_segment++;
    segment.seed = seed_;
    segment.path = directory_ + "/" + segment_name(segment.number);
    segment.data_end = bytes_.size();
    segment.next_sequence = log_.next_sequence;
    segment.next_position = log_.next_position;
    segment.index = std::make_unique<SegmentIndex>();
    PENSTOCK_TRY(const auto file, files_.open(segment.path, os::OpenMode::create_new));
    const std::array<std::string_view, 1> parts = {bytes_};
    PENSTOCK_TRY_VOID(file->pwritev(parts, 0));
    return seal_segment(*file, segment);
  }

 private:
  void add(GroupHeader header, std::string_view body) {
    header.sequence = log_.next_sequence++;
    header.first_position = log_.next_position;
    header.proven_segment = log_.proven_segment;
    header.proven_end = log_.proven_end;
    header.body_bytes = static_cast<std::uint32_t>(body.size());
    log_.next_position = position_after(header);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + kGroupHeaderBytes);
    encode_group_header(seed_, header, bytes_.data() + at);
    bytes_ += body;
    bytes_.resize(align_up(bytes_.size(), kGroupAlign), '\0');
    log_.proven_segment = log_.next_segment;
    log_.proven_end = bytes_.size();
  }

  os::FileSystem& files_;
  const std::string directory_;
  RecoveredLog log_;
  std::uint32_t seed_ = 0;
  std::string bytes_;
};

}  // namespace

Result<std::uint64_t> leap_positions(os::FileSystem& files, const std::string& directory,
                                     const std::vector<ShardIndex>& shards) {
  PENSTOCK_TRY(RecoveredLog log, recover_log(files, directory));
  const std::uint64_t from = log.next_position;
  if (from > INT64_MAX - 2 * kLeapPositions) return fail(ErrorKind::unavailable, "the log has no positions left");
  Tips tips = log.tips;
  Tips leapt = log.tips;
  Timestamp newest{};
  for (const auto& [shard, tip] : tips) newest = std::max(newest, tip.time);
  for (const ShardIndex shard : shards) {
    leapt[shard] = {.shard = shard, .position = Position(from + kLeapPositions - 1), .time = newest};
  }
  // The second segment's mark stands behind the positions whose last one its tips name.
  LeapWriter writer(files, directory, std::move(log));
  writer.begin();
  writer.add_mark(tips);
  for (std::uint64_t leap = 0; leap < kLeapPositions; leap += UINT32_MAX) writer.add_leap();
  PENSTOCK_TRY_VOID(writer.seal());
  writer.begin();
  writer.add_mark(leapt);
  PENSTOCK_TRY_VOID(writer.seal());
  PENSTOCK_TRY_VOID(files.sync_directory(directory));
  return from;
}

}  // namespace penstock::framelog
