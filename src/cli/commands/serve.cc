#include "cli/commands/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "server/server.h"

namespace penstock::cli {

namespace {

constexpr std::chrono::seconds kGrace{20};

/// What the command line said, by the settings' keys, in the order of the settings file.
struct ServeOptions {
  std::string data_dir;
  std::string config;
  std::string api, mqtt, mqtts, account, region;
};

Result<server::Settings> read_settings(const ServeOptions& options) {
  server::Settings settings;
  settings.data_dir = default_data_dir();
  if (!options.config.empty()) {
    std::ifstream file(options.config, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return fail(ErrorKind::missing, fmt::format("cannot read the configuration file {}", options.config));
    if (auto applied = server::apply_file(settings, text.view()); !applied.has_value()) {
      return fail(ErrorKind::invalid, fmt::format("{}: {}", options.config, applied.error().message));
    }
  }
  const std::pair<std::string_view, const std::string*> given[] = {
      {"data_dir", &options.data_dir},  {"api.listen", &options.api},  {"mqtt.listen", &options.mqtt},
      {"mqtts.listen", &options.mqtts}, {"account", &options.account}, {"region", &options.region}};
  for (const auto& [key, value] : given) {
    if (!value->empty()) PENSTOCK_TRY_VOID(server::set(settings, key, *value));
  }
  return settings;
}

Result<std::optional<server::RootKey>> root_key_from_environment() {
  const std::string id = environment("PENSTOCK_ROOT_ACCESS_KEY_ID");
  const std::string secret = environment("PENSTOCK_ROOT_SECRET_ACCESS_KEY");
  if (id.empty() && secret.empty()) return std::nullopt;
  if (id.empty() || secret.empty()) {
    return fail(ErrorKind::invalid,
                "PENSTOCK_ROOT_ACCESS_KEY_ID and PENSTOCK_ROOT_SECRET_ACCESS_KEY go together; one of them is not set");
  }
  return server::RootKey{id, secret};
}

void print_greeting(const server::Server& running, const std::string& data_dir) {
  const server::EndpointUrls& urls = running.endpoints();
  fmt::print("Penstock is ready: account {}, region {}, data in {}\n  API    {}\n  MQTT   {}\n  MQTTS  {}\n",
             running.identity().account, running.identity().region, data_dir, urls.api, urls.mqtt, urls.mqtts);
  if (running.is_new()) fmt::print("A root access key was made. ");
  fmt::print("To use it:\n  eval \"$({} env --data-dir {})\"\n", program(), data_dir);
  std::fflush(stdout);
}

/// Systems give 1024 to programs that do not ask, for the sake of select(2), which nothing here uses: a thousand
/// subscribers need more.
void raise_open_files_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &files);  // refused: the server works, with fewer connections
}

int serve(const ServeOptions& options) {
  auto settings = read_settings(options);
  if (!settings.has_value()) return report_failure(settings.error().message);
  auto root = root_key_from_environment();
  if (!root.has_value()) return report_failure(root.error().message);
  // Blocked here, so that every thread started from now on blocks them too and sigwait below gets them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  raise_open_files_limit();
  const std::string data_dir = settings->data_dir;
  auto running = server::Server::start(std::move(*settings), std::move(*root));
  if (!running.has_value()) return report_failure(running.error().message);
  print_greeting(**running, data_dir);
  int signal = 0;
  while (::sigwait(&ending, &signal) != 0) {
  }
  if (!(*running)->stop(kGrace)) {
    report_failure("something did not end in time; ending anyway");
    ::_exit(1);
  }
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Runs a server until SIGTERM or Ctrl-C");
  command->add_option("--data-dir", options->data_dir,
                      "Where everything is kept (default: $PENSTOCK_DATA_DIR or .penstock)");
  command->add_option("--config", options->config, "A JSON file with settings; docs/configuration.md lists them");
  command->add_option("--api", options->api, "HOST:PORT of the AWS API (127.0.0.1:4566; port 0 takes a free one)");
  command->add_option("--mqtt", options->mqtt, "HOST:PORT of plain MQTT (127.0.0.1:1883)");
  command->add_option("--mqtts", options->mqtts, "HOST:PORT of MQTT over TLS (127.0.0.1:8883)");
  command->add_option("--account", options->account, "Twelve digits; for a new data directory (000000000000)");
  command->add_option("--region", options->region, "For a new data directory (us-east-1)");
  command->callback([options, &exit] { exit.status = serve(*options); });
}

}  // namespace penstock::cli
