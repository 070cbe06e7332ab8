#include "framelog/embedded/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "framelog/embedded/segment_repair.h"
#include "framelog/embedded/segment_scan.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kWindowBytes = 1U << 20U;
constexpr std::string_view kRepairedSuffix = ".repaired";
constexpr std::string_view kDamagedSuffix = ".damaged";

/// What the file of a segment tells of itself before its data is read.
struct SegmentFacts {
  std::uint64_t number = 0;
  std::uint32_t seed = 0;
  std::string path;
  std::unique_ptr<os::File> file;  ///< none: it is missing
  bool sorted = false;             ///< by its name; one that was repaired is not, whatever its name
  bool header_good = false;
  std::optional<Trailer> trailer;
  bool index_good = false;
  std::optional<std::uint64_t> first_position;  ///< as the index tells
  std::optional<GroupHeader> first;
  std::uint64_t data_end = kDataStart;

  [[nodiscard]] bool is_empty() const { return data_end == kDataStart && !trailer.has_value(); }
  [[nodiscard]] std::optional<LogPlace> begin() const {
    if (!first.has_value()) return std::nullopt;
    return LogPlace{.sequence = first->sequence, .position = first->first_position};
  }
};

Result<std::uint64_t> read_log_salt(os::FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/log";
  PENSTOCK_TRY(const auto file, files.open(path, os::OpenMode::read));
  std::string bytes(kLogFileBytes, '\0');
  PENSTOCK_TRY(const std::size_t got, file->pread(bytes, 0));
  bytes.resize(got);
  PENSTOCK_TRY_VOID(refuse_newer(bytes, 0, path));
  const auto log = decode_log_file(bytes);
  if (!log.has_value()) {
    return fail(ErrorKind::corrupt, fmt::format("{} is damaged; without it no segment of the log can be read", path));
  }
  return log->salt;
}

class LogInspector {
 public:
  LogInspector(os::FileSystem& files, std::string directory, bool repairs)
      : files_(files), directory_(std::move(directory)), repairs_(repairs) {}

  Result<LogInspection> run() {
    PENSTOCK_TRY(salt_, read_log_salt(files_, directory_));
    PENSTOCK_TRY_VOID(find_segments());
    std::optional<std::size_t> before;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      PENSTOCK_TRY_VOID(inspect(segments_[i], before.has_value() ? &segments_[*before] : nullptr,
                                i + 1 < segments_.size() ? &segments_[i + 1] : nullptr));
      before = i;
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] SegmentFacts name_segment(std::uint64_t number) const {
    SegmentFacts facts;
    facts.number = number;
    facts.seed = segment_seed(salt_, number);
    facts.path = directory_ + "/" + segment_name(number);
    return facts;
  }

  /// A sorted segment stands for the other of its number, which a power loss may have left (recovery removes it).
  Result<SegmentFacts> open_segment(std::uint64_t number, bool is_sorted) {
    SegmentFacts facts = name_segment(number);
    facts.sorted = is_sorted;
    if (is_sorted) facts.path = directory_ + "/" + sorted_segment_name(number);
    PENSTOCK_TRY(facts.file, files_.open(facts.path, os::OpenMode::read));
    FileWindow window(*facts.file, kWindowBytes);
    PENSTOCK_TRY(const auto header, window.view(0, kSegmentHeaderBytes));
    PENSTOCK_TRY_VOID(refuse_newer(header, facts.seed, facts.path));
    facts.header_good = segment_header_is_good(facts.seed, number, header);
    PENSTOCK_TRY(const auto first, window.view(kDataStart, kGroupHeaderBytes));
    facts.first = decode_group_header(facts.seed, first);
    PENSTOCK_TRY(facts.trailer, read_trailer(*facts.file, facts.seed));
    PENSTOCK_TRY(const auto tail, read_sealed_tail(*facts.file, facts.seed));
    facts.index_good = tail.has_value();
    if (tail.has_value()) {
      for (const auto& [shard, range] : tail->index.shards()) {
        facts.first_position = std::min(facts.first_position.value_or(range.first.get()), range.first.get());
      }
    }
    if (facts.trailer.has_value()) {
      facts.data_end = facts.trailer->data_end;
    } else {
      PENSTOCK_TRY(facts.data_end, find_data_end(window, facts.seed, number));
    }
    return facts;
  }

