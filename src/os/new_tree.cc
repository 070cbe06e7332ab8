#include "os/new_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace penstock::os {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kWhileWritten = 0700;
constexpr fs::perms kReadableFolder = fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read |
                                      fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec;

std::unexpected<Error> system_fail(std::string_view what, const std::string& path, int number) {
  const ErrorKind kind = number == EEXIST || number == ENOTDIR ? ErrorKind::conflict : ErrorKind::unavailable;
  return fail(kind, fmt::format("{} {}: {}", what, path, std::system_category().message(number)));
}

bool is_inner(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || slash + 1 == name.size()) return false;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return true;
}

}  // namespace

Result<NewTree> NewTree::make(std::string folder) {
  if (::mkdir(folder.c_str(), kWhileWritten) != 0) return system_fail("mkdir", folder, errno);
  return NewTree(std::move(folder));
}

NewTree::NewTree(NewTree&& other) noexcept
    : folder_(std::move(other.folder_)),
      file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

NewTree::~NewTree() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> NewTree::add_folder(std::string_view name) {
  PENSTOCK_ASSERT(is_inner(name));
  for (std::size_t end = 0; end != name.size();) {
    end = std::min(name.find('/', end + 1), name.size());
    const std::string path = folder_ + "/" + std::string(name.substr(0, end));
    if (::mkdir(path.c_str(), kWhileWritten) == 0) continue;
    struct stat found{};
    if (errno != EEXIST || ::lstat(path.c_str(), &found) != 0) return system_fail("mkdir", path, errno);
    if (!S_ISDIR(found.st_mode)) return system_fail("mkdir", path, EEXIST);
  }
  return {};
}

Result<void> NewTree::begin_file(std::string_view name, bool executable) {
  PENSTOCK_ASSERT(is_inner(name) && descriptor_ < 0);
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
    PENSTOCK_TRY_VOID(add_folder(name.substr(0, slash)));
  }
  file_ = folder_ + "/" + std::string(name);
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor_ < 0) return system_fail("open", file_, errno);
  // By fchmod, so that the umask has no say: functions run as another user than the one who owns the files.
  if (::fchmod(descriptor_, executable ? 0555 : 0444) != 0) return system_fail("chmod", file_, errno);
  return {};
}

Result<void> NewTree::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_fail("write", file_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> NewTree::end_file() {
  if (::close(std::exchange(descriptor_, -1)) != 0) return system_fail("close", file_, errno);
  return {};
}

Result<void> NewTree::finish(const std::string& final_folder) {
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed)) {
    const bool is_folder = at->symlink_status(failed).type() == fs::file_type::directory;
    if (!failed && is_folder) fs::permissions(at->path(), kReadableFolder, failed);
    if (failed) break;
  }
  if (failed) return system_fail("chmod below", folder_, failed.value());
  // The topmost last: a folder that may not be written cannot be moved to another one.
  if (::rename(folder_.c_str(), final_folder.c_str()) != 0) return system_fail("rename to", final_folder, errno);
  folder_ = final_folder;
  fs::permissions(folder_, kReadableFolder, failed);
  if (failed) return system_fail("chmod", folder_, failed.value());
  return {};
}

Result<void> remove_tree(const std::string& folder) {
  std::error_code failed;
  const fs::file_status found = fs::symlink_status(folder, failed);
  if (found.type() == fs::file_type::not_found) return {};
  if (found.type() == fs::file_type::directory) {
    fs::permissions(folder, fs::perms::owner_all, failed);
    for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
      if (at->symlink_status(failed).type() != fs::file_type::directory) continue;
      fs::permissions(at->path(), fs::perms::owner_all, failed);
    }
  }
  if (!failed) fs::remove_all(folder, failed);
  if (failed) return system_fail("remove", folder, failed.value());
  return {};
}

}  // namespace penstock::os
