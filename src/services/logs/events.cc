// PutLogEvents, GetLogEvents, FilterLogEvents.
#include <fmt/format.h>

#include <algorithm>

#include "logs/filter_pattern.h"
#include "services/house.h"
#include "services/logs/operations.h"

namespace penstock::services::logs_api {
namespace {

using penstock::logs::EventKey;
using penstock::logs::EventQuery;
using penstock::logs::kFirstKey;
using penstock::logs::kLastKey;

// PutLogEvents: the constraints of a batch.
constexpr std::size_t kBatchBytesMax = 1'048'576;
constexpr std::size_t kEventOverheadBytes = 26;
constexpr std::size_t kEventBytesMax = 1'048'576;
constexpr std::chrono::hours kSpanMax{24};
constexpr std::chrono::days kPastMax{14};

ApiResult<void> check_batch(const std::vector<InputEvent>& events) {
  std::size_t bytes = 0;
  for (const InputEvent& event : events) {
    if (event.message.size() + kEventOverheadBytes > kEventBytesMax) {
      return invalid_parameter(fmt::format("Log event too large: {} bytes exceeds limit of {}",
                                           event.message.size() + kEventOverheadBytes, kEventBytesMax));
    }
    bytes += event.message.size() + kEventOverheadBytes;
  }
  if (bytes > kBatchBytesMax) {
    return invalid_parameter(fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kBatchBytesMax));
  }
  if (!std::ranges::is_sorted(events, {}, &InputEvent::timestamp)) {
    return invalid_parameter("Log events in a single PutLogEvents request must be in chronological order.");
  }
  if (events.back().timestamp - events.front().timestamp > std::chrono::milliseconds(kSpanMax).count()) {
    return invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  return {};
}

/// Which of the (sorted) events cannot be taken. The rest is [begin, end).
struct Accepted {
  RejectedEvents rejected;
  std::size_t begin = 0;
  std::size_t end = 0;
};

Accepted accept(const std::vector<InputEvent>& events, Timestamp now, std::optional<std::int32_t> retention_days) {
  const auto first_at = [&](Timestamp time) {
    return std::ranges::lower_bound(events, to_unix_ms(time), {}, &InputEvent::timestamp) - events.begin();
  };
  Accepted accepted;
  const auto too_old = first_at(now - kPastMax);
  const auto expired = retention_days ? first_at(now - std::chrono::days(*retention_days)) : 0;
  const auto too_new = first_at(now + penstock::logs::kFutureMax + std::chrono::milliseconds(1));
  // The end indexes are exclusive, "the index of the first log event that" is not too old.
  if (too_old > 0) accepted.rejected.too_old_end = static_cast<std::int32_t>(too_old);
  if (expired > 0) accepted.rejected.expired_end = static_cast<std::int32_t>(expired);
  if (too_new < std::ssize(events)) accepted.rejected.too_new_start = static_cast<std::int32_t>(too_new);
  accepted.begin = static_cast<std::size_t>(std::max(too_old, expired));
  accepted.end = static_cast<std::size_t>(too_new);
  return accepted;
}

/// "f/<id>/s" reads on behind the event, "b/<id>/s" ends before it.
std::string direction_token(char direction, const EventKey& key) {
  return fmt::format("{}/{}/s", direction, penstock::logs::to_text(key));
}

struct Direction {
  bool forward = true;
  EventKey key;
};

ApiResult<Direction> read_direction(std::string_view token) {
  const bool well_formed = token.ends_with("/s") && (token.starts_with("f/") || token.starts_with("b/"));
  const auto key = well_formed ? penstock::logs::parse_key(token.substr(2, token.size() - 4)) : std::nullopt;
  if (!key) return invalid_parameter("The specified nextToken is invalid.");
  return Direction{.forward = token.front() == 'f', .key = *key};
}

/// At most what events can have.
Timestamp time_of(std::int64_t ms) { return from_unix_ms(std::min(ms, kLastKey.time_ms)); }

ApiResult<EventQuery> query_of(const GetLogEventsInput& input) {
  EventQuery query;
  query.streams = {input.stream};
  if (input.start) query.first = time_of(*input.start);
  // "Events with a timestamp equal to or later than this time are not included."
  if (input.end) query.last = time_of(std::max<std::int64_t>(*input.end, 1) - 1);
  if (input.limit) query.events_max = static_cast<std::size_t>(*input.limit);
  query.newest = !input.from_head.value_or(false);
  if (!input.next_token) return query;
  PENSTOCK_TRY(const Direction direction, read_direction(*input.next_token));
  query.newest = !direction.forward;
  if (direction.forward) {
    query.from = penstock::logs::successor(direction.key);
  } else {
    query.before = direction.key;
  }
  return query;
}

ApiResult<std::vector<std::string>> streams_of(const FilterLogEventsInput& input,
                                               const penstock::logs::LogGroup& group) {
  if (input.streams && input.stream_prefix) {
    return invalid_parameter("logStreamNamePrefix and logStreamNames cannot be specified at the same time.");
  }
  if (input.streams) return *input.streams;
  std::vector<std::string> names;
  if (!input.stream_prefix) return names;
  for (const auto& stream : group.list_streams(*input.stream_prefix)) names.push_back(stream.name);
  return names;
}

}  // namespace

Answer<PutLogEventsOutput> put_log_events(CallContext& call, PutLogEventsInput input) {
  PENSTOCK_CO_TRY(const auto group, find_group(call, input.group));
  if (!group->find_stream(input.stream)) {
    co_return api_fail("ResourceNotFoundException", "The specified log stream does not exist.");
  }
  PENSTOCK_CO_TRY_VOID(check_batch(input.events));
  const Accepted accepted = accept(input.events, call.house.clock.now(), group->record().retention_days);
  // No later call needs it; like AWS's it is a number of 56 digits.
  PutLogEventsOutput output{
      .next_sequence_token = penstock::logs::to_text(EventKey{.time_ms = to_unix_ms(call.house.clock.now())}),
      .rejected = std::nullopt};
  const RejectedEvents& rejected = accepted.rejected;
  if (rejected.too_old_end || rejected.expired_end || rejected.too_new_start) output.rejected = rejected;
  std::vector<penstock::logs::LogEvent> events;
  for (std::size_t i = accepted.begin; i < accepted.end; ++i) {
    events.push_back({.time = from_unix_ms(input.events[i].timestamp), .message = std::move(input.events[i].message)});
  }
  if (events.empty()) co_return output;
  const auto put = co_await store(call).put_events(std::move(input.group), std::move(input.stream), std::move(events));
  if (!put) co_return to_api_error(put.error());
  co_return output;
}

Answer<GetLogEventsOutput> get_log_events(CallContext& call, GetLogEventsInput input) {
  PENSTOCK_CO_TRY(std::string name, named_group(call, input.group, input.group_identifier));
  PENSTOCK_CO_TRY_VOID(find_group(call, name));
  PENSTOCK_CO_TRY(EventQuery query, query_of(input));
  const EventKey from = query.from;
  const EventKey before = query.before;
  const bool newest = query.newest;
  auto page = co_await store(call).read(std::move(name), std::move(query));
  if (!page) co_return to_api_error(page.error());
  GetLogEventsOutput output;
  for (auto& event : page->events) {
    output.events.push_back(
        {.timestamp = event.key.time_ms, .message = std::move(event.message), .ingestion = to_unix_ms(event.taken)});
  }
  // "If you have reached the end of the stream, it returns the same token you passed in."
  const bool has_events = !page->events.empty();
  const EventKey first = has_events ? page->events.front().key : newest && input.next_token ? before : from;
  const EventKey last = has_events ? page->events.back().key : newest && input.next_token ? before : from;
  output.forward_token = direction_token('f', last);
  output.backward_token = direction_token('b', first);
  if (!has_events && input.next_token) (newest ? output.backward_token : output.forward_token) = *input.next_token;
  co_return output;
}

Answer<FilterLogEventsOutput> filter_log_events(CallContext& call, FilterLogEventsInput input) {
  PENSTOCK_CO_TRY(std::string name, named_group(call, input.group, input.group_identifier));
  PENSTOCK_CO_TRY(const auto group, find_group(call, name));
  EventQuery query;
  PENSTOCK_CO_TRY(query.streams, streams_of(input, *group));
  FilterLogEventsOutput output;
  if (input.stream_prefix && query.streams.empty()) co_return output;
  if (input.start) query.first = time_of(*input.start);
  // "Events with a timestamp later than this time are not returned."
  if (input.end) query.last = time_of(*input.end);
  if (input.limit) query.events_max = static_cast<std::size_t>(*input.limit);
  if (input.next_token) {
    const auto from = penstock::logs::parse_key(*input.next_token);
    if (!from) co_return invalid_parameter("The specified nextToken is invalid.");
    query.from = *from;
  }
  if (input.pattern && !input.pattern->empty()) {
    const auto pattern = penstock::logs::compile_filter(*input.pattern);
    if (!pattern) co_return to_api_error(pattern.error());
    query.matches = [pattern = *pattern](std::string_view message) { return pattern->matches(message); };
  }
  auto page = co_await store(call).read(std::move(name), std::move(query));
  if (!page) co_return to_api_error(page.error());
  for (std::size_t i = 0; i < page->events.size(); ++i) {
    auto& event = page->events[i];
    output.events.push_back({.stream = page->stream_names[i],
                             .timestamp = event.key.time_ms,
                             .message = std::move(event.message),
                             .ingestion = to_unix_ms(event.taken),
                             .id = penstock::logs::to_text(event.key)});
  }
  if (page->next) output.next_token = penstock::logs::to_text(*page->next);
  co_return output;
}

}  // namespace penstock::services::logs_api
