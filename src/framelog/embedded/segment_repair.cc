#include "framelog/embedded/segment_repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "framelog/embedded/crc32c.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kCopyBytes = 1U << 20U;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kUnknownShard = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kLostPayload{"\0\0\0\0\0\0\0\0", kFrameAlign};

std::unexpected<Error> contradiction(const Stretch& stretch) {
  return fail(ErrorKind::corrupt, fmt::format("what is whole between the offsets {} and {} finds no room there",
                                              stretch.begin, stretch.end));
}

void append_frame(std::uint32_t seed, FrameHeader header, std::string_view payload, std::string& out) {
  header.payload_crc = crc32c(payload);
  header.length = static_cast<std::uint32_t>(payload.size());
  const std::size_t at = out.size();
  out.resize(at + frame_bytes(payload.size()), '\0');
  encode_frame_header(seed, header, out.data() + at);
  payload.copy(out.data() + at + kFrameHeaderBytes, payload.size());
}

}  // namespace

SegmentRepair::SegmentRepair(std::uint64_t number, std::uint32_t seed, std::unique_ptr<os::File> out,
                             std::uint64_t proven_segment, std::uint64_t proven_end)
    : seed_(seed), out_(std::move(out)), proven_segment_(proven_segment), proven_end_(proven_end) {
  segment_.number = number;
  segment_.seed = seed;
  segment_.index = std::make_unique<SegmentIndex>();
}

Result<void> SegmentRepair::write(std::string_view bytes) {
  if (segment_.data_end == 0) {
    std::string start = encode_segment_header(seed_, segment_.number);
    start.resize(kDataStart, '\0');
    const std::array<std::string_view, 1> parts = {start};
    PENSTOCK_TRY_VOID(out_->pwritev(parts, 0));
    segment_.data_end = kDataStart;
  }
  const std::array<std::string_view, 1> parts = {bytes};
  PENSTOCK_TRY_VOID(out_->pwritev(parts, segment_.data_end));
  segment_.data_end += bytes.size();
  return {};
}

Result<void> SegmentRepair::add(FileWindow* from, const Stretch& stretch, const std::map<ShardIndex, ShardTip>& tips) {
  if (stretch.is_bad()) return rebuild(from, stretch, tips);
  return copy(*from, stretch);
}

Result<void> SegmentRepair::copy(FileWindow& from, const Stretch& stretch) {
  for (std::uint64_t at = stretch.begin; at < stretch.end;) {
    PENSTOCK_TRY(const auto bytes, from.view(at, std::min<std::uint64_t>(kCopyBytes, stretch.end - at)));
    if (bytes.empty()) return contradiction(stretch);
    PENSTOCK_TRY_VOID(write(bytes));
    at += bytes.size();
  }
  for (const FramePlace& frame : stretch.frames) segment_.index->add(frame);
  return {};
}

GroupHeader SegmentRepair::header_at(std::uint64_t offset) const {
  const bool first = offset == kDataStart;
  return {.sequence = 0,
          .first_position = 0,
          .proven_segment = first ? proven_segment_ : segment_.number,
          .proven_end = first ? proven_end_ : offset};
}

/// In place of the bad bytes: the tips, if the segment begins here; one group with what is whole, in which a short
/// frame without contents stands for each that is lost; then a group that stands for the rest.
Result<void> SegmentRepair::rebuild(FileWindow* from, const Stretch& stretch,
                                    const std::map<ShardIndex, ShardTip>& tips) {
  const std::uint64_t room = stretch.end - stretch.begin;
  if (room > kCountMax) return contradiction(stretch);
  std::uint64_t group_bytes = 0;
  if (!stretch.frames.empty()) {
    group_bytes = kGroupHeaderBytes + stretch.lost() * frame_bytes(kLostPayload.size());
    for (const FramePlace& frame : stretch.frames) group_bytes += frame_bytes(frame.length);
    group_bytes = align_up(group_bytes, kGroupAlign);
  }
  const std::uint64_t mark_bytes = align_up(kGroupHeaderBytes + tips.size() * kTipBytes, kGroupAlign);
  if (group_bytes > room) return contradiction(stretch);

  std::string out;
  LogPlace place = stretch.first;
  if (stretch.begin == kDataStart && mark_bytes + group_bytes <= room) append_mark(tips, place, out);
  if (group_bytes > 0) PENSTOCK_TRY_VOID(append_frames(*from, stretch, place, out));
  while (out.size() < room) {
    const std::uint64_t rest = stretch.next.position - place.position;
    const std::size_t at = out.size();
    GroupHeader header = header_at(stretch.begin + at);
    header.sequence = std::max(place.sequence, stretch.next.sequence) - 1;
    header.first_position = place.position;
    header.count = static_cast<std::uint32_t>(std::min(rest, kCountMax));
    header.kind = GroupKind::lost;
    // More positions than one group can stand for are those of a restore's leap.
    const std::size_t end = rest > kCountMax ? at + kGroupHeaderBytes : room;
    header.body_bytes = static_cast<std::uint32_t>(end - at - kGroupHeaderBytes);
    out.resize(end, '\0');
    encode_group_header(seed_, header, out.data() + at);
    place.position += header.count;
  }
  if (group_bytes == 0 && place.position != stretch.next.position) return contradiction(stretch);
  return write(out);
}

