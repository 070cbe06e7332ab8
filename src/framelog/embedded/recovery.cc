#include "framelog/embedded/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <utility>

#include "framelog/embedded/segment_reader.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kScanWindowBytes = 1U << 20U;

std::unexpected<Error> corrupt(const std::string& path, std::uint64_t offset, std::string_view what) {
  return fail(ErrorKind::corrupt, fmt::format("segment {} is corrupt at offset {}: {}", path, offset, what));
}

/// For each segment the furthest place that some group says was durable when it was written.
using Proven = std::map<std::uint64_t, std::uint64_t>;

void note(Proven& proven, const GroupHeader& header) {
  auto& end = proven[header.proven_segment];
  end = std::max(end, header.proven_end);
}

std::optional<std::uint64_t> find(const Proven& proven, std::uint64_t segment) {
  const auto at = proven.find(segment);
  return at == proven.end() ? std::nullopt : std::optional(at->second);
}

/// A segment that holds data, as far as it is good.
struct Found {
  std::shared_ptr<Segment> segment;
  bool sealed = false;
  GroupHeader first;
  std::map<ShardIndex, ShardTip> tips;
};

void note_tips(Found& found, const Group& group) {
  for (const ShardTip& tip : group.tips) found.tips.insert_or_assign(tip.shard, tip);
  for (const FramePlace& frame : group.frames) {
    found.tips.insert_or_assign(frame.shard, ShardTip{frame.shard, frame.position, frame.time});
  }
}

/// A sealed segment is not walked, and but for the newest one its index is not read: reads check what they read. Its
/// first group says what came before it.
Result<Found> open_sealed(Segment segment, const Trailer& trailer) {
  FileWindow window(*segment.file, kScanWindowBytes / 16);
  PENSTOCK_TRY(const auto header, window.view(0, kSegmentHeaderBytes));
  PENSTOCK_TRY_VOID(refuse_newer(header, segment.seed, segment.path));
  PENSTOCK_TRY(auto group, read_group(window, segment.seed, kDataStart));
  if (!group.has_value()) return corrupt(segment.path, group.error().offset, group.error().what);
  if (segment.sorted) {
    // One that was repaired is not sorted any more, whatever its name.
    PENSTOCK_TRY(const auto bytes, window.view(group->end, kGroupHeaderBytes));
    const auto second = decode_group_header(segment.seed, bytes);
    segment.sorted = second.has_value() ? second->kind == GroupKind::sorted : group->header.kind == GroupKind::mark;
  }
  Found found{.segment = nullptr, .sealed = true, .first = group->header, .tips = {}};
  note_tips(found, *group);
  segment.file = nullptr;
  segment.data_end = trailer.data_end;
  segment.index_bytes = trailer.index_bytes;
  segment.next_sequence = trailer.next_sequence;
  segment.next_position = trailer.next_position;
  found.segment = std::make_shared<Segment>(std::move(segment));
  return found;
}

/// Adds one good group to what was found; gives what is wrong with its place in the log, if anything.
std::string_view add_group(Found& found, const Group& group, bool is_first) {
  if (is_first) {
    found.first = group.header;
  } else if (group.header.sequence != found.segment->next_sequence && group.header.kind != GroupKind::lost &&
             group.header.kind != GroupKind::sorted) {
    return "group out of sequence";
  } else if (group.header.first_position != found.segment->next_position) {
    return "positions out of sequence";
  }
  found.segment->next_sequence = group.header.sequence + 1;
  found.segment->next_position = position_after(group.header);
  for (const FramePlace& frame : group.frames) found.segment->index->add(frame);
  const bool is_sorted = group.header.kind == GroupKind::sorted || group.header.kind == GroupKind::mark;
  found.segment->sorted = found.segment->sorted && is_sorted;
  note_tips(found, group);
  found.segment->data_end = group.end;
  return {};
}

