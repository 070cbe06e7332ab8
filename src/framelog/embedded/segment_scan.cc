#include "framelog/embedded/segment_scan.h"

#include <algorithm>
#include <utility>

#include "framelog/embedded/crc32c.h"

namespace penstock::framelog {
namespace {

constexpr std::uint64_t kFrameBytesMin = kFrameHeaderBytes + kFrameAlign;

LogPlace after(const GroupHeader& header) {
  return {.sequence = header.sequence + 1, .position = position_after(header)};
}

/// A good group header somewhere behind `offset`, which can follow `first`.
struct Resume {
  std::uint64_t offset = 0;
  LogPlace place;
};

class SegmentScan {
 public:
  SegmentScan(FileWindow& window, std::uint32_t seed, const ScanRange& range)
      : window_(window), seed_(seed), range_(range) {}

  Result<void> run(const std::function<Result<void>(const Stretch&)>& visit) {
    std::uint64_t at = range_.begin;
    PENSTOCK_TRY(LogPlace place, first_place());
    while (at < range_.data_end) {
      PENSTOCK_TRY(const Stretch stretch, stretch_at(at, place));
      PENSTOCK_TRY_VOID(visit(stretch));
      at = stretch.end;
      place = stretch.next;
    }
    return {};
  }

 private:
  Result<LogPlace> first_place() {
    if (range_.first.has_value()) return *range_.first;
    PENSTOCK_TRY(const Resume good, resume_from(range_.begin, {}));
    LogPlace place = good.place;
    if (good.offset == range_.begin) return place;
    // What lies before the first good header is bad: a mark, and perhaps frames.
    std::uint64_t groups = 1;
    PENSTOCK_TRY_VOID(find_frames(range_.begin, good.offset, [&](std::uint64_t, const FrameHeader& frame) {
      groups = 2;
      place.position = std::min(place.position, frame.position);
    }));
    place.position = std::min(place.position, range_.first_position.value_or(place.position));
    place.sequence -= std::min(place.sequence, groups);
    return place;
  }

  Result<Stretch> stretch_at(std::uint64_t at, LogPlace place) {
    PENSTOCK_TRY(auto group, read_group(window_, seed_, at));
    if (group.has_value() && group->end <= range_.data_end && follows(group->header, place)) {
      Stretch good{.begin = at,
                   .end = group->end,
                   .first = place,
                   .next = after(group->header),
                   .group = *std::move(group),
                   .what = {},
                   .sorted = false,
                   .frames = {},
                   .spoilt = {}};
      good.sorted = good.group->header.kind == GroupKind::sorted;
      good.frames = std::move(good.group->frames);
      if (good.sorted) std::ranges::sort(good.frames, {}, &FramePlace::position);
      return good;
    }
    const std::string_view what = group.has_value() ? "group out of sequence" : group.error().what;
    PENSTOCK_TRY(const std::optional<GroupHeader> header, header_at(at));
    Stretch bad{.begin = at,
                .end = 0,
                .first = place,
                .next = {},
                .group = {},
                .what = what,
                .sorted = range_.sorted,
                .frames = {},
                .spoilt = {}};
    if (header.has_value() && follows(*header, place) && group_end(at, *header) <= range_.data_end) {
      bad.end = group_end(at, *header);
      bad.next = after(*header);
    } else {
      PENSTOCK_TRY(const Resume resume, resume_from(at + kGroupAlign, place));
      bad.end = resume.offset;
      bad.next = resume.place;
    }
    PENSTOCK_TRY_VOID(salvage(bad));
    return bad;
  }

  /// A stretch that was repaired may stand for several groups: the sequence leaps there.
  static bool follows(const GroupHeader& header, LogPlace place) {
    if (header.first_position != place.position) return false;
    if (header.kind == GroupKind::lost || header.kind == GroupKind::sorted) {
      return header.sequence + 1 >= place.sequence;
    }
    return header.sequence == place.sequence;
  }

  Result<std::optional<GroupHeader>> header_at(std::uint64_t at) {
    PENSTOCK_TRY(const auto bytes, window_.view(at, kGroupHeaderBytes));
    return decode_group_header(seed_, bytes);
  }

  /// The first good header from `offset` on that can come after `place`; else the end of the range.
  Result<Resume> resume_from(std::uint64_t offset, LogPlace place) {
    for (std::uint64_t at = align_up(offset, kGroupAlign); at < range_.data_end; at += kGroupAlign) {
      PENSTOCK_TRY(const auto header, header_at(at));
      if (!header.has_value() || header->sequence < place.sequence || header->first_position < place.position) continue;
      return Resume{.offset = at, .place = {.sequence = header->sequence, .position = header->first_position}};
    }
    if (range_.next.has_value()) return Resume{.offset = range_.data_end, .place = *range_.next};
    PENSTOCK_TRY(const std::uint64_t position, position_behind(offset, place.position));
    return Resume{.offset = range_.data_end, .place = {.sequence = place.sequence + 1, .position = position}};
  }

