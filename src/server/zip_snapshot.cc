#include "server/zip_snapshot.h"

#include <fmt/format.h>

#include <utility>

#include "server/directory_tree.h"

namespace penstock::server {

ZipSnapshot::~ZipSnapshot() {
  if (staging_.empty()) return;
  remove_contents(files_, staging_);
  static_cast<void>(files_.remove_directory(staging_));
}

Result<void> ZipSnapshot::take() {
  const auto names = files_.list(source_);
  if (!names.has_value() && names.error().kind == ErrorKind::missing) return {};
  if (!names.has_value()) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (zip_sha256_of(fmt::format("{}/{}", kZipsFolder, name)).empty()) continue;
    // A zip that goes now is named by no document: the catalog would have to change first.
    const auto held = hold(name);
    if (!held.has_value() && held.error().kind != ErrorKind::missing) return held;
  }
  return {};
}

Result<bool> ZipSnapshot::link_to(const std::string& folder, const std::string& name, bool& possible) {
  if (!possible) return false;
  const auto linked = files_.link(source_ + "/" + name, folder + "/" + name);
  if (linked.has_value()) return true;
  if (linked.error().kind != ErrorKind::invalid) return std::unexpected(linked.error());
  possible = false;
  return false;
}

Result<void> ZipSnapshot::hold(const std::string& name) {
  Held held{.name = name, .linked = false, .path = source_ + "/" + name, .file = nullptr};
  PENSTOCK_TRY(held.linked, link_to(target_, name, links_to_target_));
  if (!held.linked && !staging_.empty()) {
    if (links_to_staging_) PENSTOCK_TRY_VOID(files_.make_directories(staging_));
    PENSTOCK_TRY(const bool staged, link_to(staging_, name, links_to_staging_));
    if (staged) {
      held.path = staging_ + "/" + name;
    } else if (held_.size() == framelog::kHeldFilesMax) {
      return fail(ErrorKind::unavailable,
                  fmt::format("more than {} zips would have to be kept open: the file system of the data directory "
                              "knows no hard links; back up with the server stopped",
                              framelog::kHeldFilesMax));
    } else {
      PENSTOCK_TRY(held.file, files_.open(held.path, os::OpenMode::read));
    }
  }
  held_.push_back(std::move(held));
  return {};
}

Result<std::uint64_t> ZipSnapshot::bytes_to_copy() const {
  std::uint64_t bytes = 0;
  for (const Held& held : held_) {
    if (held.linked) continue;
    if (held.file != nullptr) {
      PENSTOCK_TRY(const std::uint64_t more, held.file->size());
      bytes += more;
    } else {
      PENSTOCK_TRY(const os::Entry entry, files_.look_at(held.path));
      bytes += entry.bytes;
    }
  }
  return bytes;
}

Result<std::vector<BackupFile>> ZipSnapshot::finish(const framelog::OnBytes& on_bytes) {
  std::vector<BackupFile> done;
  for (Held& held : held_) {
    const std::string path = target_ + "/" + held.name;
    BackupFile entry{.name = fmt::format("{}/{}", kZipsFolder, held.name), .bytes = 0, .crc32c = {}};
    if (held.linked) {
      PENSTOCK_TRY(const os::Entry there, files_.look_at(path));
      entry.bytes = there.bytes;
      PENSTOCK_TRY_VOID(on_bytes(0));
    } else {
      if (held.file == nullptr) {
        PENSTOCK_TRY(held.file, files_.open(held.path, os::OpenMode::read));
      }
      PENSTOCK_TRY(entry.bytes, held.file->size());
      PENSTOCK_TRY(entry.crc32c, framelog::copy_file(files_, *held.file, entry.bytes, path, on_bytes));
      held.file = nullptr;
    }
    done.push_back(std::move(entry));
  }
  PENSTOCK_TRY_VOID(files_.sync_directory(target_));
  return done;
}

}  // namespace penstock::server
