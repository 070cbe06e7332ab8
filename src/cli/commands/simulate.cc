#include "cli/commands/simulate.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>

#include "cli/commands/simulate_fleet.h"
#include "server/data_directory.h"

namespace penstock::cli {

namespace {

using std::chrono::milliseconds;

/// How long acknowledgements may take to come in at the end.
constexpr milliseconds kGrace{10'000};

struct Choices {
  FleetOptions fleet;
  std::string data_dir = default_data_dir();
  std::string mqtt;
  std::string ca_file, certificate_file, key_file;
  double seconds = 0;
  std::size_t threads = 1;
  int qos = 1;
  bool live = false;
  bool json = false;
  bool load = false;
  CLI::Option* rate = nullptr;
};

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

void on_interrupt(int) { interrupted = true; }

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(ErrorKind::missing, "cannot read " + path);
  return text.str();
}

Result<std::optional<mqtt::ClientTls>> read_tls(const Choices& choices) {
  if (choices.ca_file.empty() && choices.certificate_file.empty()) return std::nullopt;
  if (choices.certificate_file.empty() != choices.key_file.empty()) {
    return fail(ErrorKind::invalid, "--cert and --key belong together");
  }
  mqtt::ClientTls tls;
  // Without --ca it is the local authority's: the server keeps it in its data directory.
  PENSTOCK_TRY(tls.ca_pem, read_file(choices.ca_file.empty() ? choices.data_dir + "/tls/ca.pem" : choices.ca_file));
  if (!choices.certificate_file.empty()) {
    PENSTOCK_TRY(tls.certificate_pem, read_file(choices.certificate_file));
    PENSTOCK_TRY(tls.private_key_pem, read_file(choices.key_file));
  }
  return tls;
}

/// From "mqtt://127.0.0.1:1883" the part after the slashes.
std::string without_scheme(const std::string& url) {
  const std::size_t at = url.find("://");
  return at == std::string::npos ? url : url.substr(at + 3);
}

Result<FleetOptions> complete(const Choices& choices) {
  FleetOptions out = choices.fleet;
  PENSTOCK_TRY(out.tls, read_tls(choices));
  std::string address = choices.mqtt;
  if (address.empty()) {
    PENSTOCK_TRY(const auto urls, server::read_endpoints(choices.data_dir));
    address = without_scheme(out.tls ? urls.mqtts : urls.mqtt);
  }
  PENSTOCK_TRY(out.server, net::parse_host_port(address));
  if (choices.qos != 0 && choices.qos != 1) return fail(ErrorKind::invalid, "--qos must be 0 or 1");
  out.qos = static_cast<std::uint8_t>(choices.qos);
  if (out.devices == 0) return fail(ErrorKind::invalid, "--devices must be at least 1");
  if (out.in_flight == 0 || out.in_flight > 60'000) return fail(ErrorKind::invalid, "--in-flight must be 1 to 60000");
  if (out.payload_bytes > 128 * 1024) return fail(ErrorKind::invalid, "--payload-bytes is at most 131072");
  if (!out.client_id.empty() && out.devices != 1) return fail(ErrorKind::invalid, "--client-id is for one device");
  if (choices.load && choices.rate->count() == 0) out.rate = 0;
  if (out.rate < 0) return fail(ErrorKind::invalid, "--rate must not be negative");
  return out;
}

double to_ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

void print_live(const FleetSnapshot& before, const FleetSnapshot& now, double at_s) {
  fmt::print(
      "{:6.0f} s  devices {:>5}  sent {:>10}  acknowledged {:>10} ({:>7}/s)  ack p50 {:.2f} ms  p99 {:.2f} ms{}\n",
      at_s, now.connected, now.sent, now.acknowledged, now.acknowledged - before.acknowledged,
      to_ms(now.latency.quantile(0.5)), to_ms(now.latency.quantile(0.99)),
      now.connection_failures > before.connection_failures ? "  (" + now.last_failure + ")" : "");
  std::fflush(stdout);
}

void print_json(const FleetSnapshot& end, const FleetOptions& options, std::uint64_t in_time, double seconds) {
  fmt::print(R"({{"devices":{},"sent":{},"acknowledged":{},"sent_again":{},"bytes":{},"connection_failures":{},)"
             R"("seconds":{:.3f},"acknowledged_per_second":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f}}})"
             "\n",
             options.devices, end.sent, end.acknowledged, end.sent_again, end.bytes, end.connection_failures, seconds,
             static_cast<double>(in_time) / seconds, to_ms(end.latency.quantile(0.5)),
             to_ms(end.latency.quantile(0.99)));
}

void print_summary(const FleetSnapshot& end, const FleetOptions& options, std::uint64_t in_time, double seconds) {
  const double each =
      end.sent > 0 ? static_cast<double>(end.bytes) / static_cast<double>(end.sent + end.sent_again) : 0;
  fmt::print("{} device{} sent {} message{} of {:.0f} bytes in {:.1f} s; {} acknowledged ({:.0f}/s)", options.devices,
             options.devices == 1 ? "" : "s", end.sent, end.sent == 1 ? "" : "s", each, seconds, end.acknowledged,
             static_cast<double>(in_time) / seconds);
  if (options.qos == 1) {
    fmt::print("; acknowledgement p50 {:.2f} ms, p99 {:.2f} ms", to_ms(end.latency.quantile(0.5)),
               to_ms(end.latency.quantile(0.99)));
  }
  if (end.sent_again > 0) fmt::print("; {} sent again after a lost connection", end.sent_again);
  fmt::print("\n");
}

/// Until every device is done, the time is up, or Ctrl-C.
void watch(Fleet& fleet, const Choices& choices, const Clock& clock, SteadyTime began) {
  FleetSnapshot last = fleet.snapshot();
  SteadyTime next_line = began + std::chrono::seconds(1);
  while (!interrupted) {
    const std::chrono::duration<double> elapsed = clock.steady() - began;
    if (choices.seconds > 0 && elapsed.count() >= choices.seconds) return;
    if (fleet.wait_finished(milliseconds(20))) return;
    if (!choices.live || clock.steady() < next_line) continue;
    const auto now = fleet.snapshot();
    print_live(last, now, elapsed.count());
    last = now;
    next_line += std::chrono::seconds(1);
  }
}

int simulate(const Choices& choices) {
  auto options = complete(choices);
  if (!options.has_value()) return report_failure(options.error().message);
  const SystemClock clock;
  net::EventLoops loops(std::max<std::size_t>(1, choices.threads));
  interrupted = false;
  auto* const before = std::signal(SIGINT, on_interrupt);
  auto fleet = Fleet::start(loops, clock, *options);
  if (!fleet.has_value()) return report_failure(fleet.error().message);
  const SteadyTime began = clock.steady();
  watch(**fleet, choices, clock, began);
  const double seconds = std::max(0.001, std::chrono::duration<double>(clock.steady() - began).count());
  // The rate counts what was acknowledged in the time measured, the totals everything.
  const std::uint64_t in_time = (*fleet)->snapshot().acknowledged;
  (*fleet)->stop(kGrace);
  std::signal(SIGINT, before);
  const auto total = (*fleet)->snapshot();
  if (choices.json) {
    print_json(total, *options, in_time, seconds);
  } else {
    print_summary(total, *options, in_time, seconds);
  }
  if (total.acknowledged == total.sent && total.sent > 0) return 0;
  const std::string why = total.last_failure.empty() ? "" : ": " + total.last_failure;
  return report_failure(
      fmt::format("{} of {} messages were not acknowledged{}", total.sent - total.acknowledged, total.sent, why));
}

void add_options(CLI::App& command, Choices& choices) {
  auto& fleet = choices.fleet;
  command.add_option("--devices", fleet.devices, "How many devices, each with its own connection (10)");
  choices.rate = command.add_option("--rate", fleet.rate, "Measurements a second from each device (1); 0: no pause");
  command.add_option("--count", fleet.count, "Measurements from each device, then end (0: no end)");
  command.add_option("--seconds", choices.seconds, "End after so long (0: no end)");
  command.add_option("--qos", choices.qos, "0 or 1 (1)");
  command.add_option("--mqtt", choices.mqtt, "HOST:PORT of the broker (default: from --data-dir)");
  command.add_option("--data-dir", choices.data_dir, "The server's data directory ($PENSTOCK_DATA_DIR or .penstock)");
  command.add_option("--ca", choices.ca_file,
                     "PEM of the server's authority; turns TLS on (default with --cert: tls/ca.pem in --data-dir)");
  command.add_option("--cert", choices.certificate_file, "PEM of the devices' certificate");
  command.add_option("--key", choices.key_file, "PEM of its private key");
  command.add_option("--client-id", fleet.client_id, "Client id of a single device (default: multispeq-0001)");
  command.add_option("--first-device", fleet.first_device, "Number of the first device (1)");
  command.add_option("--experiment", fleet.experiment_id, "Experiment id in topics and measurements");
  command.add_option("--seed", fleet.seed, "The same seed measures the same plants (1)");
  command.add_option("--in-flight", fleet.in_flight, "Unacknowledged messages a device may have (100)");
  command.add_option("--payload-bytes", fleet.payload_bytes, "Payloads of this size instead of measurements");
  command.add_option("--threads", choices.threads, "Event loops (1)");
  command.add_flag("--live", choices.live, "A line every second");
  command.add_flag("--json", choices.json, "The summary as one line of JSON");
  command.add_flag("--load", choices.load, "As fast as acknowledgements allow (same as --rate 0)");
}

}  // namespace

void add_simulate(CLI::App& app, Exit& exit) {
  auto choices = std::make_shared<Choices>();
  CLI::App* command = app.add_subcommand("simulate", "Plays MultispeQ devices that publish measurements over MQTT");
  add_options(*command, *choices);
  command->callback([choices, &exit] { exit.status = simulate(*choices); });
}

}  // namespace penstock::cli
