#include "cli/commands/demo.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "cli/commands/demo_function.h"
#include "cli/commands/demo_pipeline.h"
#include "cli/commands/simulate_fleet.h"
#include "cli/stream_follower.h"
#include "codec/json.h"
#include "server/data_directory.h"
#include "telemetry/metrics.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kGrace{10'000};
constexpr std::chrono::milliseconds kReadEvery{50};
constexpr std::size_t kLastRecordsShown = 3;
constexpr std::size_t kRecordCharactersShown = 96;
constexpr std::uint64_t kOpenClipEvery = 20;

struct DemoOptions {
  std::string data_dir = default_data_dir();
  double seconds = 20;
  std::uint64_t devices = 10;
  double rate = 2;
  std::string function;  ///< app.py of a function that reads the stream; empty: none
};

std::atomic<bool> interrupted = false;
void on_interrupt(int) { interrupted = true; }

/// What has come out of the stream.
struct Arrivals {
  std::map<std::string, std::uint64_t> by_shard;
  std::uint64_t total = 0;
  std::deque<std::string> last;
  telemetry::Histogram end_to_end;  ///< the device's clock when it measured, to the reader that has the record
};

/// sample[0].time of a measurement: when the device took it, in milliseconds.
std::optional<Timestamp> measured_at(const json::value& record) {
  const json::object* object = record.if_object();
  const json::value* samples = object == nullptr ? nullptr : object->if_contains("sample");
  if (samples == nullptr || !samples->is_array() || samples->as_array().empty()) return std::nullopt;
  const json::object* sample = samples->as_array().front().if_object();
  const json::value* time = sample == nullptr ? nullptr : sample->if_contains("time");
  if (time == nullptr || !time->is_int64()) return std::nullopt;
  return from_unix_ms(time->as_int64());
}

void take(Arrivals& arrivals, const FollowedRecord& record, Timestamp now) {
  ++arrivals.by_shard[record.shard_id];
  ++arrivals.total;
  arrivals.last.push_back(fmt::format("{}  {}  {}...", record.shard_id, record.partition_key,
                                      record.data.substr(0, kRecordCharactersShown)));
  if (arrivals.last.size() > kLastRecordsShown) arrivals.last.pop_front();
  const auto value = codec::parse_json(record.data);
  if (!value.has_value()) return;
  if (const auto at = measured_at(*value)) arrivals.end_to_end.record(now - *at);
}

double to_ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// The function's part of the picture; always as many lines, so that each picture lies over the one before.
void add_function(const DemoFunctionWatch& function, std::vector<std::string>& lines) {
  lines.push_back(fmt::format("         function {}: checked {:>7}   implausible {:>5}   its log:", kDemoFunction,
                              function.checked(), function.implausible()));
  for (const std::string& line : function.last_lines()) lines.push_back("           " + line);
}

std::vector<std::string> picture(const FleetSnapshot& fleet, const Arrivals& arrivals,
                                 const std::optional<DemoFunctionWatch>& function, double elapsed_s) {
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("{:5.0f} s  devices connected {:>4}   messages in {:>7}   acknowledged {:>7}   (p50 {:.1f} "
                  "ms, p99 {:.1f} ms)",
                  elapsed_s, fleet.connected, fleet.sent, fleet.acknowledged, to_ms(fleet.latency.quantile(0.5)),
                  to_ms(fleet.latency.quantile(0.99))));
  const telemetry::HistogramSnapshot end_to_end = arrivals.end_to_end.snapshot();
  lines.push_back(fmt::format(
      "         records out {:>7}   device to reader p50 {:.0f} ms, p99 {:.0f} ms (the reader "
      "polls each {} ms)",
      arrivals.total, to_ms(end_to_end.quantile(0.5)), to_ms(end_to_end.quantile(0.99)), kReadEvery.count()));
  for (const auto& [shard, count] : arrivals.by_shard) {
    lines.push_back(fmt::format("         {}  {:>7} records", shard, count));
  }
  for (const std::string& record : arrivals.last) lines.push_back("         " + record);
  if (function) add_function(*function, lines);
  return lines;
}

/// On a terminal each picture replaces the one before.
void show(const std::vector<std::string>& lines, std::size_t& drawn) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (terminal && drawn > 0) fmt::print("\x1b[{}A", drawn);
  for (const std::string& line : lines) fmt::print("{}{}\n", terminal ? "\x1b[2K" : "", line);
  drawn = lines.size();
  std::fflush(stdout);
}

Result<FleetOptions> fleet_options(const DemoOptions& options) {
  PENSTOCK_TRY(const server::EndpointUrls urls, server::read_endpoints(options.data_dir));
  FleetOptions fleet;
  fleet.devices = options.devices;
  fleet.rate = options.rate;
  if (!options.function.empty()) fleet.open_clip_every = kOpenClipEvery;
  const std::size_t slashes = urls.mqtt.find("://");
  PENSTOCK_TRY(fleet.server, net::parse_host_port(std::string_view(urls.mqtt).substr(slashes + 3)));
  return fleet;
}

