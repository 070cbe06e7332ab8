#include "server/live_backup.h"

#include <fmt/format.h>

#include <chrono>

#include "core/task.h"
#include "telemetry/log.h"

namespace penstock::server {
namespace {

constexpr std::chrono::milliseconds kSayEvery{200};

}  // namespace

Result<BackupReport> LiveBackup::run(const ControlRequest& request, const ControlSay& say) {
  if (is_running_.exchange(true)) return fail(ErrorKind::conflict, "another backup is being made; wait for its end");
  const BackupSource source{
      .files = files_,
      .clock = clock_,
      .data_dir = data_dir_,
      .copy_catalog =
          [this](const std::string& path, const std::function<Result<void>()>& first) {
            return run_sync(catalog_.copy_to(path, first));
          },
      .cut_log = [this](std::string_view folder,
                        const std::string& id) { return (folder == kStreamsFolder ? streams_ : outputs_).cut(id); },
      .is_busy = true};
  const SteadyTime began = clock_.steady();
  SteadyTime said = began;
  const auto report = make_backup(source, request.target, [&](const BackupProgress& progress) -> Result<void> {
    if (clock_.steady() - said < kSayEvery) return {};
    said = clock_.steady();
    return say(progress);
  });
  is_running_ = false;
  const auto seconds = std::chrono::duration<double>(clock_.steady() - began).count();
  if (report.has_value()) {
    telemetry::log(telemetry::Level::info, "backup made",
                   {{"target", std::string_view(request.target)}, {"seconds", fmt::format("{:.1f}", seconds)}});
  } else {
    telemetry::log(
        telemetry::Level::warn, "backup failed",
        {{"target", std::string_view(request.target)}, {"reason", std::string_view(report.error().message)}});
  }
  return report;
}

}  // namespace penstock::server
