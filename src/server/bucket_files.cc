#include "server/bucket_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "server/directory_tree.h"

namespace penstock::server {
namespace {

constexpr int kCopiesMax = 3;

/// As OutboundDestinations names a record that it is writing.
bool is_unfinished(std::string_view name) {
  constexpr std::string_view kSuffix = ".part";
  if (!name.starts_with('.') || !name.ends_with(kSuffix) || name.size() <= kSuffix.size() + 1) return false;
  const std::string_view middle = name.substr(1, name.size() - 1 - kSuffix.size());
  return middle.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// For a message about a name that may be no text.
std::string printable(std::string name) {
  std::ranges::replace_if(name, [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

/// Nothing when the folder is not there.
Result<std::vector<std::string>> names_in(os::FileSystem& files, const std::string& folder) {
  auto names = files.list(folder);
  if (!names.has_value() && names.error().kind == ErrorKind::missing) return std::vector<std::string>();
  return names;
}

/// Nothing when the file is gone.
Result<std::optional<BackupFile>> copy_one(os::FileSystem& files, const std::string& from, const std::string& to,
                                           const framelog::OnBytes& on_bytes) {
  for (int copies = 1;; ++copies) {
    const auto file = files.open(from, os::OpenMode::read);
    if (!file.has_value() && file.error().kind == ErrorKind::missing) return std::nullopt;
    if (!file.has_value()) return std::unexpected(file.error());
    BackupFile entry;
    PENSTOCK_TRY(entry.bytes, (*file)->size());
    const auto crc = framelog::copy_file(files, **file, entry.bytes, to, on_bytes);
    if (crc.has_value()) {
      entry.crc32c = *crc;
      return entry;
    }
    const auto now = (*file)->size();
    const bool became_shorter = now.has_value() && *now < entry.bytes;
    if (!became_shorter || copies == kCopiesMax) return std::unexpected(crc.error());
    PENSTOCK_TRY_VOID(files.unlink(to));
  }
}

}  // namespace

Result<std::vector<BucketFile>> list_bucket_files(os::FileSystem& files, const std::string& folder) {
  std::vector<BucketFile> found;
  std::vector<std::string> folders;  // relative, each with a slash at its end
  PENSTOCK_TRY(const auto buckets, names_in(files, folder));
  for (const std::string& bucket : buckets) folders.push_back(bucket + "/");
  while (!folders.empty()) {
    const std::string below = std::move(folders.back());
    folders.pop_back();
    PENSTOCK_TRY(const auto names, names_in(files, folder + "/" + below));
    for (const std::string& name : names) {
      const auto entry = files.look_at(fmt::format("{}/{}{}", folder, below, name));
      if (!entry.has_value() && entry.error().kind == ErrorKind::missing) continue;
      if (!entry.has_value()) return std::unexpected(entry.error());
      if (entry->kind == os::EntryKind::folder) folders.push_back(below + name + "/");
      if (entry->kind != os::EntryKind::file || is_unfinished(name)) continue;
      found.push_back({.name = below + name, .bytes = entry->bytes});
      if (!is_file_name(fmt::format("{}/{}", kBucketsFolder, found.back().name))) {
        return fail(ErrorKind::invalid,
                    fmt::format("{}/{} has a name that no backup can hold: it is not UTF-8 or too long; rename it",
                                folder, printable(found.back().name)));
      }
      if (found.size() > kBucketFilesMax) {
        return fail(ErrorKind::invalid,
                    fmt::format("{} holds more than {} files; move some away", folder, kBucketFilesMax));
      }
    }
  }
  std::ranges::sort(found, {}, &BucketFile::name);
  return found;
}

Result<std::vector<BackupFile>> copy_bucket_files(os::FileSystem& files, const std::string& folder,
                                                  const std::vector<BucketFile>& wanted, const std::string& target,
                                                  const framelog::OnBytes& on_bytes) {
  std::vector<BackupFile> done;
  FolderSync folders(files, target);
  for (const BucketFile& file : wanted) {
    PENSTOCK_TRY_VOID(folders.make_for(file.name));
    PENSTOCK_TRY(auto copied, copy_one(files, folder + "/" + file.name, target + "/" + file.name, on_bytes));
    if (!copied.has_value()) continue;
    copied->name = fmt::format("{}/{}", kBucketsFolder, file.name);
    done.push_back(*std::move(copied));
  }
  PENSTOCK_TRY_VOID(folders.sync());
  return done;
}

}  // namespace penstock::server
