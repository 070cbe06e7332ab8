#include "consumers/mapping.h"

#include <algorithm>
#include <array>

#include "codec/json.h"

namespace penstock::consumers {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 3> kPositionNames = {"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"};
constexpr std::int64_t kFormat = 1;

std::unexpected<Error> corrupt() { return fail(ErrorKind::corrupt, "catalog document of an event source mapping"); }

/// Reads members; a missing one or one of another type makes the whole bad.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  [[nodiscard]] bool is_good() const { return good_; }

  std::string text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_string()) return bad<std::string>();
    return std::string(value->get_string());
  }
  template <class Int>
  Int number(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_int64()) return bad<Int>();
    return static_cast<Int>(value->get_int64());
  }
  bool flag(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_bool()) return bad<bool>();
    return value->get_bool();
  }
  std::vector<std::string> texts(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_array()) return bad<std::vector<std::string>>();
    std::vector<std::string> out;
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return bad<std::vector<std::string>>();
      out.emplace_back(item.get_string());
    }
    return out;
  }
  std::map<std::string, std::string> text_map(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_object()) return bad<std::map<std::string, std::string>>();
    std::map<std::string, std::string> out;
    for (const auto& [key, item] : value->get_object()) {
      if (!item.is_string()) return bad<std::map<std::string, std::string>>();
      out.emplace(std::string(key), std::string(item.get_string()));
    }
    return out;
  }
  [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }

 private:
  template <class T>
  T bad() {
    good_ = false;
    return T{};
  }
  const json::object& object_;
  bool good_ = true;
};

}  // namespace

std::string_view to_string(StartingPosition position) { return kPositionNames[static_cast<std::size_t>(position)]; }

std::optional<StartingPosition> parse_starting_position(std::string_view text) {
  const auto* found = std::ranges::find(kPositionNames, text);
  if (found == kPositionNames.end()) return std::nullopt;
  return static_cast<StartingPosition>(found - kPositionNames.begin());
}

std::optional<SourceName> parse_source_arn(std::string_view arn, std::string_view region, std::string_view account) {
  std::string prefix = "arn:aws:kinesis:";
  prefix.append(region).append(":").append(account).append(":stream/");
  if (!arn.starts_with(prefix)) return std::nullopt;
  arn.remove_prefix(prefix.size());
  const std::size_t slash = arn.find('/');
  SourceName out{.stream = std::string(arn.substr(0, slash))};
  if (out.stream.empty()) return std::nullopt;
  if (slash == std::string_view::npos) return out;
  constexpr std::string_view kConsumer = "/consumer/";
  arn.remove_prefix(slash);
  const std::size_t colon = arn.rfind(':');
  if (!arn.starts_with(kConsumer) || colon == std::string_view::npos || colon <= kConsumer.size()) return std::nullopt;
  out.consumer = arn.substr(kConsumer.size(), colon - kConsumer.size());
  out.consumer_created = arn.substr(colon + 1);
  return out;
}

std::string stream_arn_of(std::string_view source_arn) {
  return std::string(source_arn.substr(0, source_arn.find("/consumer/")));
}

LaneRules lane_rules(const MappingOptions& options) {
  using std::chrono::seconds;
  LaneRules rules;
  rules.records_max = static_cast<std::size_t>(options.batch_size);
  rules.batching_window = seconds(options.batching_window_s);
  if (options.retries_max >= 0) rules.retries_max = options.retries_max;
  if (options.record_age_max_s >= 0) rules.age_max = seconds(options.record_age_max_s);
  rules.bisects = options.bisects;
  rules.tumbling_window = seconds(options.tumbling_window_s);
  return rules;
}

std::string mapping_key(std::string_view uuid) { return std::string(kMappingPrefix).append(uuid); }

std::string encode_mapping(const Mapping& mapping) {
  const MappingOptions& options = mapping.options;
  json::object out{{"format", kFormat},
                   {"uuid", mapping.uuid},
                   {"eventSourceArn", mapping.event_source_arn},
                   {"functionArn", mapping.function_arn},
                   {"startingPosition", to_string(mapping.starting_position)},
                   {"lastModified", to_unix_ms(mapping.last_modified)},
                   {"revision", static_cast<std::int64_t>(mapping.revision)},
                   {"deleting", mapping.deleting},
                   {"functionName", options.function_name},
                   {"functionQualifier", options.function_qualifier},
                   {"enabled", options.enabled},
                   {"batchSize", options.batch_size},
                   {"batchingWindow", options.batching_window_s},
                   {"parallelization", options.parallelization},
                   {"retriesMax", options.retries_max},
                   {"recordAgeMax", options.record_age_max_s},
                   {"bisects", options.bisects},
                   {"tumblingWindow", options.tumbling_window_s},
                   {"onFailure", options.on_failure},
                   {"filters", json::array(options.filters.begin(), options.filters.end())},
                   {"reportsFailures", options.reports_failures},
                   {"countsEvents", options.counts_events}};
  if (mapping.starting_timestamp) out["startingTimestamp"] = to_unix_ms(*mapping.starting_timestamp);
  json::object tags;
  for (const auto& [key, value] : mapping.tags) tags[key] = value;
  out["tags"] = std::move(tags);
  return codec::serialize(out);
}

Result<Mapping> decode_mapping(std::string_view text) {
  const auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return corrupt();
  Reader in(parsed->get_object());
  if (in.number<std::int64_t>("format") != kFormat) return corrupt();
  Mapping out{.uuid = in.text("uuid"),
              .event_source_arn = in.text("eventSourceArn"),
              .function_arn = in.text("functionArn"),
              .options = {.function_name = in.text("functionName"),
                          .function_qualifier = in.text("functionQualifier"),
                          .enabled = in.flag("enabled"),
                          .batch_size = in.number<int>("batchSize"),
                          .batching_window_s = in.number<int>("batchingWindow"),
                          .parallelization = in.number<int>("parallelization"),
                          .retries_max = in.number<int>("retriesMax"),
                          .record_age_max_s = in.number<int>("recordAgeMax"),
                          .bisects = in.flag("bisects"),
                          .tumbling_window_s = in.number<int>("tumblingWindow"),
                          .on_failure = in.text("onFailure"),
                          .filters = in.texts("filters"),
                          .reports_failures = in.flag("reportsFailures"),
                          .counts_events = in.flag("countsEvents")},
              .tags = in.text_map("tags"),
              .last_modified = from_unix_ms(in.number<std::int64_t>("lastModified")),
              .revision = in.number<std::uint64_t>("revision"),
              .deleting = in.flag("deleting")};
  const auto position = parse_starting_position(in.text("startingPosition"));
  if (in.has("startingTimestamp")) out.starting_timestamp = from_unix_ms(in.number<std::int64_t>("startingTimestamp"));
  const MappingOptions& options = out.options;
  const bool sound = options.batch_size >= 1 && options.parallelization >= 1 &&
                     options.parallelization <= kParallelizationMax && options.batching_window_s >= 0 &&
                     options.tumbling_window_s >= 0;
  if (!in.is_good() || !position || !sound) return corrupt();
  out.starting_position = *position;
  return out;
}

}  // namespace penstock::consumers
