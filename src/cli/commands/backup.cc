#include "cli/commands/backup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "core/clock.h"
#include "os/posix_file_system.h"
#include "server/backup.h"
#include "server/control.h"

namespace penstock::cli {

namespace {

struct BackupOptions {
  std::string data_dir = default_data_dir();
  std::string target;
  bool as_json = false;
};

std::string absolute(const std::string& path) {
  std::error_code problem;
  std::string text = std::filesystem::absolute(path, problem).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return problem ? path : text;
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

/// For who watches a terminal; nothing in files and pipes.
Result<void> show(const server::BackupProgress& progress) {
  if (::isatty(STDERR_FILENO) == 0) return {};
  fmt::print(stderr, "\r{} of {} copied\x1b[K", size_text(progress.bytes_copied), size_text(progress.bytes_to_copy));
  std::fflush(stderr);
  return {};
}

void print(const server::BackupReport& report) {
  fmt::print("{}: {} streams, {}; {} copied, the rest linked\n", report.target, report.streams, size_text(report.bytes),
             size_text(report.bytes_copied));
  fmt::print("It holds keys and secrets: keep it as the data directory is kept.\n");
  if (report.master_keys_elsewhere.empty()) return;
  fmt::print("Not in it, and needed for encrypted streams: the master key{}",
             report.master_keys_elsewhere.size() > 1 ? "s" : "");
  for (const std::string& id : report.master_keys_elsewhere) fmt::print(" {}", id);
  fmt::print(" (kinesis.master_key_file).\n");
}

/// A directory that nobody holds is backed up here, one that a server holds by the server.
Result<server::BackupReport> back_up(const BackupOptions& options) {
  const auto files = os::posix_file_system();
  const SystemClock clock;
  const std::string target = absolute(options.target);
  auto report = server::back_up_stopped(*files, clock, options.data_dir, target, show);
  const bool is_conflict = !report.has_value() && report.error().kind == ErrorKind::conflict;
  if (!is_conflict || !server::is_held(options.data_dir)) return report;
  return server::ask_server(options.data_dir, {.target = target}, show);
}

int backup(const BackupOptions& options) {
  const auto report = back_up(options);
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
  if (!report.has_value()) return report_failure(report.error().message);
  if (options.as_json) {
    fmt::print("{}\n", server::render_report(*report));
  } else {
    print(*report);
  }
  return 0;
}

}  // namespace

void add_backup(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* command = app.add_subcommand("backup", "Copies a data directory, while a server runs on it or not");
  command->add_option("target", options->target, "A folder that is not there yet, or empty")->required();
  command->add_option("--data-dir", options->data_dir, "What to back up (default: $PENSTOCK_DATA_DIR or .penstock)");
  command->add_flag("--json", options->as_json, "One JSON object instead of text");
  command->callback([options, &exit] { exit.status = backup(*options); });
}

}  // namespace penstock::cli
