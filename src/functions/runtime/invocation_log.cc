#include "functions/runtime/invocation_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace penstock::functions::runtime {

namespace {

constexpr char kBareMark = '\x1e';

double ms(std::chrono::microseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

std::int64_t billed_ms(std::chrono::microseconds duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

/// Initialisation is billed too. Source: AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase", 2025.
std::int64_t billed_of(const Report& report) {
  return billed_ms(report.duration + report.init.value_or(std::chrono::microseconds(0)));
}

std::string report_record(std::string_view request_id, const Report& report) {
  std::string out = fmt::format(
      R"({{"requestId":"{}","metrics":{{"durationMs":{:.3f},"billedDurationMs":{},"memorySizeMB":{},"maxMemoryUsedMB":{})",
      request_id, ms(report.duration), billed_of(report), report.memory_mb, report.used_mb);
  if (report.init.has_value()) out += fmt::format(R"(,"initDurationMs":{:.3f})", ms(*report.init));
  out += fmt::format(R"(}},"status":"{}")", report.status.empty() ? "success" : report.status);
  if (!report.error_type.empty()) out += fmt::format(R"(,"errorType":"{}")", report.error_type);
  return out + "}";
}

std::string report_text(std::string_view request_id, const Report& report) {
  std::string out = fmt::format(
      "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t"
      "Max Memory Used: {} MB\t",
      request_id, ms(report.duration), billed_of(report), report.memory_mb, report.used_mb);
  if (report.init.has_value()) out += fmt::format("Init Duration: {:.2f} ms\t", ms(*report.init));
  if (!report.status.empty()) out += fmt::format("Status: {}\t", report.status);
  if (!report.error_type.empty() && report.status == "error") out += fmt::format("Error Type: {}\t", report.error_type);
  return out;
}

}  // namespace

std::string log_stream_name(Timestamp now, std::string_view version, std::string_view random_hex_32) {
  return fmt::format("{:%Y/%m/%d}/[{}]{}", std::chrono::floor<std::chrono::seconds>(now), version, random_hex_32);
}

InvocationLog::InvocationLog(logs::LogSink& sink, const Clock& clock, LoggingConfig config, std::string stream,
                             std::size_t output_bytes_max, bool joins_lines, std::function<bool()> may_log)
    : sink_(sink),
      clock_(clock),
      config_(std::move(config)),
      stream_(std::move(stream)),
      output_bytes_max_(output_bytes_max),
      joins_lines_(joins_lines),
      may_log_(std::move(may_log)) {}

void InvocationLog::write(std::string_view bytes) {
  const std::size_t room = output_bytes_max_ - std::min(output_bytes_max_, written_);
  if (bytes.size() > room) {
    dropped_ += bytes.size() - room;
    bytes = bytes.substr(0, room);
  }
  written_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), kLineBytesMax - partial_.size());
    partial_.append(bytes.substr(0, end));
    const bool whole = end < bytes.size() && bytes[end] == '\n';
    bytes.remove_prefix(std::min(bytes.size(), end + (whole ? 1 : 0)));
    if (whole || partial_.size() >= kLineBytesMax) finish_line();
  }
}

void InvocationLog::finish_line() {
  if (partial_.empty()) return;
  const bool is_bare = joins_lines_ && partial_.ends_with(kBareMark);
  if (is_bare) partial_.pop_back();
  if (joins_lines_) std::ranges::replace(partial_, '\r', '\n');
  if (!is_bare) partial_ += '\n';
  add(std::exchange(partial_, {}));
}

void InvocationLog::add(std::string message) {
  tail_ += message;
  if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  events_.push_back({.time = clock_.now(), .message = std::move(message)});
}

void InvocationLog::line(std::string text) {
  finish_line();
  text += '\n';
  add(std::move(text));
}

/// Of Lambda's own lines: JSON if the function logs so.
void InvocationLog::system(std::string_view type, std::string record, std::string text) {
  if (!config_.json) return line(std::move(text));
  const auto now = clock_.now();
  line(fmt::format(R"({{"time":"{:%Y-%m-%dT%H:%M:%S}Z","type":"{}","record":{}}})", now, type, record));
}

void InvocationLog::start(std::string_view request_id, std::string_view version) {
  finish_line();
  tail_.clear();
  written_ = 0;
  dropped_ = 0;
  system("platform.start", fmt::format(R"({{"requestId":"{}","version":"{}"}})", request_id, version),
         fmt::format("START RequestId: {} Version: {}", request_id, version));
}

void InvocationLog::end(std::string_view request_id, const Report& report) {
  finish_line();
  if (dropped_ > 0) {
    line(fmt::format("[Penstock] {} bytes of output were dropped: an invocation may write {} (lambda.output_bytes_max)",
                     std::exchange(dropped_, 0), output_bytes_max_));
  }
  if (!config_.json) line(fmt::format("END RequestId: {}", request_id));
  system("platform.report", report_record(request_id, report), report_text(request_id, report));
  written_ = 0;
  flush();
}

void InvocationLog::init_report(const Report& report) {
  system(
      "platform.initReport",
      fmt::format(
          R"({{"initializationType":"on-demand","phase":"init","status":"{}","errorType":"{}","metrics":{{"durationMs":{:.3f}}}}})",
          report.status, report.error_type, ms(report.duration)),
      report.error_type.empty()
          ? fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: init\tStatus: {}", ms(report.duration),
                        report.status)
          : fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: init\tStatus: {}\tError Type: {}",
                        ms(report.duration), report.status, report.error_type));
}

void InvocationLog::flush() {
  if (events_.empty()) return;
  std::vector<logs::LogEvent> events = std::exchange(events_, {});
  if (may_log_()) sink_.put(config_.group, stream_, std::move(events));
}

std::string InvocationLog::take_tail() {
  std::string out = std::exchange(tail_, {});
  if (out.size() > kTailBytes) out.erase(0, out.size() - kTailBytes);
  return out;
}

}  // namespace penstock::functions::runtime
