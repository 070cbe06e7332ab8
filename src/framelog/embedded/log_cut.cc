#include "framelog/embedded/log_cut.h"

#include <algorithm>

#include "framelog/embedded/embedded_log.h"
#include "framelog/embedded/format.h"

namespace penstock::framelog {
namespace {

/// Nothing when the file "log" is not what it should be: then no segment can be told to be sealed.
Result<std::optional<std::uint64_t>> read_salt_if_whole(os::FileSystem& files, const std::string& directory) {
  auto file = files.open(directory + "/log", os::OpenMode::read);
  if (!file.has_value() && file.error().kind == ErrorKind::missing) return std::nullopt;
  if (!file.has_value()) return std::unexpected(std::move(file).error());
  std::string bytes(kLogFileBytes, '\0');
  PENSTOCK_TRY(const std::size_t got, (*file)->pread(bytes, 0));
  bytes.resize(got);
  const auto log = decode_log_file(bytes);
  if (!log.has_value()) return std::nullopt;
  return log->salt;
}

Result<LogCut> cut_directory(os::FileSystem& files, const std::string& directory) {
  PENSTOCK_TRY(const auto names, files.list(directory));
  PENSTOCK_TRY(const auto salt, read_salt_if_whole(files, directory));
  LogCut cut{.directory = directory, .quiet = true, .segments = {}, .next_position = 0};
  for (const std::string& name : names) {
    // Of a segment that was being sorted both files may be there: which one stands is for recovery to say.
    const auto plain = parse_segment_name(name);
    const auto number = plain.has_value() ? plain : parse_sorted_segment_name(name);
    if (!number.has_value()) continue;
    CutSegment segment{.number = *number, .path = directory + "/" + name, .file = nullptr};
    PENSTOCK_TRY(const auto file, files.open(segment.path, os::OpenMode::read));
    PENSTOCK_TRY(segment.bytes, file->size());
    if (salt.has_value()) {
      PENSTOCK_TRY(const auto trailer, read_trailer(*file, segment_seed(*salt, *number)));
      segment.sealed = trailer.has_value();
    }
    cut.segments.push_back(std::move(segment));
  }
  std::ranges::sort(cut.segments, {}, &CutSegment::number);
  return cut;
}

}  // namespace

LogCut EmbeddedLog::cut() {
  LogCut cut{.directory = directory_, .quiet = false, .segments = {}, .next_position = 1};
  const MutexLock lock(mutex_);
  cut.segments.reserve(segments_.size());
  for (const auto& segment : segments_) {
    cut.next_position = segment->next_position;
    if (segment->data_end == kDataStart) continue;
    cut.segments.push_back({.number = segment->number,
                            .path = segment->path,
                            .sealed = segment->file == nullptr,
                            .bytes = segment->data_end,
                            .file = segment->file});
  }
  return cut;
}

Result<std::optional<LogCut>> cut_quiet_log(os::FileSystem& files, const std::string& directory) {
  auto cut = cut_directory(files, directory);
  if (cut.has_value()) return *std::move(cut);
  if (cut.error().kind == ErrorKind::missing) return std::nullopt;
  return std::unexpected(std::move(cut).error());
}

}  // namespace penstock::framelog
