#pragma once
/// What an operator may set: a JSON file and the command line over it. docs/configuration.md lists every key; a test
/// holds that list against this table.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "net/address.h"
#include "net/http_server.h"
#include "server/metrics_access.h"
#include "stream/limits.h"
#include "telemetry/log.h"

namespace penstock::server {

struct KinesisSettings {
  std::chrono::milliseconds creating{0};  ///< how long a new stream shows CREATING
  std::chrono::milliseconds updating{0};
  std::chrono::milliseconds deleting{0};
  stream::Limits limits;
  std::chrono::milliseconds on_demand_window{60'000};  ///< how long traffic is measured before shards follow it
  std::chrono::milliseconds consumer_creating{0};      ///< how long a new consumer shows CREATING
  std::chrono::milliseconds consumer_deleting{0};
  std::chrono::milliseconds subscription_life{300'000};
  std::chrono::milliseconds subscription_idle{5000};  ///< how often a subscription without records says so
  std::chrono::milliseconds takeover{5000};  ///< how long a subscription stands before another may take it over
  std::chrono::milliseconds iterator_life{300'000};
  std::chrono::milliseconds page_token_life{300'000};
  std::string master_key_file;  ///< empty: a key of the data directory's own
};

struct StorageSettings {
  bool sorts_segments = true;
  std::uint64_t sort_bytes_per_second = 32U << 20U;
};

/// How functions are run.
struct LambdaSettings {
  bool sandboxed = true;
  bool shares_network = false;  ///< functions reach what this machine reaches; otherwise Penstock's API alone
  std::string node;             ///< empty: where it usually is
  std::string python;
  std::size_t concurrency_max = 64;
  std::uint64_t code_bytes_max = 75ULL << 30U;  ///< of all zips that functions, versions and layers refer to
  std::chrono::milliseconds idle_max{600'000};
  std::chrono::milliseconds init_max{10'000};
  std::uint64_t processes_max = 1024;
  std::uint64_t output_bytes_max = 16U << 20U;
  std::chrono::milliseconds async_first_retry{60'000};  ///< of an event that a function answered with an error
  std::chrono::milliseconds async_second_retry{120'000};
  std::string destinations_endpoint;  ///< "http://HOST:PORT" that speaks SQS and SNS; empty: neither can be sent to
  std::string destinations_key_file;
};

struct MetricsSettings {
  MetricsAccess::Mode access = MetricsAccess::Mode::loopback;
  std::string token_file{};  ///< empty: there is no token
  std::size_t series_max = 200'000;
};

/// What the server may take of memory for the load's sake; docs/operating.md, "Memory", tells what happens over it.
struct MemorySettings {
  std::size_t answers_bytes_max = 256U << 20U;        ///< answers (and pages of records) until they are sent
  std::size_t events_bytes_max = 64U << 20U;          ///< of SubscribeToShard, likewise
  std::size_t waiting_bytes_max = 128U << 20U;        ///< records that wait to be written, all streams together
  std::size_t mqtt_inbound_bytes_max = 128U << 20U;   ///< PUBLISHes that are not acknowledged
  std::size_t mqtt_outbound_bytes_max = 128U << 20U;  ///< messages that subscribers have yet to take
  std::size_t mapped_records_bytes_max = 64U << 20U;  ///< records that event source mappings hold for functions
  std::size_t tip_cache_bytes_max = 8U << 20U;
  std::size_t index_cache_bytes_max = 16U << 20U;
};

struct Settings {
  std::string data_dir = ".penstock";
  /// Empty: what the data directory was made with, or the defaults below for a new one.
  std::string account;
  std::string region;
  std::size_t threads = 0;  ///< event loops; 0: one a core, at most 8
  telemetry::Level log_level = telemetry::Level::info;
  net::HostPort api{"127.0.0.1", 4566};
  net::HttpLimits http;
  net::HostPort mqtt{"127.0.0.1", 1883};
  net::HostPort mqtts{"127.0.0.1", 8883};
  std::string mqtt_anonymous = "loopback";
  std::size_t mqtt_connections_max = 20'000;   ///< to each of the two ports
  std::vector<std::string> certificate_hosts;  ///< further names that the server's certificate is good for
  KinesisSettings kinesis;
  LambdaSettings lambda;
  MemorySettings memory;
  MetricsSettings metrics;
  StorageSettings storage;
};

inline constexpr std::string_view kDefaultAccount = "000000000000";
inline constexpr std::string_view kDefaultRegion = "us-east-1";

/// Reads one setting as the command line gives it, by its key in the file ("api.listen").
/// Errors: invalid, naming the key and what was found.
[[nodiscard]] Result<void> set(Settings& settings, std::string_view key, std::string_view value);

/// Applies a configuration file's text. Errors: invalid: not JSON, or a key that there is not, by name, or a value of
/// the wrong type.
[[nodiscard]] Result<void> apply_file(Settings& settings, std::string_view json);

/// Twelve digits.
[[nodiscard]] bool is_account(std::string_view text);
/// As AWS writes regions: "us-east-1", "ap-southeast-2", "us-gov-west-1".
[[nodiscard]] bool is_region(std::string_view text);

/// Every key, for the documentation's test.
[[nodiscard]] std::vector<std::string_view> setting_keys();

}  // namespace penstock::server