/// Walks an unsealed segment to where it was proven durable by a later one, or else to its first bad byte, and decides
/// whether that is a torn tail. Gives nothing when the segment holds no group.
Result<std::optional<Found>> open_unsealed(Segment opened, Proven& proven) {
  const auto limit = find(proven, opened.number);
  FileWindow window(*opened.file, kScanWindowBytes);
  Found found;
  found.segment = std::make_shared<Segment>(std::move(opened));
  Segment& segment = *found.segment;
  segment.index = std::make_unique<SegmentIndex>();

  PENSTOCK_TRY(const auto header, window.view(0, kSegmentHeaderBytes));
  PENSTOCK_TRY_VOID(refuse_newer(header, segment.seed, segment.path));
  const bool header_good = segment_header_is_good(segment.seed, segment.number, header);
  std::optional<BadBytes> bad;
  if (!header_good) bad = BadBytes{.offset = 0, .what = "no segment header"};
  segment.data_end = kDataStart;
  bool is_first = true;
  GroupKind last = GroupKind::mark;
  while (!bad.has_value() && (!limit.has_value() || segment.data_end < *limit)) {
    const std::uint64_t offset = segment.data_end;
    PENSTOCK_TRY(const auto group, read_group(window, segment.seed, offset));
    if (!group.has_value()) {
      bad = group.error();
    } else if (const auto wrong = add_group(found, *group, std::exchange(is_first, false)); !wrong.empty()) {
      return corrupt(segment.path, offset, wrong);
    } else {
      note(proven, group->header);
      last = group->header.kind;
    }
  }
  if (limit.has_value()) {
    if (bad.has_value()) return corrupt(segment.path, bad->offset, bad->what);
    if (segment.data_end != *limit) return corrupt(segment.path, segment.data_end, "segment ends elsewhere");
    return found;
  }

  // What was sorted was whole and durable before: nothing of it is a torn tail.
  if (segment.sorted && last == GroupKind::sorted) return found;
  if (segment.sorted) return corrupt(segment.path, bad->offset, bad->what);
  // What lies behind the first bad byte may say that more than the good part was durable: then this is no torn tail.
  bool any = false;
  PENSTOCK_TRY_VOID(
      find_group_headers(window, segment.seed, segment.data_end, [&](std::uint64_t, const GroupHeader& later) {
        any = true;
        note(proven, later);
      }));
  if (find(proven, segment.number).value_or(0) > segment.data_end || (any && !header_good)) {
    return corrupt(segment.path, bad->offset, fmt::format("{}, and durable groups lie behind it", bad->what));
  }
  if (is_first) return std::nullopt;
  return found;
}

/// Makes sure that the tail is on disk: after a failed sync (of a process that is gone) the system may show bytes
/// that it will never write again. Writing them once more makes them dirty again.
Result<void> settle_tail(Segment& segment, std::uint64_t from) {
  std::string bytes;
  for (std::uint64_t at = from; at < segment.data_end; at += bytes.size()) {
    bytes.resize(std::min<std::uint64_t>(kScanWindowBytes, segment.data_end - at));
    PENSTOCK_TRY(const std::size_t got, segment.file->pread(bytes, at));
    if (got != bytes.size()) return corrupt(segment.path, at, "bytes went missing");
    const std::array<std::string_view, 1> parts = {bytes};
    PENSTOCK_TRY_VOID(segment.file->pwritev(parts, at));
  }
  return segment.file->sync();
}

Result<void> check_chain(const std::vector<Found>& found) {
  for (std::size_t i = 1; i < found.size(); ++i) {
    const Found& before = found[i - 1];
    const Found& after = found[i];
    if (after.first.proven_segment != before.segment->number) {
      return corrupt(after.segment->path, kDataStart,
                     fmt::format("segment {} before it is missing", segment_name(after.first.proven_segment)));
    }
    if (after.first.proven_end != before.segment->data_end || after.first.sequence != before.segment->next_sequence ||
        after.first.first_position != before.segment->next_position) {
      return corrupt(before.segment->path, before.segment->data_end, "the next segment does not follow from it");
    }
  }
  return {};
}

Result<std::uint64_t> read_salt(os::FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/log";
  PENSTOCK_TRY(const auto file, files.open(path, os::OpenMode::read));
  std::string bytes(kLogFileBytes, '\0');
  PENSTOCK_TRY(const std::size_t got, file->pread(bytes, 0));
  bytes.resize(got);
  PENSTOCK_TRY_VOID(refuse_newer(bytes, 0, path));
  const auto log = decode_log_file(bytes);
  if (!log.has_value()) return corrupt(path, 0, "not a log file of this version");
  return log->salt;
}

/// The files that a segment has: the sorted one stands for the other, which a power loss may have left.
struct SegmentNames {
  bool plain = false;
  bool sorted = false;
};

/// What is there under which number; what was being sorted when the process ended is removed.
std::map<std::uint64_t, SegmentNames> name_segments(os::FileSystem& files, const std::string& directory,
                                                    const std::vector<std::string>& names) {
  std::map<std::uint64_t, SegmentNames> out;
  for (const std::string& name : names) {
    if (const auto number = parse_segment_name(name)) out[*number].plain = true;
    if (const auto number = parse_sorted_segment_name(name)) out[*number].sorted = true;
    const std::string_view stem =
        std::string_view(name).substr(0, name.size() - std::min(name.size(), kSortingSuffix.size()));
    if (name.ends_with(kSortingSuffix) && parse_sorted_segment_name(stem).has_value()) {
      static_cast<void>(files.unlink(directory + "/" + name));
    }
  }
  return out;
}

