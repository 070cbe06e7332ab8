#include "server/directory_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace penstock::server {

Result<FreshFolder> FreshFolder::make(os::FileSystem& files, const std::string& path) {
  const auto names = files.list(path);
  if (!names.has_value() && names.error().kind != ErrorKind::missing) return std::unexpected(names.error());
  if (names.has_value() && !names->empty()) {
    return fail(ErrorKind::conflict, fmt::format("{} is not empty (it holds {})", path, names->front()));
  }
  PENSTOCK_TRY_VOID(files.make_directories(path));
  return FreshFolder(files, path, !names.has_value());
}

FreshFolder::FreshFolder(FreshFolder&& other) noexcept
    : files_(std::exchange(other.files_, nullptr)), path_(std::move(other.path_)), is_new_(other.is_new_) {}

FreshFolder::~FreshFolder() {
  if (files_ == nullptr) return;
  remove_contents(*files_, path_);
  if (is_new_) static_cast<void>(files_->remove_directory(path_));
}

Result<void> FolderSync::make_for(std::string_view name) {
  const std::size_t last = name.rfind('/');
  if (last == std::string_view::npos || folders_.contains(name.substr(0, last))) return {};
  PENSTOCK_TRY_VOID(files_.make_directories(root_ + "/" + std::string(name.substr(0, last))));
  for (std::size_t slash = last; slash != std::string_view::npos && slash > 0; slash = name.rfind('/', slash - 1)) {
    if (!folders_.emplace(name.substr(0, slash)).second) break;
  }
  return {};
}

Result<void> FolderSync::sync() const {
  for (const std::string& folder : folders_) PENSTOCK_TRY_VOID(files_.sync_directory(root_ + "/" + folder));
  return files_.sync_directory(root_);
}

void remove_contents(os::FileSystem& files, const std::string& path) {
  const auto names = files.list(path);
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const std::string below = path + "/" + name;
    if (files.unlink(below).has_value()) continue;
    remove_contents(files, below);
    static_cast<void>(files.remove_directory(below));
  }
}

Result<void> sync_with_parents(os::FileSystem& files, const std::string& path) {
  PENSTOCK_TRY_VOID(files.sync_directory(path));
  bool is_parent = true;
  for (std::size_t slash = path.find_last_of('/'); slash != std::string::npos && slash > 0;
       slash = path.find_last_of('/', slash - 1)) {
    auto synced = files.sync_directory(path.substr(0, slash));
    if (!synced.has_value() && is_parent) return synced;
    is_parent = false;
  }
  return {};
}

Result<void> write_durably(os::FileSystem& files, const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  PENSTOCK_TRY(const auto file, files.open(draft, os::OpenMode::create_new));
  PENSTOCK_TRY_VOID(file->pwritev(std::array{text}, 0));
  PENSTOCK_TRY_VOID(file->sync());
  PENSTOCK_TRY_VOID(files.rename(draft, path));
  return files.sync_directory(path.substr(0, path.find_last_of('/')));
}

Result<std::string> read_file(os::FileSystem& files, const std::string& path, std::size_t bytes_max) {
  PENSTOCK_TRY(const auto file, files.open(path, os::OpenMode::read));
  PENSTOCK_TRY(const std::uint64_t size, file->size());
  if (size > bytes_max) return fail(ErrorKind::corrupt, fmt::format("{} is too large", path));
  std::string text(size, '\0');
  PENSTOCK_TRY(const std::size_t got, file->pread(text, 0));
  text.resize(got);
  return text;
}

bool lies_in(const std::string& path, const std::string& folder) {
  std::error_code problem;
  const auto below = std::filesystem::weakly_canonical(path, problem);
  if (problem) return false;
  const auto above = std::filesystem::weakly_canonical(folder, problem);
  if (problem) return false;
  return std::ranges::mismatch(above, below).in1 == above.end();
}

}  // namespace penstock::server
