#pragma once
/// Structured log: one JSON object a line on standard error (or a sink that tests give). Never log a secret, a
/// session token, a private key or a record's payload.
/// Threads: any. Bounds: a line is cut at 8 KiB.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace penstock::telemetry {

enum class Level : std::uint8_t { debug, info, warn, error };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

void set_level(Level level);
/// Replaces where lines go (default: standard error). For tests and for the interactive commands.
void set_sink(std::function<void(std::string_view line)> sink);

/// {"time":"2026-11-23T05:41:00.123Z","level":"info","event":"stream created","stream":"a"}
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace penstock::telemetry