/// Opens the one file that counts, and removes the other.
Result<void> open_segment_file(os::FileSystem& files, const std::string& directory, SegmentNames names,
                               Segment& segment) {
  const std::string plain = directory + "/" + segment_name(segment.number);
  segment.sorted = names.sorted;
  segment.path = names.sorted ? directory + "/" + sorted_segment_name(segment.number) : plain;
  PENSTOCK_TRY(segment.file, files.open(segment.path, os::OpenMode::read_write));
  if (!names.plain || !names.sorted) return {};
  // The sorted one was made durable before it got its name. It was damaged since if it does not look so.
  PENSTOCK_TRY(const auto trailer, read_trailer(*segment.file, segment.seed));
  FileWindow window(*segment.file, kScanWindowBytes / 16);
  PENSTOCK_TRY(const auto mark, read_group(window, segment.seed, kDataStart));
  if (trailer.has_value() && mark.has_value()) return files.unlink(plain);
  PENSTOCK_TRY_VOID(files.unlink(segment.path));
  segment.sorted = false;
  segment.path = plain;
  PENSTOCK_TRY(segment.file, files.open(plain, os::OpenMode::read_write));
  return {};
}

Result<std::optional<Found>> open_segment(Segment segment, bool is_newest, Proven& proven) {
  std::optional<Trailer> trailer;
  std::optional<SealedTail> tail;
  if (is_newest) {
    PENSTOCK_TRY(tail, read_sealed_tail(*segment.file, segment.seed));
    if (tail.has_value()) trailer = tail->trailer;
  } else {
    PENSTOCK_TRY(trailer, read_trailer(*segment.file, segment.seed));
  }
  if (!trailer.has_value()) return open_unsealed(std::move(segment), proven);
  PENSTOCK_TRY(auto sealed, open_sealed(std::move(segment), *trailer));
  if (tail.has_value()) {
    for (const auto& [shard, range] : tail->index.shards()) {
      sealed.tips.insert_or_assign(shard, ShardTip{shard, range.last, range.last_time});
    }
  }
  note(proven, sealed.first);
  return sealed;
}

/// Newest first, so that what proves a segment is known before it is judged.
Result<std::vector<Found>> find_segments(os::FileSystem& files, const std::string& directory, std::uint64_t salt,
                                         const std::map<std::uint64_t, SegmentNames>& names, Proven& proven) {
  std::vector<Found> found;
  for (const auto& [number, forms] : names | std::views::reverse) {
    Segment segment;
    segment.number = number;
    segment.seed = segment_seed(salt, number);
    PENSTOCK_TRY_VOID(open_segment_file(files, directory, forms, segment));
    const std::string path = segment.path;
    PENSTOCK_TRY(auto opened, open_segment(std::move(segment), found.empty(), proven));
    if (opened.has_value()) {
      found.push_back(*std::move(opened));
    } else {
      PENSTOCK_TRY_VOID(files.unlink(path));
    }
  }
  std::ranges::reverse(found);
  return found;
}

}  // namespace

Result<RecoveredLog> recover_log(os::FileSystem& files, const std::string& directory) {
  RecoveredLog log;
  PENSTOCK_TRY(log.salt, read_salt(files, directory));
  // What this process sees must stay so: a name that came or went just before the last one ended may still be undone.
  PENSTOCK_TRY_VOID(files.sync_directory(directory));
  PENSTOCK_TRY(const auto names, files.list(directory));
  const auto segments = name_segments(files, directory, names);
  if (!segments.empty()) log.next_segment = segments.rbegin()->first + 1;

  Proven proven;
  PENSTOCK_TRY(auto found, find_segments(files, directory, log.salt, segments, proven));
  PENSTOCK_TRY_VOID(check_chain(found));
  if (!found.empty()) {
    Found& newest = found.back();
    Segment& segment = *newest.segment;
    if (!newest.sealed) {
      PENSTOCK_TRY_VOID(settle_tail(segment, std::max(kDataStart, find(proven, segment.number).value_or(0))));
    }
    log.tips = newest.tips;
    log.next_sequence = newest.segment->next_sequence;
    log.next_position = newest.segment->next_position;
    log.proven_segment = segment.number;
    log.proven_end = segment.data_end;
  }
  for (Found& each : found) log.segments.push_back(std::move(each.segment));
  return log;
}

}  // namespace penstock::framelog
