#pragma once
/// What the catalog keeps of log groups and streams ("format":1 in every document).
/// Keys: logs/group/<name>, logs/stream/<uid of the group>/<name>. Units: timestamps in milliseconds.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/codec.h"
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
  std::int64_t id = 0;  ///< in the frames; grows within the group, never used again
  std::int64_t created_ms = 0;
};

const codec::Shape& describe(const GroupRecord*);
const codec::Shape& describe(const StreamRecord*);

/// The id of a group's log of frames.
[[nodiscard]] std::string log_id_of(std::string_view group_uid);
[[nodiscard]] std::string group_key(std::string_view name);
[[nodiscard]] std::string stream_key(std::string_view group_uid, std::string_view name);

template <class Record>
[[nodiscard]] std::string to_document(const Record& record) {
  return codec::encode_json(codec::shape_of<Record>(), &record);
}

/// Errors: corrupt.
template <class Record>
[[nodiscard]] Result<Record> from_document(std::string_view bytes) {
  Record record;
  if (const auto decoded = codec::decode_json(bytes, codec::shape_of<Record>(), &record); !decoded.has_value()) {
    return fail(ErrorKind::corrupt, decoded.error().message);
  }
  if (record.format != kDocumentFormat) return fail(ErrorKind::corrupt, "document of an unknown format");
  return record;
}

}  // namespace penstock::logs
