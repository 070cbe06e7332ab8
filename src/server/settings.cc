#include "server/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/json.h"

namespace penstock::server {

namespace {

namespace json = boost::json;

/// How a value is written in the file; the command line gives all of them as text.
enum class Form : std::uint8_t { text, number, limit, texts };

constexpr std::uint64_t kLimitMax = 1'000'000'000;

struct Setting {
  std::string_view key;
  Form form;
  Result<void> (*read)(Settings&, std::string_view);
};

Result<std::uint64_t> number_in(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < min || number > max) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a whole number from {} to {}", text, min, max));
  }
  return number;
}

template <class T>
Result<void> read_number(T& out, std::string_view text, std::uint64_t min, std::uint64_t max) {
  PENSTOCK_TRY(const std::uint64_t number, number_in(text, min, max));
  out = static_cast<T>(number);
  return {};
}

Result<void> read_ms(std::chrono::milliseconds& out, std::string_view text, std::uint64_t min, std::uint64_t max) {
  PENSTOCK_TRY(const std::uint64_t number, number_in(text, min, max));
  out = std::chrono::milliseconds(number);
  return {};
}

/// "aws", "off" or a whole number.
Result<void> read_limit(stream::Limit& out, std::string_view text) {
  using Choice = stream::Limit::Choice;
  if (text == "aws" || text == "off") {
    out.choice = text == "aws" ? Choice::aws : Choice::off;
    return {};
  }
  const auto number = number_in(text, 1, kLimitMax);
  if (!number.has_value()) {
    return fail(ErrorKind::invalid,
                fmt::format("'{}' is not aws, off or a whole number from 1 to {}", text, kLimitMax));
  }
  out.choice = Choice::number;
  out.number = *number;
  return {};
}

Result<void> read_address(net::HostPort& out, std::string_view text) {
  PENSTOCK_TRY(out, net::parse_host_port(text));
  return {};
}

Result<void> read_level(telemetry::Level& out, std::string_view text) {
  using telemetry::Level;
  constexpr std::array<std::pair<std::string_view, Level>, 4> kLevels = {
      {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}}};
  const auto* at = std::ranges::find(kLevels, text, [](const auto& pair) { return pair.first; });
  if (at == kLevels.end()) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not debug, info, warn or error", text));
  }
  out = at->second;
  return {};
}

Result<void> read_access(MetricsAccess::Mode& out, std::string_view text) {
  using Mode = MetricsAccess::Mode;
  constexpr std::array<std::pair<std::string_view, Mode>, 4> kModes = {
      {{"loopback", Mode::loopback}, {"token", Mode::token}, {"everyone", Mode::everyone}, {"off", Mode::off}}};
  const auto* at = std::ranges::find(kModes, text, [](const auto& pair) { return pair.first; });
  if (at == kModes.end()) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not loopback, token, everyone or off", text));
  }
  out = at->second;
  return {};
}

/// One of two words.
Result<void> read_choice(bool& out, std::string_view text, std::string_view when_false, std::string_view when_true) {
  if (text != when_false && text != when_true) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not {} or {}", text, when_true, when_false));
  }
  out = text == when_true;
  return {};
}

Result<void> read_path(std::string& out, std::string_view text) {
  if (!text.starts_with('/')) return fail(ErrorKind::invalid, fmt::format("'{}' is not an absolute path", text));
  out = text;
  return {};
}

constexpr std::uint64_t kMib = 1U << 20U;
constexpr std::uint64_t kHourMs = 3'600'000;

template <stream::Limit stream::Limits::* limit>
constexpr Setting kinesis_limit(std::string_view key) {
  return {key, Form::limit, [](Settings& s, std::string_view v) { return read_limit(s.kinesis.limits.*limit, v); }};
}

template <std::chrono::milliseconds KinesisSettings::* field, std::uint64_t min = 0>
constexpr Setting kinesis_ms(std::string_view key) {
  return {key, Form::number,
          [](Settings& s, std::string_view v) { return read_ms(s.kinesis.*field, v, min, kHourMs); }};
}

template <std::size_t MemorySettings::* field, std::uint64_t min = 0>
constexpr Setting memory_bytes(std::string_view key) {
  return {key, Form::number,
          [](Settings& s, std::string_view v) { return read_number(s.memory.*field, v, min, kMib << 20U); }};
}

