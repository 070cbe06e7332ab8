#pragma once
/// What says that a backup is whole, and what is in it: the file `backup.json`, written last (docs/formats/backup.md).
/// Pure. Errors of parsing: corrupt, with what is wrong; a newer format is named as such.
/// Bounds: kManifestBytesMax.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "server/data_directory.h"

namespace penstock::server {

inline constexpr std::string_view kManifestFile = "backup.json";
inline constexpr std::size_t kManifestBytesMax = 256U << 20U;
/// What the data directory has of logs: those of streams, and those of log groups and of asynchronous invocations.
inline constexpr std::string_view kStreamsFolder = "streams";
inline constexpr std::string_view kOutputsFolder = "logs";
inline constexpr std::string_view kLogFolders[] = {kStreamsFolder, kOutputsFolder};
inline constexpr std::string_view kZipsFolder = "functions/zips";
inline constexpr std::string_view kBucketsFolder = "buckets";
/// A file's name with its folders, as long as a path may be.
inline constexpr std::size_t kFileNameBytesMax = 4096;

struct BackupFile {
  std::string name;  ///< relative to its folder
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> crc32c;  ///< none of files that were linked, and so not read
  bool operator==(const BackupFile&) const = default;
};

struct BackupLog {
  std::string id;
  std::string folder{kStreamsFolder};  ///< one of kLogFolders
  std::string owner;                   ///< the stream, the log group; empty: neither owns it
  std::uint64_t next_position = 0;     ///< of the frame that would have come next; 0: not known
  std::vector<BackupFile> files;       ///< in `path()`
  [[nodiscard]] std::string path() const { return folder + "/" + id; }
  /// For messages: "the stream field-7".
  [[nodiscard]] std::string described() const;
  [[nodiscard]] std::uint64_t bytes() const;
  bool operator==(const BackupLog&) const = default;
};

struct BackupManifest {
  std::string program;  ///< the version of Penstock that made it
  Timestamp made{};
  std::string account;
  std::string region;
  std::vector<BackupFile> files;  ///< all but the logs
  std::vector<BackupLog> logs;
  /// Master keys that encrypted streams need and that are in no file of the backup.
  std::vector<std::string> master_keys_elsewhere;
  bool operator==(const BackupManifest&) const = default;
};

/// The SHA-256, in hexadecimal digits, that the zip of a function or layer is named after; empty: `name` is no such
/// zip's.
[[nodiscard]] std::string_view zip_sha256_of(std::string_view name);
/// Whether a manifest can name the file: no step upwards, UTF-8, kFileNameBytesMax.
[[nodiscard]] bool is_file_name(std::string_view name);

[[nodiscard]] std::string render_manifest(const BackupManifest& manifest);
[[nodiscard]] Result<BackupManifest> parse_manifest(std::string_view text);

}  // namespace penstock::server
