#include "framelog/embedded/log_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/format.h"

namespace penstock::framelog {
namespace {

// Written pieces are synced this often, so that the logs' own syncs do not wait behind a heap of them.
constexpr std::uint64_t kSyncEveryBytes = 4U << 20U;
// A segment that lost its name is looked for again: a rewrite may have given it another.
constexpr int kLooksMax = 10;

std::string last_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

Result<std::uint32_t> copy_file(os::FileSystem& files, os::File& from, std::uint64_t bytes, const std::string& to,
                                const OnBytes& on_bytes) {
  PENSTOCK_TRY(const auto out, files.open(to, os::OpenMode::create_new));
  std::string piece(std::min<std::uint64_t>(bytes, kPieceBytes), '\0');
  std::uint32_t crc = 0;
  std::uint64_t unsynced = 0;
  for (std::uint64_t at = 0; at < bytes;) {
    piece.resize(std::min<std::uint64_t>(bytes - at, kPieceBytes));
    PENSTOCK_TRY(const std::size_t got, from.pread(piece, at));
    if (got != piece.size()) return fail(ErrorKind::unavailable, fmt::format("the source of {} became shorter", to));
    crc = crc32c(piece, crc);
    const std::array<std::string_view, 1> parts = {piece};
    PENSTOCK_TRY_VOID(out->pwritev(parts, at));
    at += got;
    unsynced += got;
    if (unsynced >= kSyncEveryBytes) {
      PENSTOCK_TRY_VOID(out->sync());
      unsynced = 0;
    }
    PENSTOCK_TRY_VOID(on_bytes(got));
  }
  PENSTOCK_TRY_VOID(out->sync());
  return crc;
}

Result<std::uint32_t> checksum_of(os::File& file, std::uint64_t bytes) {
  std::string piece;
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(bytes - at, kPieceBytes));
    PENSTOCK_TRY(const std::size_t got, file.pread(piece, at));
    if (got != piece.size()) return fail(ErrorKind::unavailable, "a file is shorter than it should be");
    crc = crc32c(piece, crc);
  }
  return crc;
}

void remove_log_folders(os::FileSystem& files, const std::string& directory) {
  const auto folders = files.list(directory);
  if (!folders.has_value()) return;
  for (const std::string& folder : *folders) {
    const std::string path = directory + "/" + folder;
    const auto names = files.list(path);
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      static_cast<void>(files.unlink(path + "/" + name));
    }
    static_cast<void>(files.remove_directory(path));
  }
  static_cast<void>(files.remove_directory(directory));
}

LogSnapshot::~LogSnapshot() {
  if (!staging_.empty()) remove_log_folders(files_, staging_);
}

/// Newest first: retention drops the oldest first, so what is missing when its turn comes is missing with all before
/// it, and what was taken follows without a gap.
Result<void> LogSnapshot::take(const std::string& log_id, const CutNow& cut_now) {
  PENSTOCK_TRY(const auto cut, cut_now());
  if (!cut.has_value()) return {};
  Taken taken{.log = {.id = log_id, .next_position = cut->next_position, .files = {}}, .log_file = {}, .held = {}};
  auto log_file = files_.open(cut->directory + "/log", os::OpenMode::read);
  if (log_file.has_value()) {
    taken.log_file.resize(kLogFileBytes);
    PENSTOCK_TRY(const std::size_t got, (*log_file)->pread(taken.log_file, 0));
    taken.log_file.resize(got);
  } else if (log_file.error().kind != ErrorKind::missing) {
    return std::unexpected(std::move(log_file).error());
  } else {
    PENSTOCK_TRY(const auto again, cut_now());
    if (!again.has_value()) return {};  // it was deleted
  }
  PENSTOCK_TRY_VOID(files_.make_directories(target_ + "/" + log_id));
  for (const CutSegment& segment : cut->segments | std::views::reverse) {
    PENSTOCK_TRY(const bool held, hold_current(taken, segment, cut->quiet, cut_now));
    if (!held) break;
  }
  std::ranges::reverse(taken.held);
  logs_.push_back(std::move(taken));
  return {};
}

/// False when the log holds the segment no more.
Result<bool> LogSnapshot::hold_current(Taken& taken, CutSegment segment, bool quiet, const CutNow& cut_now) {
  for (int look = 0; look < kLooksMax; ++look) {
    const auto held = hold(taken, segment, quiet);
    if (held.has_value()) return true;
    if (held.error().kind != ErrorKind::missing) return std::unexpected(held.error());
    PENSTOCK_TRY(const auto now, cut_now());
    if (!now.has_value()) return false;
    const auto at = std::ranges::find(now->segments, segment.number, &CutSegment::number);
    if (at == now->segments.end()) return false;
    segment.path = at->path;
  }
  return fail(ErrorKind::unavailable, fmt::format("{} changes all the time", segment.path));
}

