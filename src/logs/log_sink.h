#pragma once
/// Where functions' output goes: log groups and streams (LogStore keeps them).
/// Threads: any; never blocks. Bounds: what waits to be stored is bounded; over it the newest are dropped and counted.

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace penstock::logs {

struct LogEvent {
  Timestamp time{};
  std::string message;  ///< <= 1 MiB (CloudWatch Logs quotas: event size)
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Makes the group and the stream when they are not there.
  virtual void put(std::string_view group, std::string_view stream, std::vector<LogEvent> events) = 0;
};

}  // namespace penstock::logs
