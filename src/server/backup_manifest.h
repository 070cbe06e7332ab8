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

struct BackupFile {
  std::string name;  ///< relative to its folder
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> crc32c;  ///< none of files that were linked, and so not read
  bool operator==(const BackupFile&) const = default;
};

struct BackupLog {
  std::string id;
  std::string stream;               ///< empty: no stream owns it
  std::uint64_t next_position = 0;  ///< of the frame that would have come next; 0: not known
  std::vector<BackupFile> files;    ///< in the folder `streams/ID`
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

[[nodiscard]] std::string render_manifest(const BackupManifest& manifest);
[[nodiscard]] Result<BackupManifest> parse_manifest(std::string_view text);

}  // namespace penstock::server
