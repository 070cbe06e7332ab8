#pragma once
/// Small things that backup and restore do to folders. Threads: any.

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "os/file_system.h"

namespace penstock::server {

/// A folder that is made for one purpose: it must be new or empty. Unless keep() is called, what is in it is removed
/// again, and the folder itself if it was made here.
class FreshFolder {
 public:
  /// Errors: conflict = something lies there; unavailable. `path` has no slash at its end.
  static Result<FreshFolder> make(os::FileSystem& files, const std::string& path);
  FreshFolder(FreshFolder&& other) noexcept;
  FreshFolder& operator=(FreshFolder&&) = delete;
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;
  ~FreshFolder();
  void keep() { files_ = nullptr; }

 private:
  FreshFolder(os::FileSystem& files, std::string path, bool is_new)
      : files_(&files), path_(std::move(path)), is_new_(is_new) {}

  os::FileSystem* files_;
  std::string path_;
  bool is_new_;
};

/// The folders of many files below one folder: made as they are needed, synced together at the end.
class FolderSync {
 public:
  FolderSync(os::FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}
  /// `name` is a file's, relative to the root.
  Result<void> make_for(std::string_view name);
  /// The root and all that were made for: the names of files and folders in them are durable then.
  Result<void> sync() const;

 private:
  os::FileSystem& files_;
  const std::string root_;
  std::set<std::string, std::less<>> folders_;  ///< relative to the root
};

/// Everything in a folder, as far as it can be removed.
void remove_contents(os::FileSystem& files, const std::string& path);

/// The folder and the one it lies in; and those above, which may be new too, as far as they can be opened.
Result<void> sync_with_parents(os::FileSystem& files, const std::string& path);

/// Writes a whole file, durable with its name. Errors: unavailable.
Result<void> write_durably(os::FileSystem& files, const std::string& path, std::string_view text);

/// Errors: missing; corrupt = larger than `bytes_max`; unavailable.
Result<std::string> read_file(os::FileSystem& files, const std::string& path, std::size_t bytes_max);

/// Whether `path` is `folder` or lies in it, links resolved; both absolute, and `path` need not be there.
bool lies_in(const std::string& path, const std::string& folder);

}  // namespace penstock::server