Result<void> LogSnapshot::hold(Taken& taken, const CutSegment& segment, bool quiet) {
  Held held{.name = last_name(segment.path), .bytes = segment.bytes, .path = segment.path, .file = nullptr};
  const auto keep = [&] {
    taken.held.push_back(std::move(held));
    return Result<void>();
  };
  if (segment.file != nullptr) {
    PENSTOCK_TRY_VOID(hold_file(held, segment.file));
    return keep();
  }
  if (segment.sealed && links_to_target_) {
    const auto linked = files_.link(segment.path, target_ + "/" + taken.log.id + "/" + held.name);
    held.linked = linked.has_value();
    if (held.linked) return keep();
    if (linked.error().kind != ErrorKind::invalid) return linked;
    links_to_target_ = false;
  }
  if (quiet) return keep();
  if (segment.sealed && links_to_staging_) {
    const std::string folder = staging_ + "/" + taken.log.id;
    PENSTOCK_TRY_VOID(files_.make_directories(folder));
    const auto linked = files_.link(segment.path, folder + "/" + held.name);
    held.staged = linked.has_value();
    if (held.staged) {
      held.path = folder + "/" + held.name;
      return keep();
    }
    if (linked.error().kind != ErrorKind::invalid) return linked;
    links_to_staging_ = false;
  }
  PENSTOCK_TRY(auto file, files_.open(segment.path, os::OpenMode::read));
  PENSTOCK_TRY_VOID(hold_file(held, std::shared_ptr<os::File>(std::move(file))));
  return keep();
}

Result<void> LogSnapshot::hold_file(Held& held, std::shared_ptr<os::File> file) {
  if (held_files_++ == kHeldFilesMax) {
    return fail(ErrorKind::unavailable,
                fmt::format("more than {} segments would have to be kept open: the file system of the data directory "
                            "knows no hard links; back up with the server stopped",
                            kHeldFilesMax));
  }
  held.file = std::move(file);
  return {};
}

std::uint64_t LogSnapshot::bytes_to_copy() const {
  std::uint64_t bytes = 0;
  for (const Taken& taken : logs_) {
    for (const Held& held : taken.held) bytes += held.linked ? 0 : held.bytes;
  }
  return bytes;
}

Result<std::vector<SnapshotLog>> LogSnapshot::finish(const OnBytes& on_bytes) {
  std::vector<SnapshotLog> done;
  for (Taken& taken : logs_) {
    const std::string folder = target_ + "/" + taken.log.id;
    PENSTOCK_TRY(const auto log_file, files_.open(folder + "/log", os::OpenMode::create_new));
    const std::array<std::string_view, 1> parts = {taken.log_file};
    PENSTOCK_TRY_VOID(log_file->pwritev(parts, 0));
    PENSTOCK_TRY_VOID(log_file->sync());
    taken.log.files.push_back({.name = "log", .bytes = taken.log_file.size(), .crc32c = crc32c(taken.log_file)});
    for (Held& held : taken.held) {
      PENSTOCK_TRY(SnapshotFile file, settle(folder, held, on_bytes));
      taken.log.files.push_back(std::move(file));
      held.file = nullptr;
    }
    PENSTOCK_TRY_VOID(files_.sync_directory(folder));
    done.push_back(std::move(taken.log));
  }
  logs_.clear();
  return done;
}

Result<SnapshotFile> LogSnapshot::settle(const std::string& folder, const Held& held, const OnBytes& on_bytes) {
  const std::string path = folder + "/" + held.name;
  SnapshotFile out{.name = held.name, .bytes = held.bytes, .crc32c = {}};
  if (held.linked) {
    PENSTOCK_TRY(const auto linked, files_.open(path, os::OpenMode::read));
    PENSTOCK_TRY(out.bytes, linked->size());
    PENSTOCK_TRY_VOID(on_bytes(0));
    return out;
  }
  std::shared_ptr<os::File> from = held.file;
  if (from == nullptr) {
    PENSTOCK_TRY(from, files_.open(held.path, os::OpenMode::read));
    PENSTOCK_TRY(out.bytes, from->size());
  }
  PENSTOCK_TRY(out.crc32c, copy_file(files_, *from, out.bytes, path, on_bytes));
  if (held.staged) PENSTOCK_TRY_VOID(files_.unlink(held.path));
  return out;
}

}  // namespace penstock::framelog
