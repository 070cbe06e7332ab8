#pragma once
/// One environment's log: what its processes write, cut into lines, and Lambda's own lines between them.
/// Source: AWS Lambda Developer Guide, "Working with Lambda function logs" (START, END, REPORT), "JSON structured
/// system log" (platform.start, platform.report).
/// Threads: one at a time. Bounds: a line kLineBytesMax, then it is cut; of one invocation output_bytes_max, then it is
///          dropped and counted.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "functions/function.h"
#include "logs/log_sink.h"

namespace penstock::functions::runtime {

struct Report {
  std::chrono::microseconds duration{0};
  int memory_mb = 0;
  int used_mb = 0;
  std::optional<std::chrono::microseconds> init{};
  std::string status{};      ///< "timeout", "error"; empty: success
  std::string error_type{};  ///< "Runtime.ExitError"
};

class InvocationLog {
 public:
  static constexpr std::size_t kLineBytesMax = 256U << 10U;
  static constexpr std::size_t kTailBytes = 4096;  ///< Source: Lambda API Reference, Invoke, LogResult

  InvocationLog(logs::LogSink& sink, const Clock& clock, LoggingConfig config, std::string stream,
                std::size_t output_bytes_max, bool joins_lines, std::function<bool()> may_log);

  /// Output as it comes. Lines are put into the sink with flush(), if `may_log` says so then; the tail is there anyhow.
  void write(std::string_view bytes);
  void start(std::string_view request_id, std::string_view version);
  /// END and REPORT. Ends a line that was begun.
  void end(std::string_view request_id, const Report& report);
  /// A line of Lambda's own.
  void line(std::string text);
  void init_report(const Report& report);
  void flush();

  /// The last bytes of what was logged since start().
  [[nodiscard]] std::string take_tail();

 private:
  void finish_line();
  void add(std::string message);
  void system(std::string_view type, std::string record, std::string text);

  logs::LogSink& sink_;
  const Clock& clock_;
  LoggingConfig config_;
  std::string stream_;
  std::size_t output_bytes_max_;
  /// Penstock's own bootstraps write so: a CR stands for a line end within one event, an RS (0x1e) before the line end
  /// says that the event has none of its own.
  bool joins_lines_;
  std::function<bool()> may_log_;
  std::string partial_;
  std::vector<logs::LogEvent> events_;
  std::string tail_;
  std::size_t written_ = 0;  ///< since start()
  std::size_t dropped_ = 0;
};

/// "2026/11/23/[$LATEST]" and 32 hex digits.
[[nodiscard]] std::string log_stream_name(Timestamp now, std::string_view version, std::string_view random_hex_32);

}  // namespace penstock::functions::runtime