void SegmentRepair::append_mark(const std::map<ShardIndex, ShardTip>& tips, LogPlace& place, std::string& out) const {
  out.resize(kGroupHeaderBytes + tips.size() * kTipBytes, '\0');
  char* at = out.data() + kGroupHeaderBytes;
  for (const auto& [shard, tip] : tips) encode_tip(tip, std::exchange(at, at + kTipBytes));
  GroupHeader header = header_at(kDataStart);
  header.sequence = place.sequence++;
  header.first_position = place.position;
  header.kind = GroupKind::mark;
  header.count = static_cast<std::uint32_t>(tips.size());
  header.body_bytes = static_cast<std::uint32_t>(tips.size() * kTipBytes);
  header.body_crc = crc32c(std::string_view(out).substr(kGroupHeaderBytes));
  encode_group_header(seed_, header, out.data());
  out.resize(align_up(out.size(), kGroupAlign), '\0');
}

Result<void> SegmentRepair::append_frames(FileWindow& from, const Stretch& stretch, LogPlace& place, std::string& out) {
  const std::size_t at = out.size();
  GroupHeader header = header_at(stretch.begin + at);
  header.sequence = place.sequence++;
  header.first_position = place.position;
  header.count = static_cast<std::uint32_t>(stretch.next.position - place.position);
  out.resize(at + kGroupHeaderBytes, '\0');
  auto whole = stretch.frames.begin();
  auto spoilt = stretch.spoilt.begin();
  FrameHeader frame{.time_ms = to_unix_ms(whole->time)};
  for (; place.position < stretch.next.position; ++place.position) {
    frame.position = place.position;
    frame.last_of_group = place.position + 1 == stretch.next.position;
    frame.lost = whole == stretch.frames.end() || whole->position.get() != place.position;
    while (spoilt != stretch.spoilt.end() && spoilt->position.get() < place.position) ++spoilt;
    if (frame.lost) {
      const bool known = spoilt != stretch.spoilt.end() && spoilt->position.get() == place.position;
      frame.shard = known ? spoilt->shard.get() : kUnknownShard;
      append_frame(seed_, frame, kLostPayload, out);
      continue;
    }
    PENSTOCK_TRY(const auto payload, from.view(whole->offset + kFrameHeaderBytes, whole->length));
    if (payload.size() != whole->length) return contradiction(stretch);
    frame.shard = whole->shard.get();
    frame.time_ms = to_unix_ms(whole->time);
    FramePlace moved = *whole++;
    moved.offset = stretch.begin + out.size();
    segment_.index->add(moved);
    append_frame(seed_, frame, payload, out);
  }
  header.body_bytes = static_cast<std::uint32_t>(out.size() - at - kGroupHeaderBytes);
  encode_group_header(seed_, header, out.data() + at);
  out.resize(align_up(out.size(), kGroupAlign), '\0');
  return {};
}

Result<void> SegmentRepair::finish(LogPlace next) {
  if (segment_.data_end == 0) PENSTOCK_TRY_VOID(write({}));
  segment_.next_sequence = next.sequence;
  segment_.next_position = next.position;
  return seal_segment(*out_, segment_);
}

}  // namespace penstock::framelog
