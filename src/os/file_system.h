#pragma once
/// Files, behind an interface that tests replace: a simulation of power loss stands on it.
/// Guarantee: bytes written are safe from power loss only after File::sync on that file; names created, renamed or
///            removed are safe only after FileSystem::sync_directory on their folder.
/// Threads:   a FileSystem may be used from any thread. A File too: pread and pwrite carry their own offsets.
/// Errors:    missing, conflict (exists already, locked), unavailable (no space is unavailable too; the message says
///            what the system said), corrupt is never given here.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace penstock::os {

class File {
 public:
  virtual ~File() = default;
  /// Reads up to `out.size()` bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> pread(std::span<char> out, std::uint64_t offset) = 0;
  /// Writes all parts one after the other at `offset`, or fails (some bytes may then be written).
  virtual Result<void> pwritev(std::span<const std::string_view> parts, std::uint64_t offset) = 0;
  /// fdatasync: contents, and the size if it changed, are on disk when this returns success.
  /// After a failure the file's unsynced contents are undefined for ever: never call it again as if it could heal.
  virtual Result<void> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
};

/// `other`: a symbolic link, a pipe, a socket, a device.
enum class EntryKind : std::uint8_t { file, folder, other };

struct Entry {
  EntryKind kind = EntryKind::other;
  std::uint64_t bytes = 0;  ///< of a file
};

enum class OpenMode : std::uint8_t { read, read_write, create_new /* fails with conflict if it exists */ };

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// A second name for the file: both have the same contents from then on.
  /// Errors: invalid = there can be no such link: another disk, or a file system without links (copy instead); missing;
  ///         conflict = `to` exists.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  /// Makes the folder and its parents; fine if it exists. Mode 0700.
  virtual Result<void> make_directories(const std::string& path) = 0;
  virtual Result<void> remove_directory(const std::string& path) = 0;
  /// Names (not paths) of the entries, sorted; without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// What a name stands for; a symbolic link is not followed.
  virtual Result<Entry> look_at(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// What may still be written on the disk of that folder. Others write too: it is no promise.
  virtual Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
};

}  // namespace penstock::os
