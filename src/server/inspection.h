#pragma once
/// Looks through the streams of a data directory that no server uses, and salvages what is whole when it is told to:
/// `penstock check` and `penstock repair`.
/// Guarantee: as framelog/embedded/inspection.h says; checking changes no log.
/// Errors:    missing (not a data directory), conflict (a server runs here), corrupt (the catalog), unavailable.

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/inspection.h"
#include "os/file_system.h"

namespace penstock::server {

struct StreamReport {
  std::string stream;  ///< its name; empty: no stream owns the log
  std::string log;
  Result<framelog::LogInspection> found;
  std::vector<std::string> damages;  ///< one line for each that is described
  [[nodiscard]] bool is_whole() const { return found.has_value() && found->is_whole(); }
};

enum class Inspection : std::uint8_t { check, repair };

/// One report for each log, by name of stream. `only`: this stream alone.
Result<std::vector<StreamReport>> inspect_streams(os::FileSystem& files, const std::string& data_dir, Inspection what,
                                                  const std::optional<std::string>& only);

}  // namespace penstock::server
