#pragma once
/// Which records a mapping hands to its function: those that pass one of its filters (all, when it has none).
/// A filter's rules for `data` look into the record's data as JSON: a record whose data is not JSON passes no filter
/// that has such rules. Other fields are those of the record's event document. Pure.
/// Errors:  invalid: a pattern that is not one, or whose rule for `data` is not an object (Kinesis data can be filtered
///          as JSON only).
/// Threads: any.
/// Source:  AWS Lambda Developer Guide, "Using event filtering with a Kinesis event source".

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/event_pattern.h"
#include "consumers/kinesis_event.h"
#include "consumers/lane.h"
#include "core/result.h"

namespace penstock::consumers {

inline constexpr std::size_t kFiltersMax = 10;  ///< Lambda quotas: 5, up to 10 on request

class RecordFilter {
 public:
  [[nodiscard]] static Result<RecordFilter> compile(std::span<const std::string> patterns);
  [[nodiscard]] bool passes(const LaneRecord& record, const EventOrigin& origin) const;

 private:
  std::vector<EventPattern> patterns_;
  bool looks_into_data_ = false;
  bool looks_at_more_ = false;
};

}  // namespace penstock::consumers
