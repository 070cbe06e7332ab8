#include "cli/commands/env.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "server/data_directory.h"

namespace penstock::cli {

namespace {

/// For a POSIX shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out.append("'\\''");
    } else {
      out.push_back(c);
    }
  }
  return out.append("'");
}

int print_environment(const std::string& data_dir) {
  const auto urls = server::read_endpoints(data_dir);
  if (!urls.has_value()) return report_failure(urls.error().message);
  const auto key = server::read_root_key(data_dir);
  if (!key.has_value()) return report_failure(key.error().message);
  const auto identity = server::read_identity(data_dir);
  if (!identity.has_value()) return report_failure(identity.error().message);
  const std::pair<std::string_view, std::string_view> lines[] = {
      {"AWS_ACCESS_KEY_ID", key->access_key_id}, {"AWS_SECRET_ACCESS_KEY", key->secret_access_key},
      {"AWS_REGION", identity->region},          {"AWS_DEFAULT_REGION", identity->region},
      {"AWS_ENDPOINT_URL", urls->api},
  };
  for (const auto& [name, value] : lines) fmt::print("export {}={}\n", name, quoted(value));
  fmt::print("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
  return 0;
}

}  // namespace

void add_env(CLI::App& app, Exit& exit) {
  auto data_dir = std::make_shared<std::string>(default_data_dir());
  CLI::App* command = app.add_subcommand("env", "Prints exports for the AWS CLI and SDKs: eval \"$(penstock env)\"");
  command->add_option("--data-dir", *data_dir,
                      "The server's data directory (default: $PENSTOCK_DATA_DIR or .penstock)");
  command->callback([data_dir, &exit] { exit.status = print_environment(*data_dir); });
}

}  // namespace penstock::cli
