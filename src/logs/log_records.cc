#include "logs/log_records.h"

#include <fmt/format.h>

namespace penstock::logs {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const GroupRecord*) {
  static const Shape shape = ShapeBuilder<GroupRecord>("GroupRecord")
                                 .field("format", &GroupRecord::format)
                                 .field("name", &GroupRecord::name, {.required = true})
                                 .field("uid", &GroupRecord::uid, {.required = true})
                                 .field("class", &GroupRecord::log_class)
                                 .field("retention_days", &GroupRecord::retention_days)
                                 .field("tags", &GroupRecord::tags)
                                 .field("created_ms", &GroupRecord::created_ms)
                                 .build();
  return shape;
}

const Shape& describe(const StreamRecord*) {
  static const Shape shape = ShapeBuilder<StreamRecord>("StreamRecord")
                                 .field("format", &StreamRecord::format)
                                 .field("name", &StreamRecord::name, {.required = true})
                                 .field("id", &StreamRecord::id, {.required = true})
                                 .field("created_ms", &StreamRecord::created_ms)
                                 .build();
  return shape;
}

std::string log_id_of(std::string_view group_uid) { return fmt::format("{}{}", kLogIdPrefix, group_uid); }

std::string group_key(std::string_view name) { return fmt::format("logs/group/{}", name); }

std::string stream_key(std::string_view group_uid, std::string_view name) {
  return fmt::format("logs/stream/{}/{}", group_uid, name);
}

}  // namespace penstock::logs