constexpr std::array kSettings = {
    Setting{"account", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (!is_account(v)) return fail(ErrorKind::invalid, fmt::format("'{}' is not twelve digits", v));
              s.account = v;
              return {};
            }},
    Setting{"api.bodies_bytes_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.http.bodies_bytes_max, v, kMib, kMib << 20U); }},
    Setting{"api.body_bytes_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.http.body_bytes_max, v, 1024, kMib << 10U); }},
    Setting{"api.body_stall_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.http.body_stall_max, v, 1, kHourMs); }},
    Setting{"api.connections_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.http.connections_max, v, 1, 1'000'000); }},
    Setting{"api.head_bytes_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.http.head_bytes_max, v, 1024, kMib); }},
    Setting{"api.head_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.http.head_max, v, 1, kHourMs); }},
    Setting{"api.idle_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.http.idle_max, v, 1, kHourMs); }},
    Setting{"api.listen", Form::text, [](Settings& s, std::string_view v) { return read_address(s.api, v); }},
    Setting{"api.write_stall_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.http.write_stall_max, v, 1, kHourMs); }},
    Setting{"certificate_hosts", Form::texts,
            [](Settings& s, std::string_view v) -> Result<void> {
              s.certificate_hosts.emplace_back(v);
              return {};
            }},
    Setting{"data_dir", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (v.empty()) return fail(ErrorKind::invalid, "an empty path");
              s.data_dir = v;
              return {};
            }},
    kinesis_ms<&KinesisSettings::consumer_creating>("kinesis.consumer_creating_ms"),
    kinesis_ms<&KinesisSettings::consumer_deleting>("kinesis.consumer_deleting_ms"),
    kinesis_ms<&KinesisSettings::iterator_life, 1>("kinesis.iterator_life_ms"),
    kinesis_limit<&stream::Limits::consumers_per_stream>("kinesis.limits.consumers_per_stream"),
    kinesis_limit<&stream::Limits::control_calls>("kinesis.limits.control_calls"),
    kinesis_limit<&stream::Limits::encryption_changes_per_day>("kinesis.limits.encryption_changes_per_day"),
    kinesis_limit<&stream::Limits::mode_switches_per_day>("kinesis.limits.mode_switches_per_day"),
    kinesis_limit<&stream::Limits::on_demand_mibps>("kinesis.limits.on_demand_mibps"),
    kinesis_limit<&stream::Limits::on_demand_streams>("kinesis.limits.on_demand_streams"),
    kinesis_limit<&stream::Limits::open_shards>("kinesis.limits.open_shards"),
    kinesis_limit<&stream::Limits::scalings_per_day>("kinesis.limits.scalings_per_day"),
    kinesis_limit<&stream::Limits::shard_read_bytes>("kinesis.limits.shard_read_bytes"),
    kinesis_limit<&stream::Limits::shard_read_calls>("kinesis.limits.shard_read_calls"),
    kinesis_limit<&stream::Limits::shard_write_bytes>("kinesis.limits.shard_write_bytes"),
    kinesis_limit<&stream::Limits::shard_write_records>("kinesis.limits.shard_write_records"),
    kinesis_limit<&stream::Limits::shards_per_stream>("kinesis.limits.shards_per_stream"),
    kinesis_limit<&stream::Limits::streams_changing>("kinesis.limits.streams_changing"),
    Setting{"kinesis.master_key_file", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (v.empty()) return fail(ErrorKind::invalid, "an empty path");
              s.kinesis.master_key_file = v;
              return {};
            }},
    kinesis_ms<&KinesisSettings::page_token_life, 1>("kinesis.next_token_life_ms"),
    kinesis_ms<&KinesisSettings::on_demand_window, 1>("kinesis.on_demand_window_ms"),
    kinesis_ms<&KinesisSettings::creating>("kinesis.stream_creating_ms"),
    kinesis_ms<&KinesisSettings::deleting>("kinesis.stream_deleting_ms"),
    kinesis_ms<&KinesisSettings::updating>("kinesis.stream_updating_ms"),
    kinesis_ms<&KinesisSettings::subscription_idle, 1>("kinesis.subscription_idle_ms"),
    kinesis_ms<&KinesisSettings::subscription_life, 1>("kinesis.subscription_life_ms"),
    kinesis_ms<&KinesisSettings::takeover>("kinesis.subscription_takeover_ms"),
    Setting{"lambda.async_first_retry_ms", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.lambda.async_first_retry, v, 1, kHourMs); }},
    Setting{"lambda.async_second_retry_ms", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.lambda.async_second_retry, v, 1, kHourMs); }},
    Setting{"lambda.code_bytes_max", Form::number,
            [](Settings& s, std::string_view v) {
              return read_number(s.lambda.code_bytes_max, v, 1, std::uint64_t{1} << 50U);
            }},
    Setting{"lambda.concurrency_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.lambda.concurrency_max, v, 1, 10'000); }},
    Setting{"lambda.destinations_endpoint", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              s.lambda.destinations_endpoint = v;
              return {};
            }},
    Setting{"lambda.destinations_key_file", Form::text,
            [](Settings& s, std::string_view v) { return read_path(s.lambda.destinations_key_file, v); }},
    Setting{"lambda.idle_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.lambda.idle_max, v, 1, 24 * kHourMs); }},
    Setting{"lambda.init_ms_max", Form::number,
            [](Settings& s, std::string_view v) { return read_ms(s.lambda.init_max, v, 1, kHourMs); }},
    Setting{"lambda.network", Form::text,
            [](Settings& s, std::string_view v) { return read_choice(s.lambda.shares_network, v, "api", "host"); }},
    Setting{"lambda.node", Form::text, [](Settings& s, std::string_view v) { return read_path(s.lambda.node, v); }},
    Setting{"lambda.output_bytes_max", Form::number,
            [](Settings& s, std::string_view v) {
              return read_number(s.lambda.output_bytes_max, v, 4096, kMib << 10U);
            }},
    Setting{"lambda.processes_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.lambda.processes_max, v, 16, 1'000'000); }},
    Setting{"lambda.python", Form::text, [](Settings& s, std::string_view v) { return read_path(s.lambda.python, v); }},
    Setting{"lambda.sandbox", Form::text,
            [](Settings& s, std::string_view v) { return read_choice(s.lambda.sandboxed, v, "off", "bubblewrap"); }},
    Setting{"log.level", Form::text, [](Settings& s, std::string_view v) { return read_level(s.log_level, v); }},
    memory_bytes<&MemorySettings::answers_bytes_max, kMib>("memory.answers_bytes_max"),
    memory_bytes<&MemorySettings::events_bytes_max, kMib>("memory.events_bytes_max"),
    memory_bytes<&MemorySettings::index_cache_bytes_max>("memory.index_cache_bytes_max"),
    memory_bytes<&MemorySettings::mapped_records_bytes_max, kMib>("memory.mapped_records_bytes_max"),
    memory_bytes<&MemorySettings::mqtt_inbound_bytes_max, kMib>("memory.mqtt_inbound_bytes_max"),
    memory_bytes<&MemorySettings::mqtt_outbound_bytes_max, kMib>("memory.mqtt_outbound_bytes_max"),
    memory_bytes<&MemorySettings::tip_cache_bytes_max>("memory.tip_cache_bytes_max"),
    memory_bytes<&MemorySettings::waiting_bytes_max, kMib>("memory.waiting_bytes_max"),
    Setting{"metrics.access", Form::text,
            [](Settings& s, std::string_view v) { return read_access(s.metrics.access, v); }},
    Setting{"metrics.series_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.metrics.series_max, v, 1000, 100'000'000); }},
    Setting{"metrics.token_file", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (v.empty()) return fail(ErrorKind::invalid, "an empty path");
              s.metrics.token_file = v;
              return {};
            }},
    Setting{"mqtt.anonymous", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (v.empty())
                return fail(ErrorKind::invalid, "empty; it is loopback, deny or the name of an IoT policy");
              s.mqtt_anonymous = v;
              return {};
            }},
    Setting{"mqtt.connections_max", Form::number,
            [](Settings& s, std::string_view v) { return read_number(s.mqtt_connections_max, v, 1, 1'000'000); }},
    Setting{"mqtt.listen", Form::text, [](Settings& s, std::string_view v) { return read_address(s.mqtt, v); }},
    Setting{"mqtts.listen", Form::text, [](Settings& s, std::string_view v) { return read_address(s.mqtts, v); }},
    Setting{"region", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (!is_region(v)) {
                return fail(ErrorKind::invalid, fmt::format("'{}' is not a region such as us-east-1", v));
              }
              s.region = v;
              return {};
            }},
    Setting{"storage.sort_bytes_per_second", Form::number,
            [](Settings& s, std::string_view v) {
              return read_number(s.storage.sort_bytes_per_second, v, kMib, kMib << 20U);
            }},
    Setting{"storage.sort_segments", Form::text,
            [](Settings& s, std::string_view v) -> Result<void> {
              if (v != "on" && v != "off") return fail(ErrorKind::invalid, fmt::format("'{}' is not on or off", v));
              s.storage.sorts_segments = v == "on";
              return {};
            }},
    Setting{"threads", Form::number, [](Settings& s, std::string_view v) { return read_number(s.threads, v, 0, 64); }},
};

Result<void> read(Settings& settings, const Setting& setting, std::string_view value) {
  Result<void> done = setting.read(settings, value);
  if (!done.has_value()) {
    return fail(ErrorKind::invalid, fmt::format("setting {}: {}", setting.key, done.error().message));
  }
  return done;
}

const Setting* find(std::string_view key) {
  const auto* at = std::ranges::find(kSettings, key, &Setting::key);
  return at == kSettings.end() ? nullptr : at;
}

Result<void> apply_value(Settings& settings, const Setting& setting, const json::value& value) {
  const auto wrong = [&](std::string_view wanted) {
    return fail(ErrorKind::invalid, fmt::format("setting {}: {} is wanted", setting.key, wanted));
  };
  switch (setting.form) {
    case Form::text:
      if (!value.is_string()) return wrong("a string");
      return read(settings, setting, value.as_string());
    case Form::number:
      if (!value.is_int64() || value.as_int64() < 0) return wrong("a whole number");
      return read(settings, setting, std::to_string(value.as_int64()));
    case Form::limit:
      if (value.is_string()) return read(settings, setting, value.as_string());
      if (!value.is_int64() || value.as_int64() < 0) return wrong("\"aws\", \"off\" or a whole number");
      return read(settings, setting, std::to_string(value.as_int64()));
    case Form::texts: break;
  }
  if (!value.is_array()) return wrong("a list of strings");
  for (const json::value& item : value.as_array()) {
    if (!item.is_string()) return wrong("a list of strings");
    PENSTOCK_TRY_VOID(read(settings, setting, item.as_string()));
  }
  return {};
}

/// Sections nest as deep as there are keys.
Result<void> apply_object(Settings& settings, const std::string& prefix, const json::object& object) {
  for (const auto& [name, value] : object) {
    const std::string key = prefix + std::string(name);
    if (const Setting* setting = find(key)) {
      PENSTOCK_TRY_VOID(apply_value(settings, *setting, value));
    } else if (value.is_object() &&
               std::ranges::any_of(kSettings, [&](const Setting& s) { return s.key.starts_with(key + "."); })) {
      PENSTOCK_TRY_VOID(apply_object(settings, key + ".", value.as_object()));
    } else {
      return fail(ErrorKind::invalid, fmt::format("there is no setting '{}' (docs/configuration.md lists all)", key));
    }
  }
  return {};
}

}  // namespace

Result<void> set(Settings& settings, std::string_view key, std::string_view value) {
  const Setting* setting = find(key);
  if (setting == nullptr) return fail(ErrorKind::invalid, fmt::format("there is no setting '{}'", key));
  return read(settings, *setting, value);
}

Result<void> apply_file(Settings& settings, std::string_view text) {
  PENSTOCK_TRY(const json::value value, codec::parse_json(text));
  if (!value.is_object()) return fail(ErrorKind::invalid, "a JSON object is wanted");
  return apply_object(settings, "", value.as_object());
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_region(std::string_view text) {
  if (text.empty() || text.size() > 32 || text.starts_with('-')) return false;
  const bool known =
      std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  const std::size_t dash = text.rfind('-');
  return known && dash != std::string_view::npos && dash + 2 == text.size() && text[dash + 1] >= '0' &&
         text[dash + 1] <= '9' && text.find('-') < dash;
}

std::vector<std::string_view> setting_keys() {
  std::vector<std::string_view> keys;
  for (const Setting& setting : kSettings) keys.push_back(setting.key);
  return keys;
}

}  // namespace penstock::server
