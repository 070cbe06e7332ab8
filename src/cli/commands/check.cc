#include "cli/commands/check.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "os/posix_file_system.h"
#include "server/inspection.h"

namespace penstock::cli {

namespace {

struct CheckOptions {
  std::string data_dir = default_data_dir();
  std::string stream;
};

void print(const server::LogReport& report, bool repaired) {
  const std::string& name = report.name;
  if (!report.found.has_value()) {
    fmt::print("{}: {}\n", name, report.found.error().message);
    return;
  }
  const framelog::LogInspection& found = *report.found;
  fmt::print("{}: {} segments, {} frames, {} bytes: {}\n", name, found.segments, found.frames, found.payload_bytes,
             found.is_whole() ? "whole"
                              : fmt::format("{} damages, {} frames lost{}", found.damage_count, found.frames_lost,
                                            repaired ? "; repaired" : ""));
  if (found.frames_given_up > 0) fmt::print("  an earlier repair gave up {} frames\n", found.frames_given_up);
  if (found.positions_leapt > 0) fmt::print("  it was restored from a backup\n");
  for (const std::string& line : report.damages) fmt::print("  {}\n", line);
  if (found.damage_count > report.damages.size()) {
    fmt::print("  and {} more\n", found.damage_count - report.damages.size());
  }
}

void print(const server::ZipReport& report) {
  if (report.zips == 0) return;
  if (report.damages.empty()) {
    fmt::print("{} zips of functions and layers: whole\n", report.zips);
    return;
  }
  for (const std::string& line : report.damages) fmt::print("{}\n", line);
  fmt::print("Functions and layers cannot be run without their zips: upload those again.\n");
}

int inspect(const CheckOptions& options, server::Inspection what) {
  const auto files = os::posix_file_system();
  const auto found = server::inspect_directory(*files, options.data_dir, what,
                                               options.stream.empty() ? std::nullopt : std::optional(options.stream));
  if (!found.has_value()) return report_failure(found.error().message);
  const bool repairs = what == server::Inspection::repair;
  bool whole = true;
  bool mended = true;
  for (const server::LogReport& report : found->logs) {
    print(report, repairs);
    whole = whole && report.is_whole();
    mended = mended && report.found.has_value();
  }
  print(found->zips);
  const bool zips_whole = found->zips.damages.empty();
  if (whole) return zips_whole ? 0 : 1;
  mended = mended && zips_whole;
  if (repairs) {
    fmt::print("What was whole is kept, each damaged file beside its repaired one as NAME.damaged.\n");
    return mended ? 0 : 1;
  }
  fmt::print("`penstock repair` keeps what is whole. Copy the data directory first.\n");
  return 1;
}

void add(CLI::App& app, Exit& exit, server::Inspection what, const char* name, const char* description) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--data-dir", options->data_dir,
                      "The data directory (default: $PENSTOCK_DATA_DIR or .penstock); no server may run on it");
  command->add_option("stream", options->stream, "Only this stream");
  command->callback([options, what, &exit] { exit.status = inspect(*options, what); });
}

}  // namespace

void add_check(CLI::App& app, Exit& exit) {
  add(app, exit, server::Inspection::check, "check", "Reads every stored byte and says what is damaged");
}

void add_repair(CLI::App& app, Exit& exit) {
  add(app, exit, server::Inspection::repair, "repair", "Keeps what is whole of damaged logs");
}

}  // namespace penstock::cli
