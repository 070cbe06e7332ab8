#pragma once
/// What the catalog keeps of log groups and streams ("format":1 in every document).
/// Keys: logs/group/<name>, logs/stream/<uid of the group>/<name>. Units: timestamps in milliseconds.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/document.h"
#include "codec/shape.h"
#include "core/clock.h"
#include "core/result.h"

namespace penstock::logs {

inline constexpr std::int32_t kDocumentFormat = 1;
inline constexpr std::string_view kLogIdPrefix = "group-";

struct GroupRecord {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string uid{};  ///< names the log of frames; never used again
  std::string log_class = "STANDARD";
  std::optional<std::int32_t> retention_days{};
  std::map<std::string, std::string> tags{};
  std::int64_t created_ms = 0;
};

struct StreamRecord {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::int64_t id = 0;  ///< in the frames; grows within the group; not used again while the log holds events of it
  std::int64_t created_ms = 0;
};

const codec::Shape& describe(const GroupRecord*);
const codec::Shape& describe(const StreamRecord*);

/// The id of a group's log of frames.
[[nodiscard]] std::string log_id_of(std::string_view group_uid);
[[nodiscard]] std::string group_key(std::string_view name);
[[nodiscard]] std::string stream_key(std::string_view group_uid, std::string_view name);

using codec::from_document;
using codec::to_document;

}  // namespace penstock::logs
