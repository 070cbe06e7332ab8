#pragma once
/// What is said on the control socket: one request, then any number of replies, each one line of JSON. Pure.
///
///     {"command":"backup","target":"/absolute/path"}
///     {"progress":{"bytes_copied":1048576,"bytes_to_copy":9437184}}
///     {"done":{"target":...,"streams":...,"bytes":...,"bytes_copied":...,"lost_code":[...],"...":...}}
///     {"error":{"kind":"conflict","message":"..."}}
///
/// Errors of parsing: invalid. Bounds: kControlLineBytesMax.

#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "server/backup.h"

namespace penstock::server {

inline constexpr std::size_t kControlLineBytesMax = 64U << 10U;

struct ControlRequest {
  std::string target;  ///< of the backup, the one command there is
  bool operator==(const ControlRequest&) const = default;
};

using ControlReply = std::variant<BackupProgress, BackupReport, Error>;

// All without the line's end.
[[nodiscard]] std::string render_request(const ControlRequest& request);
[[nodiscard]] Result<ControlRequest> parse_request(std::string_view line);
[[nodiscard]] std::string render_reply(const ControlReply& reply);
[[nodiscard]] Result<ControlReply> parse_reply(std::string_view line);

/// As `penstock backup --json` prints it.
[[nodiscard]] std::string render_report(const BackupReport& report);

}  // namespace penstock::server
