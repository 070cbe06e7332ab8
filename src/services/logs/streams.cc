// CreateLogStream, DeleteLogStream, DescribeLogStreams.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "services/house.h"
#include "services/logs/operations.h"

namespace penstock::services::logs_api {
namespace {

using penstock::logs::StreamInfo;

constexpr std::size_t kStreamsShownMax = 50;

LogStreamOutput show(const CallContext& call, std::string_view group, const StreamInfo& stream) {
  LogStreamOutput out{.name = stream.name,
                      .created = stream.created_ms,
                      .first_event = std::nullopt,
                      .last_event = std::nullopt,
                      .last_ingestion = std::nullopt,
                      .arn = policy_arn(call, group, stream.name),
                      .stored_bytes = 0};
  if (stream.times) {
    out.first_event = to_unix_ms(stream.times->first);
    out.last_event = to_unix_ms(stream.times->last);
    out.last_ingestion = to_unix_ms(stream.times->taken);
  }
  return out;
}

/// Where a stream stands in the order that was asked for: by name alone, or by time and name.
using Place = std::pair<std::int64_t, std::string_view>;

Place place_of(const StreamInfo& stream, bool by_time) {
  if (!by_time) return {0, stream.name};
  return {stream.times ? to_unix_ms(stream.times->last) : stream.created_ms, stream.name};
}

std::string token_of(const Place& place) { return make_token(fmt::format("{} {}", place.first, place.second)); }

ApiResult<Place> read_place(std::string_view text) {
  std::int64_t time = 0;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || std::from_chars(text.data(), text.data() + space, time).ec != std::errc{}) {
    return invalid_parameter("The specified nextToken is invalid.");
  }
  return Place{time, text.substr(space + 1)};
}

}  // namespace

Answer<Empty> create_log_stream(CallContext& call, StreamInput input) {
  const auto made = co_await store(call).create_stream(std::move(input.group), std::move(input.stream));
  if (!made) co_return to_api_error(made.error());
  co_return Empty{};
}

Answer<Empty> delete_log_stream(CallContext& call, StreamInput input) {
  const auto removed = co_await store(call).remove_stream(std::move(input.group), std::move(input.stream));
  if (!removed) co_return to_api_error(removed.error());
  co_return Empty{};
}

Answer<DescribeLogStreamsOutput> describe_log_streams(CallContext& call, DescribeLogStreamsInput input) {
  PENSTOCK_CO_TRY(const std::string name, named_group(call, input.group, input.group_identifier));
  PENSTOCK_CO_TRY(const auto group, find_group(call, name));
  const bool by_time = input.order_by == "LastEventTime";
  if (by_time && input.prefix) {
    co_return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  PENSTOCK_CO_TRY(const std::string token, read_token(input.next_token));
  const bool descending = input.descending.value_or(false);
  std::vector<StreamInfo> streams = group->list_streams(input.prefix.value_or(""));
  std::ranges::sort(streams, [&](const StreamInfo& a, const StreamInfo& b) {
    return descending ? place_of(b, by_time) < place_of(a, by_time) : place_of(a, by_time) < place_of(b, by_time);
  });
  std::size_t at = 0;
  if (!token.empty()) {
    PENSTOCK_CO_TRY(const Place after, read_place(token));
    const auto is_shown = [&](const StreamInfo& stream) {
      const Place place = place_of(stream, by_time);
      return descending ? place >= after : place <= after;
    };
    while (at < streams.size() && is_shown(streams[at])) ++at;
  }
  const auto limit = static_cast<std::size_t>(input.limit.value_or(kStreamsShownMax));
  DescribeLogStreamsOutput output;
  for (; at < streams.size() && output.streams.size() < limit; ++at) {
    output.streams.push_back(show(call, name, streams[at]));
  }
  if (at < streams.size()) output.next_token = token_of(place_of(streams[at - 1], by_time));
  co_return output;
}

}  // namespace penstock::services::logs_api