  /// One past the last frame whose header can be read.
  Result<std::uint64_t> position_behind(std::uint64_t offset, std::uint64_t position) {
    PENSTOCK_TRY_VOID(find_frames(offset, range_.data_end, [&](std::uint64_t, const FrameHeader& frame) {
      if (frame.position >= position) position = frame.position + 1;
    }));
    return position;
  }

  Result<void> find_frames(std::uint64_t begin, std::uint64_t end,
                           const std::function<void(std::uint64_t, const FrameHeader&)>& found) {
    for (std::uint64_t at = align_up(begin, kFrameAlign); at + kFrameBytesMin <= end;) {
      PENSTOCK_TRY(const auto bytes, window_.view(at, kFrameHeaderBytes));
      const auto frame = decode_frame_header(seed_, bytes);
      if (!frame.has_value() || at + frame_bytes(frame->length) > end) {
        at += kFrameAlign;
        continue;
      }
      found(at, *frame);
      at += frame_bytes(frame->length);
    }
    return {};
  }

  /// The frames of a bad stretch that are whole.
  Result<void> salvage(Stretch& bad) {
    std::vector<std::pair<FramePlace, std::uint32_t>> found;
    const auto follows = [&](const FrameHeader& frame) {
      if (found.empty()) return true;
      const FramePlace& before = found.back().first;
      const Position position(frame.position);
      if (!bad.sorted) return before.position < position;
      return std::pair(before.shard, before.position) < std::pair(ShardIndex(frame.shard), position);
    };
    PENSTOCK_TRY_VOID(find_frames(bad.begin, bad.end, [&](std::uint64_t at, const FrameHeader& frame) {
      const bool fits = frame.position >= bad.first.position && frame.position < bad.next.position;
      if (!fits || frame.lost || !follows(frame)) return;
      found.emplace_back(FramePlace{.shard = ShardIndex(frame.shard),
                                    .position = Position(frame.position),
                                    .time = from_unix_ms(frame.time_ms),
                                    .offset = at,
                                    .length = frame.length},
                         frame.payload_crc);
    }));
    for (const auto& [place, payload_crc] : found) {
      PENSTOCK_TRY(const auto payload, window_.view(place.offset + kFrameHeaderBytes, place.length));
      const bool whole = payload.size() == place.length && crc32c(payload) == payload_crc;
      (whole ? bad.frames : bad.spoilt).push_back(place);
    }
    if (!bad.sorted) return {};
    for (auto* frames : {&bad.frames, &bad.spoilt}) {
      std::ranges::sort(*frames, {}, &FramePlace::position);
      const auto again = std::ranges::unique(*frames, {}, &FramePlace::position);
      frames->erase(again.begin(), again.end());
    }
    return {};
  }

  FileWindow& window_;
  const std::uint32_t seed_;
  const ScanRange range_;
};

}  // namespace

Result<void> scan_segment(FileWindow& window, std::uint32_t seed, const ScanRange& range,
                          const std::function<Result<void>(const Stretch&)>& visit) {
  return SegmentScan(window, seed, range).run(visit);
}

Result<std::uint64_t> find_data_end(FileWindow& window, std::uint32_t seed, std::uint64_t segment) {
  std::uint64_t proven = kDataStart;
  std::uint64_t walked = kDataStart;
  PENSTOCK_TRY_VOID(find_group_headers(window, seed, kDataStart, [&](std::uint64_t, const GroupHeader& header) {
    if (header.proven_segment == segment) proven = std::max(proven, header.proven_end);
  }));
  while (true) {
    PENSTOCK_TRY(const auto group, read_group(window, seed, walked));
    if (!group.has_value()) break;
    walked = group->end;
  }
  // The group of a sorted segment is all there is, and was durable before the segment got its name.
  PENSTOCK_TRY(const auto bytes, window.view(walked, kGroupHeaderBytes));
  const auto header = decode_group_header(seed, bytes);
  if (header.has_value() && header->kind == GroupKind::sorted) return group_end(walked, *header);
  // Behind what is proven there may be one more group, whose acknowledgement nothing tells.
  if (walked < proven) {
    PENSTOCK_TRY(const auto last, read_group(window, seed, proven));
    return last.has_value() ? last->end : proven;
  }
  return walked;
}

}  // namespace penstock::framelog
