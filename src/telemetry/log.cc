#include "telemetry/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

#include "core/clock.h"
#include "core/mutex.h"

namespace penstock::telemetry {

namespace {

constexpr std::size_t kLineBytesMax = 8192;

std::atomic<Level> least_level = Level::info;

struct Sink {
  Mutex mutex;
  std::shared_ptr<const std::function<void(std::string_view)>> write GUARDED_BY(mutex);
};
Sink& sink() {
  static Sink the_sink;
  return the_sink;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

/// Bytes that are not UTF-8 are kept as they are: the line must never fail.
void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

struct AppendValue {
  std::string& out;
  void operator()(std::string_view text) const { append_json_string(out, text); }
  void operator()(std::int64_t number) const { out += fmt::format("{}", number); }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      out += fmt::format("{}", number);
    } else {
      out.append("null");
    }
  }
  void operator()(bool truth) const { out.append(truth ? "true" : "false"); }
};

void append_field(std::string& out, const Field& field) {
  const std::size_t before = out.size();
  out.push_back(',');
  append_json_string(out, field.name);
  out.push_back(':');
  std::visit(AppendValue{out}, field.value);
  if (out.size() <= kLineBytesMax - 32) return;
  out.resize(before);
  if (!out.ends_with(",\"cut\":true")) out.append(",\"cut\":true");
}

void write_standard_error(std::string_view line) {
  std::string text(line);
  text.push_back('\n');
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
    if (written <= 0) return;  // nowhere to complain
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void set_level(Level level) { least_level = level; }

void set_sink(std::function<void(std::string_view line)> write) {
  auto shared = write ? std::make_shared<const std::function<void(std::string_view)>>(std::move(write)) : nullptr;
  Sink& the_sink = sink();
  const MutexLock lock(the_sink.mutex);
  the_sink.write = std::move(shared);
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  const std::int64_t now_ms = to_unix_ms(SystemClock().now());
  std::string line = fmt::format("{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:03}Z\",\"level\":\"{}\",\"event\":",
                                 fmt::gmtime(static_cast<std::time_t>(now_ms / 1000)), now_ms % 1000, name_of(level));
  append_json_string(line, event.substr(0, std::min(event.size(), kLineBytesMax / 8)));
  for (const Field& field : fields) append_field(line, field);
  line.push_back('}');
  std::shared_ptr<const std::function<void(std::string_view)>> write;
  {
    Sink& the_sink = sink();
    const MutexLock lock(the_sink.mutex);
    write = the_sink.write;
  }
  write ? (*write)(line) : write_standard_error(line);
}

}  // namespace penstock::telemetry
