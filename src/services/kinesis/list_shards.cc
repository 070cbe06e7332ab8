#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

// "The default is 1000. If you specify a value greater than 1000, at most 1000 results are returned."
constexpr std::size_t kShardsShownMax = 1000;

/// Which shards a listing is about. A page token carries it on.
struct Selection {
  std::string stream_name;
  std::string uid;
  std::int64_t made_ms = 0;
  std::int64_t first_index = 0;
  std::int64_t open_from_ms = INT64_MIN;   ///< shards that were open at some time since then...
  std::int64_t open_until_ms = INT64_MAX;  ///< ...and had begun by then
};

std::string seal(const stream::Streams& streams, const Selection& s) {
  return streams.tokens().seal(stream::TokenKind::list_shards,
                               fmt::format("{} {} {} {} {} {}", s.uid, s.made_ms, s.first_index, s.open_from_ms,
                                           s.open_until_ms, s.stream_name));
}

std::optional<Selection> unseal(const stream::Streams& streams, std::string_view token) {
  const auto contents = streams.tokens().unseal(stream::TokenKind::list_shards, token);
  if (!contents) return std::nullopt;
  std::string_view rest = *contents;
  const auto word = [&rest] {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return text;
  };
  const auto number = [&word](std::int64_t& out) {
    const std::string_view text = word();
    return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
  };
  Selection s;
  s.uid = word();
  if (!number(s.made_ms) || !number(s.first_index) || !number(s.open_from_ms) || !number(s.open_until_ms)) {
    return std::nullopt;
  }
  s.stream_name = rest;
  return s;
}

std::string date_text(Timestamp time) { return std::to_string(to_unix_ms(time) / 1000); }

ApiResult<Selection> continue_listing(const CallContext& call, const ListShardsInput& input) {
  if (input.stream_name || input.stream_arn) {
    return api_fail(kInvalidArgument, "NextToken and StreamName cannot be provided together.");
  }
  if (input.exclusive_start_shard_id || input.stream_creation_timestamp || input.shard_filter) {
    return api_fail(
        kInvalidArgument,
        "ExclusiveStartShardId, StreamCreationTimestamp and ShardFilter cannot be provided with NextToken.");
  }
  auto selection = unseal(call.house.streams, *input.next_token);
  if (!selection) return api_fail(kInvalidArgument, "NextToken is not one that ListShards returned.");
  PENSTOCK_TRY_VOID(check_token_age(call, from_unix_ms(selection->made_ms)));
  return *std::move(selection);
}

/// Kinesis API Reference, ShardFilter.
ApiResult<void> apply_filter(const CallContext& call, const stream::StreamInfo& info, const ShardFilter& filter,
                             Selection& selection) {
  const Timestamp now = call.house.clock.now();
  const auto horizon_ms = to_unix_ms(std::max(info.trim_horizon(now), info.created));
  const bool by_time = filter.type == "AT_TIMESTAMP" || filter.type == "FROM_TIMESTAMP";
  if (by_time != filter.timestamp.has_value()) {
    return api_fail(kInvalidArgument,
                    fmt::format("ShardFilter {} {} a Timestamp.", filter.type, by_time ? "needs" : "does not take"));
  }
  const bool by_id = filter.type == "AFTER_SHARD_ID";
  if (by_id != filter.shard_id.has_value()) {
    return api_fail(kInvalidArgument,
                    fmt::format("ShardFilter {} {} a ShardId.", filter.type, by_id ? "needs" : "does not take"));
  }
  if (by_id) {
    const auto after = stream::parse_shard_id(*filter.shard_id);
    if (!after) return api_fail(kInvalidArgument, "ShardFilter's ShardId is invalid: " + *filter.shard_id);
    selection.first_index = std::max<std::int64_t>(selection.first_index, after->get() + std::int64_t{1});
  } else if (filter.type == "AT_TRIM_HORIZON") {
    selection.open_from_ms = selection.open_until_ms = horizon_ms;
  } else if (filter.type == "AT_LATEST") {
    selection.open_from_ms = INT64_MAX;
  } else if (by_time) {
    if (*filter.timestamp > now) {
      return api_fail(kInvalidArgument,
                      fmt::format("ShardFilter's Timestamp {} lies in the future.", date_text(*filter.timestamp)));
    }
    selection.open_from_ms = std::max(to_unix_ms(*filter.timestamp), horizon_ms);
    if (filter.type == "AT_TIMESTAMP") selection.open_until_ms = selection.open_from_ms;
  }  // FROM_TRIM_HORIZON is what is listed without a filter
  return {};
}