void print_next_steps(const DemoOptions& options, bool with_function) {
  if (with_function) {
    fmt::print("\nThe alerts are in a stream of their own: {} tail {} --from TRIM_HORIZON\n", program(), kDemoAlerts);
  }
  fmt::print(
      "\nThree things to try next:\n"
      "  eval \"$({} env --data-dir {})\"      # then the AWS CLI, boto3 and Terraform talk to this server\n"
      "  {} tail {} --from TRIM_HORIZON\n"
      "  aws --endpoint-url \"$AWS_ENDPOINT_URL\" kinesis describe-stream-summary --stream-name {}\n",
      program(), options.data_dir, program(), kDemoStream, kDemoStream);
}

/// Reads and shows until the time is up; then, until every acknowledged message was read.
Called<void> watch(const DemoOptions& options, Fleet& fleet, StreamFollower& follower, Arrivals& arrivals,
                   std::optional<DemoFunctionWatch>& function, const Clock& clock) {
  const SteadyTime began = clock.steady();
  SteadyTime next_picture = began;
  std::size_t drawn = 0;
  std::optional<SteadyTime> fleet_ended;
  while (true) {
    const SteadyTime now = clock.steady();
    const double elapsed_s = std::chrono::duration<double>(now - began).count();
    if (!fleet_ended.has_value() && (interrupted || elapsed_s >= options.seconds)) {
      fleet.stop(kGrace);
      fleet_ended = clock.steady();
    }
    const Called<bool> any =
        follower.poll([&](const FollowedRecord& record) { return take(arrivals, record, clock.now()), true; });
    if (!any.has_value()) return std::unexpected(any.error());
    const std::uint64_t acknowledged = fleet.snapshot().acknowledged;
    const bool all_read = arrivals.total >= acknowledged && (!function || function->checked() >= acknowledged);
    const bool done = fleet_ended.has_value() && (all_read || now - *fleet_ended > kGrace);
    if (function && (fleet_ended.has_value() || now >= next_picture)) PENSTOCK_TRY_VOID(function->poll());
    if (done || now >= next_picture) {
      show(picture(fleet.snapshot(), arrivals, function, elapsed_s), drawn);
      next_picture = now + std::chrono::seconds(1);
    }
    if (done) return {};
    if (!fleet_ended.has_value()) fleet.wait_finished(kReadEvery);
  }
}

/// A machine that cannot run functions shows the rest all the same.
std::optional<DemoFunctionWatch> start_function(const DemoOptions& options, ApiClient& api, const Clock& clock) {
  if (options.function.empty()) return std::nullopt;
  std::ifstream file(options.function, std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (source.empty()) {
    fmt::print("There is no function here: {} cannot be read.\n", options.function);
    return std::nullopt;
  }
  const Timestamp began = clock.now();
  if (const auto made = make_demo_function(api, source); !made.has_value()) {
    fmt::print("There is no function here: {}\n", made.error().text());
    return std::nullopt;
  }
  fmt::print("Function {} reads the stream, and puts what no leaf can have given into stream {}.\n", kDemoFunction,
             kDemoAlerts);
  return std::optional<DemoFunctionWatch>(std::in_place, api, began);
}

int demo(const DemoOptions& options) {
  const SystemClock clock;
  auto address = find_api(options.data_dir);
  if (!address.has_value()) return report_failure(address.error().message);
  auto api = ApiClient::connect(std::move(*address), clock);
  if (!api.has_value()) return report_failure(api.error().message);
  if (const auto made = make_demo_pipeline(**api); !made.has_value()) return report_failure(made.error().text());
  std::optional<DemoFunctionWatch> function = start_function(options, **api, clock);
  StreamFollower follower(**api, std::string(kDemoStream), StreamFollower::From::latest);
  if (const auto opened = follower.open(); !opened.has_value()) return report_failure(opened.error().text());
  auto wanted = fleet_options(options);
  if (!wanted.has_value()) return report_failure(wanted.error().message);
  fmt::print("{} MultispeQ devices publish over MQTT; rule {} puts their measurements into stream {}.\n",
             options.devices, kDemoRule, kDemoStream);
  interrupted = false;
  auto* const before = std::signal(SIGINT, on_interrupt);
  net::EventLoops loops(1);
  auto fleet = Fleet::start(loops, clock, std::move(*wanted));
  if (!fleet.has_value()) return report_failure(fleet.error().message);
  Arrivals arrivals;
  const auto watched = watch(options, **fleet, follower, arrivals, function, clock);
  std::signal(SIGINT, before);
  if (!watched.has_value()) return report_failure(watched.error().text());
  const std::uint64_t acknowledged = (*fleet)->snapshot().acknowledged;
  if (acknowledged == 0 || arrivals.total < acknowledged) {
    return report_failure(
        fmt::format("{} messages were acknowledged, but {} records came out", acknowledged, arrivals.total));
  }
  print_next_steps(options, function.has_value());
  return 0;
}

}  // namespace

void add_demo(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "Shows the whole pipeline: devices, rule, stream, reader");
  command->add_option("--data-dir", options->data_dir, "The server's data directory ($PENSTOCK_DATA_DIR or .penstock)");
  command->add_option("--seconds", options->seconds, "How long (20)")->check(CLI::PositiveNumber);
  command->add_option("--devices", options->devices, "How many devices (10)")->check(CLI::Range(1, 10'000));
  command->add_option("--rate", options->rate, "Measurements a second from each device (2)")
      ->check(CLI::PositiveNumber);
  command->add_option("--function", options->function,
                      "The app.py of a function that reads the stream (terraform/examples/multispeq/flag/app.py)");
  command->callback([options, &exit] { exit.status = demo(*options); });
}

}  // namespace penstock::cli
