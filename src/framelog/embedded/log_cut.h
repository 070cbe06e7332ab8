#pragma once
/// What of a log is durable at one moment: which files, and how much of each. It stays true while the log goes on, for
/// bytes before a segment's data end never change and a sealed segment's file never does; but a file may lose its name
/// (retention, a rewrite under another name), so whoever wants it takes hold of it soon.
/// Threads: any.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "os/file_system.h"

namespace penstock::framelog {

struct CutSegment {
  std::uint64_t number = 0;
  std::string path;
  bool sealed = false;             ///< the whole file belongs to the cut
  std::uint64_t bytes = 0;         ///< of one that is not sealed: its beginning
  std::shared_ptr<os::File> file;  ///< of one that is not sealed, and that some log writes
};

struct LogCut {
  std::string directory;
  bool quiet = false;                ///< nobody writes the log, nothing loses its name
  std::vector<CutSegment> segments;  ///< oldest first, without those that hold nothing
  std::uint64_t next_position = 0;   ///< of the frame that comes behind them; 0: not known
};

/// Of a log that nobody has open: nothing is judged, a damaged log is taken as it lies. Nothing when there is no log.
Result<std::optional<LogCut>> cut_quiet_log(os::FileSystem& files, const std::string& directory);

}  // namespace penstock::framelog