  /// The segments with data, oldest first, and one for each that must have been between them.
  Result<void> find_segments() {
    PENSTOCK_TRY(const auto names, files_.list(directory_));
    std::map<std::uint64_t, bool> sorted;
    for (const std::string& name : names) {
      if (const auto number = parse_segment_name(name)) sorted.try_emplace(*number, false);
      if (const auto number = parse_sorted_segment_name(name)) sorted[*number] = true;
    }
    for (const auto& [number, is_sorted] : sorted) {
      PENSTOCK_TRY(SegmentFacts facts, open_segment(number, is_sorted));
      if (!facts.is_empty()) segments_.push_back(std::move(facts));
    }
    std::ranges::sort(segments_, {}, &SegmentFacts::number);
    for (std::size_t i = segments_.size(); i-- > 1;) {
      const auto& first = segments_[i].first;
      if (!first.has_value()) continue;
      if (first->proven_segment == segments_[i - 1].number) {
        if (!segments_[i - 1].trailer.has_value()) segments_[i - 1].data_end = first->proven_end;
        continue;
      }
      if (first->proven_segment < segments_[i - 1].number) continue;
      SegmentFacts missing = name_segment(first->proven_segment);
      missing.data_end = first->proven_end;
      segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(i), std::move(missing));
      found_.segments -= 1;  // it is counted below with those that are there
    }
    found_.segments += segments_.size();
    return {};
  }

  Result<void> inspect(SegmentFacts& segment, const SegmentFacts* before, const SegmentFacts* behind) {
    const std::size_t damage_count = found_.damage_count;
    std::optional<LogPlace> next = behind != nullptr ? behind->begin() : std::nullopt;
    if (segment.trailer.has_value()) {
      next = LogPlace{.sequence = segment.trailer->next_sequence, .position = segment.trailer->next_position};
    }
    if (segment.file != nullptr && !segment.header_good) note(segment, 0, kDataStart, "no segment header");
    const auto tips_before = tips_;
    const auto place_before = place_;
    PENSTOCK_TRY_VOID(walk(segment, next, nullptr));
    if (segment.trailer.has_value() && !segment.index_good) {
      note(segment, segment.data_end, segment.data_end + segment.trailer->index_bytes, "index checksum");
    }
    if (!repairs_ || found_.damage_count == damage_count) return {};
    tips_ = tips_before;
    place_ = place_before;
    return repair(segment, before, next);
  }

  /// Goes through the data; with `repair`, writes it anew, else notes what is bad.
  Result<void> walk(SegmentFacts& segment, std::optional<LogPlace> next, SegmentRepair* repair) {
    const auto visit = [&](FileWindow* window, const Stretch& stretch) -> Result<void> {
      if (repair != nullptr) PENSTOCK_TRY_VOID(repair->add(window, stretch, tips_));
      if (repair == nullptr) note(segment, stretch);
      if (stretch.group.has_value()) {
        for (const ShardTip& tip : stretch.group->tips) tips_.insert_or_assign(tip.shard, tip);
      }
      for (const FramePlace& frame : stretch.frames) {
        tips_.insert_or_assign(frame.shard, ShardTip{frame.shard, frame.position, frame.time});
      }
      place_ = stretch.next;
      return {};
    };
    if (segment.file == nullptr) {
      Stretch missing;
      missing.begin = kDataStart;
      missing.end = segment.data_end;
      missing.first = place_.value_or(LogPlace{});
      missing.next = next.value_or(missing.first);
      missing.what = "the segment is missing";
      return visit(nullptr, missing);
    }
    FileWindow window(*segment.file, kWindowBytes);
    // What is repaired of a sorted segment is read in the order of positions: here and there.
    FileWindow places(*segment.file, segment.sorted ? kDiskBlockBytes : kWindowBytes);
    // The first segment that is left begins where retention left it.
    const ScanRange range{.sorted = segment.sorted,
                          .begin = kDataStart,
                          .data_end = segment.data_end,
                          .first = place_,
                          .first_position = segment.first_position,
                          .next = next};
    return scan_segment(window, segment.seed, range, [&](const Stretch& stretch) { return visit(&places, stretch); });
  }

  void note(const SegmentFacts& segment, const Stretch& stretch) {
    found_.frames += stretch.frames.size();
    for (const FramePlace& frame : stretch.frames) found_.payload_bytes += frame.length;
    if (!stretch.is_bad()) {
      const GroupHeader& header = stretch.group->header;
      const bool is_leap = header.kind == GroupKind::lost && header.body_crc == kLeap;
      (is_leap ? found_.positions_leapt : found_.frames_given_up) += stretch.lost();
      return;
    }
    Damage& damage = note(segment, stretch.begin, stretch.end, stretch.what);
    damage.frames_whole = stretch.frames.size();
    damage.frames_lost = stretch.lost();
    damage.frames_of_unknown_shard = stretch.lost() - std::min<std::uint64_t>(stretch.lost(), stretch.spoilt.size());
    for (const FramePlace& frame : stretch.spoilt) damage.shards.insert(frame.shard);
    if (stretch.lost() > 0) {
      std::uint64_t first = stretch.first.position;
      std::uint64_t last = stretch.next.position - 1;
      for (const FramePlace& frame : stretch.frames) first += frame.position.get() == first ? 1 : 0;
      for (auto frame = stretch.frames.rbegin(); frame != stretch.frames.rend(); ++frame) {
        last -= frame->position.get() == last ? 1 : 0;
      }
      damage.first_lost = Position(first);
      damage.last_lost = Position(last);
    }
    found_.frames_lost += stretch.lost();
  }

  Damage& note(const SegmentFacts& segment, std::uint64_t begin, std::uint64_t end, std::string_view what) {
    ++found_.damage_count;
    if (found_.damages.size() == kDamagesMax) return spare_ = Damage{};
    return found_.damages.emplace_back(Damage{.path = segment.path,
                                              .begin = begin,
                                              .end = end,
                                              .what = std::string(what),
                                              .first_lost = kBeforeAll,
                                              .last_lost = kBeforeAll,
                                              .shards = {}});
  }

  Result<void> repair(SegmentFacts& segment, const SegmentFacts* before, std::optional<LogPlace> next) {
    const std::string fresh = segment.path + std::string(kRepairedSuffix);
    if (auto gone = files_.unlink(fresh); !gone.has_value() && gone.error().kind != ErrorKind::missing) return gone;
    PENSTOCK_TRY(auto out, files_.open(fresh, os::OpenMode::create_new));
    std::uint64_t proven_segment = segment.first.has_value() ? segment.first->proven_segment : 0;
    std::uint64_t proven_end = segment.first.has_value() ? segment.first->proven_end : 0;
    if (before != nullptr) {
      proven_segment = before->number;
      proven_end = before->data_end;
    }
    SegmentRepair writer(segment.number, segment.seed, std::move(out), proven_segment, proven_end);
    PENSTOCK_TRY_VOID(walk(segment, next, &writer));
    PENSTOCK_TRY_VOID(writer.finish(place_.value_or(LogPlace{})));
    if (segment.file != nullptr) PENSTOCK_TRY_VOID(keep_damaged(segment));
    PENSTOCK_TRY_VOID(files_.rename(fresh, segment.path));
    return files_.sync_directory(directory_);
  }

  /// A copy: the name of the segment is never without a file.
  Result<void> keep_damaged(SegmentFacts& segment) {
    std::string path = segment.path + std::string(kDamagedSuffix);
    auto copy = files_.open(path, os::OpenMode::create_new);
    for (int number = 2; !copy.has_value() && copy.error().kind == ErrorKind::conflict && number < 1000; ++number) {
      copy = files_.open(fmt::format("{}.{}", path, number), os::OpenMode::create_new);
    }
    if (!copy.has_value()) return std::unexpected(std::move(copy).error());
    PENSTOCK_TRY(const std::uint64_t size, segment.file->size());
    std::string bytes;
    for (std::uint64_t at = 0; at < size; at += bytes.size()) {
      bytes.resize(std::min<std::uint64_t>(kWindowBytes, size - at));
      PENSTOCK_TRY(const std::size_t got, segment.file->pread(bytes, at));
      if (got == 0) break;
      bytes.resize(got);
      const std::array<std::string_view, 1> parts = {bytes};
      PENSTOCK_TRY_VOID((*copy)->pwritev(parts, at));
    }
    return (*copy)->sync();
  }

  os::FileSystem& files_;
  const std::string directory_;
  const bool repairs_;
  std::uint64_t salt_ = 0;
  std::vector<SegmentFacts> segments_;
  std::optional<LogPlace> place_;  ///< what comes next
  std::map<ShardIndex, ShardTip> tips_;
  LogInspection found_;
  Damage spare_;
};

}  // namespace

Result<LogInspection> inspect_log(os::FileSystem& files, const std::string& directory) {
  return LogInspector(files, directory, false).run();
}

Result<LogInspection> repair_log(os::FileSystem& files, const std::string& directory) {
  return LogInspector(files, directory, true).run();
}

}  // namespace penstock::framelog
