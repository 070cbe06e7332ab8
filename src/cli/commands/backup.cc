#include "cli/commands/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "codec/timestamp_text.h"
#include "core/clock.h"
#include "os/posix_file_system.h"
#include "server/backup.h"
#include "server/control.h"
#include "server/restore.h"

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

void print_missing_keys(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  fmt::print("Not in it, and needed for encrypted streams: the master key{}", ids.size() > 1 ? "s" : "");
  for (const std::string& id : ids) fmt::print(" {}", id);
  fmt::print(" (kinesis.master_key_file).\n");
}

/// "1 streams, 2 log groups": streams, and whatever else there is.
template <class Report>
std::string counts_of(const Report& report) {
  std::string text = fmt::format("{} streams", report.streams);
  if (report.log_groups > 0) text += fmt::format(", {} log groups", report.log_groups);
  if (report.zips > 0) text += fmt::format(", {} zips", report.zips);
  if (report.bucket_files > 0) text += fmt::format(", {} files of buckets", report.bucket_files);
  return text;
}

void print(const server::BackupReport& report) {
  fmt::print("{}: {}, {}; {} copied, the rest linked\n", report.target, counts_of(report), size_text(report.bytes),
             size_text(report.bytes_copied));
  fmt::print("It holds keys and secrets: keep it as the data directory is kept.\n");
  print_missing_keys(report.master_keys_elsewhere);
  if (!report.lost_code.empty()) {
    fmt::print("Not in it, for it was lost before: code of {}.\n", fmt::join(report.lost_code, ", "));
  }
}

void print(const server::RestoreReport& report, bool checked) {
  fmt::print("{}: {}, {}, as of {}{}\n", report.target, counts_of(report), size_text(report.bytes),
             codec::iso_8601(report.made), checked ? fmt::format("; {} frames read, all whole", report.frames) : "");
  print_missing_keys(report.master_keys_elsewhere);
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

void clear_progress() {
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
}

int backup(const BackupOptions& options) {
  const auto report = back_up(options);
  clear_progress();
  if (!report.has_value()) return report_failure(report.error().message);
  if (options.as_json) {
    fmt::print("{}\n", server::render_report(*report));
  } else {
    print(*report);
  }
  return 0;
}

struct RestoreCommand {
  std::string backup;
  std::string target;
  bool link = false;
  bool unchecked = false;
  bool as_json = false;
};

int restore(const RestoreCommand& command) {
  const auto files = os::posix_file_system();
  const auto report = server::restore_backup(*files, absolute(command.backup), absolute(command.target),
                                             {.link = command.link, .check = !command.unchecked}, show);
  clear_progress();
  if (!report.has_value()) return report_failure(report.error().message);
  if (command.as_json) {
    fmt::print("{}\n", server::render_report(*report));
  } else {
    print(*report, !command.unchecked);
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

void add_restore(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<RestoreCommand>();
  CLI::App* command = app.add_subcommand("restore", "Makes a data directory of a backup");
  command->add_option("backup", options->backup, "What `penstock backup` made")->required();
  command->add_option("data-directory", options->target, "A folder that is not there yet, or empty")->required();
  command->add_flag("--link", options->link, "Share what never changes with the backup, where the disk allows");
  command->add_flag("--no-check", options->unchecked, "Neither compare with the manifest nor read the records");
  command->add_flag("--json", options->as_json, "One JSON object instead of text");
  command->callback([options, &exit] { exit.status = restore(*options); });
}

}  // namespace penstock::cli
