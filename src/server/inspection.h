#pragma once
/// Looks through the logs and the zips of a data directory that no server uses, and salvages what is whole when it is
/// told to: `penstock check` and `penstock repair`. Guarantee: as framelog/embedded/inspection.h says; checking changes
/// no log. Errors:    missing (not a data directory), conflict (a server runs here), corrupt (the catalog),
/// unavailable.

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/inspection.h"
#include "os/file_system.h"

namespace penstock::server {

struct LogReport {
  std::string name;  ///< the stream's; "log group NAME"; of a log that neither owns: "log ID (nothing owns it)"
  Result<framelog::LogInspection> found;
  std::vector<std::string> damages;  ///< one line for each that is described
  [[nodiscard]] bool is_whole() const { return found.has_value() && found->is_whole(); }
};

enum class Inspection : std::uint8_t { check, repair };

struct ZipReport {
  std::uint64_t zips = 0;  ///< of functions and layers
  std::vector<std::string> damages;
};

struct DirectoryReport {
  std::vector<LogReport> logs;  ///< streams first, by name
  ZipReport zips;
};

/// `only`: this stream alone. Zips are looked at, never changed: what was in a damaged one is to be uploaded again.
Result<DirectoryReport> inspect_directory(os::FileSystem& files, const std::string& data_dir, Inspection what,
                                          const std::optional<std::string>& only);

}  // namespace penstock::server
