#include "framelog/embedded/segment_reader.h"

#include <algorithm>
#include <utility>

#include "framelog/embedded/crc32c.h"

namespace penstock::framelog {

namespace {

/// Below that, a piece of the window is copied: a system call costs more.
constexpr std::size_t kDirectBytesMin = 32U << 10U;
/// Of the window after that: large pieces probably follow, and only their headers are looked at in the window.
constexpr std::size_t kHeaderWindowBytes = 4U << 10U;

/// `fill` gets the text's bytes, and gives how many of them it set.
template <class Fill>
Result<void> overwrite(std::string& text, std::size_t length, Fill fill) {
  Result<std::size_t> got;
  text.resize_and_overwrite(length, [&](char* bytes, std::size_t) {
    got = fill(std::span(bytes, length));
    return got.value_or(0);
  });
  if (!got.has_value()) return std::unexpected(std::move(got).error());
  return {};
}

}  // namespace

Result<std::string> FileWindow::take(std::uint64_t offset, std::size_t length) {
  std::string taken;
  const std::uint64_t window_end = begin_ + bytes_.size();
  const bool begins_within = offset >= begin_ && offset < window_end;
  const std::size_t known = begins_within ? std::min<std::uint64_t>(length, window_end - offset) : 0;
  if (length - known < kDirectBytesMin) {
    PENSTOCK_TRY(taken, view(offset, length));
    return taken;
  }
  PENSTOCK_TRY_VOID(overwrite(taken, length, [&](std::span<char> out) -> Result<std::size_t> {
    std::string_view(bytes_).substr(begins_within ? offset - begin_ : bytes_.size(), known).copy(out.data(), known);
    PENSTOCK_TRY(const std::size_t got, file_.pread(out.subspan(known), offset + known));
    bytes_read_ += got;
    return known + got;
  }));
  window_bytes_ = std::min(window_bytes_, kHeaderWindowBytes);
  return taken;
}

Result<std::string_view> FileWindow::view(std::uint64_t offset, std::size_t length) {
  if (offset < begin_ || offset + length > begin_ + bytes_.size() || bytes_.empty()) {
    PENSTOCK_TRY(const std::uint64_t size, file_.size());
    if (offset >= size) return std::string_view();
    const bool goes_on = offset >= begin_ && offset <= begin_ + bytes_.size() && !bytes_.empty();
    if (goes_on && window_bytes_ < window_bytes_max_) window_bytes_ *= 2;
    const std::uint64_t ahead = std::min<std::uint64_t>(window_bytes_, wanted_end_ - std::min(offset, wanted_end_));
    const std::size_t wanted = std::min<std::uint64_t>(std::max<std::uint64_t>(length, ahead), size - offset);
    PENSTOCK_TRY_VOID(overwrite(bytes_, wanted, [&](std::span<char> out) { return file_.pread(out, offset); }));
    bytes_read_ += bytes_.size();
    begin_ = offset;
  }
  // At the end of the file the window may hold less than was asked for.
  return std::string_view(bytes_).substr(offset - begin_, length);
}

namespace {

using GroupResult = std::expected<Group, BadBytes>;

template <class T>
std::expected<T, BadBytes> bad(std::uint64_t offset, std::string_view what) {
  return std::unexpected(BadBytes{.offset = offset, .what = what});
}

Result<GroupResult> read_tips(FileWindow& window, Group group, std::uint64_t offset) {
  const GroupHeader& header = group.header;
  if (header.body_bytes != std::uint64_t{header.count} * kTipBytes) return bad<Group>(offset, "mark of a wrong length");
  PENSTOCK_TRY(const auto body, window.view(offset + kGroupHeaderBytes, header.body_bytes));
  if (body.size() != header.body_bytes || crc32c(body) != header.body_crc) return bad<Group>(offset, "mark checksum");
  group.tips.reserve(header.count);
  for (std::uint32_t i = 0; i < header.count; ++i) group.tips.push_back(decode_tip(body.data() + i * kTipBytes));
  return GroupResult(std::move(group));
}

/// Whether the group's `i`-th frame may follow the one before.
bool belongs(const GroupHeader& group, std::uint32_t i, const FrameHeader& frame,
             const std::optional<FrameHeader>& before) {
  if (frame.last_of_group != (i + 1 == group.count)) return false;
  if (group.kind == GroupKind::frames) return frame.position == group.first_position + i;
  const bool follows =
      !before.has_value() || std::pair(before->shard, before->position) < std::pair(frame.shard, frame.position);
  return follows && !frame.lost && frame.position >= group.first_position &&
         frame.position < group.first_position + group.count;
}

}  // namespace

Result<GroupResult> read_group(FileWindow& window, std::uint32_t seed, std::uint64_t offset) {
  PENSTOCK_TRY(const auto header_bytes, window.view(offset, kGroupHeaderBytes));
  const auto header = decode_group_header(seed, header_bytes);
  if (!header.has_value()) return bad<Group>(offset, "no group header");
  Group group{.header = *header, .end = group_end(offset, *header), .frames = {}, .tips = {}};
  if (header->kind == GroupKind::mark) return read_tips(window, std::move(group), offset);

  if (header->kind == GroupKind::lost) return GroupResult(std::move(group));
  if (header->count == 0) return bad<Group>(offset, "group without frames");
  std::uint64_t at = offset + kGroupHeaderBytes;
  const std::uint64_t body_end = at + header->body_bytes;
  std::optional<FrameHeader> before;
  for (std::uint32_t i = 0; i < header->count; ++i) {
    PENSTOCK_TRY(const auto frame_header, window.view(at, kFrameHeaderBytes));
    const auto frame = decode_frame_header(seed, frame_header);
    if (!frame.has_value()) return bad<Group>(at, "frame header checksum");
    if (!belongs(*header, i, *frame, before) || at + frame_bytes(frame->length) > body_end) {
      return bad<Group>(at, "frame that does not belong to its group");
    }
    PENSTOCK_TRY(const auto payload, window.view(at + kFrameHeaderBytes, frame->length));
    if (payload.size() != frame->length || crc32c(payload) != frame->payload_crc)
      return bad<Group>(at, "frame checksum");
    if (!frame->lost) {
      group.frames.push_back({.shard = ShardIndex(frame->shard),
                              .position = Position(frame->position),
                              .time = from_unix_ms(frame->time_ms),
                              .offset = at,
                              .length = frame->length});
    }
    at += frame_bytes(frame->length);
    before = frame;
  }
  // Behind the frames of a sorted group lies what the groups of the segment's first form took.
  if (at != body_end && header->kind == GroupKind::frames) return bad<Group>(at, "group of a wrong length");
  return GroupResult(std::move(group));
}

Result<void> find_group_headers(FileWindow& window, std::uint32_t seed, std::uint64_t offset,
                                const std::function<void(std::uint64_t, const GroupHeader&)>& found) {
  for (std::uint64_t at = align_up(offset, kGroupAlign);; at += kGroupAlign) {
    PENSTOCK_TRY(const auto bytes, window.view(at, kGroupHeaderBytes));
    if (bytes.size() < kGroupHeaderBytes) return {};
    if (const auto header = decode_group_header(seed, bytes)) found(at, *header);
  }
}

Result<std::expected<void, BadBytes>> walk_frames(FileWindow& window, std::uint32_t seed, const FrameWalk& walk,
                                                  const std::function<bool(const FramePlace&, std::string)>& visit) {
  std::uint64_t at = walk.offset;
  bool in_group = true;
  while (at < walk.stop_offset && at < walk.data_end) {
    if (!in_group) {
      PENSTOCK_TRY(const auto bytes, window.view(at, kGroupHeaderBytes));
      const auto header = decode_group_header(seed, bytes);
      if (!header.has_value()) return bad<void>(at, "no group header");
      in_group = header->kind == GroupKind::frames || header->kind == GroupKind::sorted;
      at = in_group ? at + kGroupHeaderBytes : group_end(at, *header);
      continue;
    }
    PENSTOCK_TRY(const auto bytes, window.view(at, kFrameHeaderBytes));
    const auto frame = decode_frame_header(seed, bytes);
    if (!frame.has_value()) return bad<void>(at, "frame header checksum");
    if (walk.sorted && ShardIndex(frame->shard) != walk.shard) return {};
    if (ShardIndex(frame->shard) == walk.shard && !frame->lost && Position(frame->position) >= walk.from) {
      PENSTOCK_TRY(std::string payload, window.take(at + kFrameHeaderBytes, frame->length));
      if (payload.size() != frame->length || crc32c(payload) != frame->payload_crc)
        return bad<void>(at, "frame checksum");
      const FramePlace place{.shard = walk.shard,
                             .position = Position(frame->position),
                             .time = from_unix_ms(frame->time_ms),
                             .offset = at,
                             .length = frame->length};
      if (!visit(place, std::move(payload))) return {};
    }
    at += frame_bytes(frame->length);
    if (frame->last_of_group) {
      if (walk.sorted) return {};
      at = align_up(at, kGroupAlign);
      in_group = false;
    }
  }
  return {};
}

}  // namespace penstock::framelog