ApiResult<Selection> begin_listing(const CallContext& call, const ListShardsInput& input) {
  if (!input.stream_name && !input.stream_arn) {
    return api_fail(kInvalidArgument, "Either NextToken or StreamName should be provided.");
  }
  PENSTOCK_TRY(const std::string name, resolve(call, input));
  const auto view = call.house.streams.get(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  const stream::StreamInfo& info = *view->info;
  if (input.stream_creation_timestamp) {
    // Clients carry whole seconds or milliseconds.
    const auto difference = std::chrono::abs(*input.stream_creation_timestamp - info.created);
    if (difference >= std::chrono::seconds(1)) {
      return api_fail(kNotFound, fmt::format("Stream {} under account {} with that StreamCreationTimestamp not found.",
                                             name, call.account));
    }
  }
  Selection selection{.stream_name = name, .uid = info.uid};
  if (input.exclusive_start_shard_id) {
    const auto after = stream::parse_shard_id(*input.exclusive_start_shard_id);
    if (!after) {
      return api_fail(kInvalidArgument, "ExclusiveStartShardId is invalid: " + *input.exclusive_start_shard_id);
    }
    selection.first_index = after->get() + std::int64_t{1};
  }
  if (input.shard_filter) PENSTOCK_TRY_VOID(apply_filter(call, info, *input.shard_filter, selection));
  return selection;
}

bool selects(const Selection& selection, const stream::Shard& shard) {
  if (to_unix_ms(shard.created) > selection.open_until_ms) return false;
  return shard.is_open() ||
         (selection.open_from_ms != INT64_MAX && to_unix_ms(*shard.closed) >= selection.open_from_ms);
}

}  // namespace

Touched list_shards_resource(const CallContext& call, const void* input) {
  const auto& list = *static_cast<const ListShardsInput*>(input);
  if (list.next_token && !list.stream_name && !list.stream_arn) {
    if (const auto selection = unseal(call.house.streams, *list.next_token)) {
      return touch_arns(call, {stream_arn(call, selection->stream_name)});
    }
  }
  return touch(call, list);
}

Answer<ListShardsOutput> list_shards(CallContext& call, ListShardsInput input) {
  PENSTOCK_CO_TRY(Selection selection, input.next_token ? continue_listing(call, input) : begin_listing(call, input));
  const auto view = call.house.streams.get_settled(selection.stream_name);
  if (!view && view.error().kind == ErrorKind::conflict) co_return to_api_error(view.error(), Plane::control);
  if (!view || view->info->uid != selection.uid) {
    co_return api_fail(kNotFound,
                       fmt::format("Stream {} under account {} not found.", selection.stream_name, call.account));
  }
  const auto limit = std::min(static_cast<std::size_t>(input.max_results.value_or(kShardsShownMax)), kShardsShownMax);
  const Timestamp now = call.house.clock.now();
  ListShardsOutput output;
  const auto first = static_cast<std::uint32_t>(std::clamp<std::int64_t>(selection.first_index, 0, UINT32_MAX));
  for (const stream::Shard& shard : stream::shards_from(*view->info, first)) {
    if (view->info->is_expired(shard, now) || !selects(selection, shard)) continue;
    if (output.shards.size() == limit) {
      selection.first_index = shard.index.get();
      selection.made_ms = to_unix_ms(now);
      output.next_token = seal(call.house.streams, selection);
      break;
    }
    output.shards.push_back(shard_output(shard));
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
