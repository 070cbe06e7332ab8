#pragma once
/// What is counted of all logs of this process. Like the log of events: for looking at, and nothing decides by it.
/// Threads: any.

#include "telemetry/tally.h"

namespace penstock::framelog {

struct LogMetrics {
  telemetry::Tally commits;  ///< groups made durable
  telemetry::Tally failed_commits;
  telemetry::Tally frames;
  telemetry::Tally bytes;  ///< of frames with their headers
  telemetry::Durations write;
  telemetry::Durations sync;  ///< fdatasync

  telemetry::Tally cold_bytes;       ///< read from files for readers that were not at the tip, indexes included
  telemetry::Tally sorted_segments;  ///< written anew, sorted by shard
  telemetry::Tally sort_bytes;       ///< read and written for that
  telemetry::Tally failed_sorts;     ///< segments that stay as they are, or are tried again, after a failure

  void note_commit(std::size_t group_frames, std::uint64_t group_bytes, std::chrono::nanoseconds write_took,
                   std::chrono::nanoseconds sync_took) {
    commits.add();
    frames.add(group_frames);
    bytes.add(group_bytes);
    write.note(write_took);
    sync.note(sync_took);
  }
};

[[nodiscard]] LogMetrics& log_metrics();

}  // namespace penstock::framelog
