#include "stream/consumers.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "codec/json.h"
#include "stream/retried_commit.h"

namespace penstock::stream {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::size_t kTagsMax = 50;

// A consumer is a row: [name, created, active from, gone from or null]; times in milliseconds.
enum Column : std::uint8_t { kName, kCreated, kActiveFrom, kGoneFrom, kColumns };

Timestamp time_from(const json::value& value) { return from_unix_ms(value.to_number<std::int64_t>()); }

/// Both kinds of documents are small JSON objects; what does not read as one is corrupt, by its key.
template <class Read>
Result<void> read_document(const catalog::Document& document, Read read) {
  PENSTOCK_TRY(const json::value value, codec::parse_json(*document.bytes));
  try {
    const json::object& object = value.as_object();
    if (object.at("format").to_number<int>() != kFormat) throw std::invalid_argument("format");
    read(object);
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, document.key + ": " + error.what());
  }
  return {};
}

std::string encode_tags(const Consumers::Tags& tags) {
  json::object object;
  for (const auto& [key, value] : tags) object[key] = value;
  return codec::serialize(json::object{{"format", kFormat}, {"tags", std::move(object)}});
}

Result<Consumers::Tags> decode_tags(const catalog::Document& document) {
  Consumers::Tags tags;
  PENSTOCK_TRY_VOID(read_document(document, [&tags](const json::object& object) {
    for (const auto& tag : object.at("tags").as_object()) tags.emplace(tag.key(), tag.value().as_string());
  }));
  return tags;
}

}  // namespace

std::string_view to_string(ConsumerStatus status) {
  switch (status) {
    case ConsumerStatus::creating: return "CREATING";
    case ConsumerStatus::active: return "ACTIVE";
    case ConsumerStatus::deleting: return "DELETING";
  }
  return "";
}

Consumers::Consumers(std::string account, ConsumerSettings settings, catalog::Catalog& catalog, const Clock& clock)
    : account_(std::move(account)), settings_(settings), catalog_(catalog), clock_(clock) {}

std::string Consumers::key_of(std::string_view uid) const {
  return fmt::format("stream-consumers/{}/{}", account_, uid);
}

std::string Consumers::tags_key_of(std::string_view uid, std::string_view name) const {
  return fmt::format("stream-consumer-tags/{}/{}/{}", account_, uid, name);
}

Result<Consumers::Table> Consumers::load(std::string_view uid) const {
  Table table;
  const auto document = catalog_.get(key_of(uid));
  if (!document) return table;
  table.version = document->version;
  const Timestamp now = clock_.now();
  PENSTOCK_TRY_VOID(read_document(*document, [&](const json::object& object) {
    for (const auto& entry : object.at("consumers").as_array()) {
      const json::array& row = entry.as_array();
      if (row.size() != kColumns) throw std::invalid_argument("consumer row");
      Row read{.name = std::string(row[kName].as_string()),
               .created = time_from(row[kCreated]),
               .active_from = time_from(row[kActiveFrom])};
      if (!row[kGoneFrom].is_null()) read.gone_from = time_from(row[kGoneFrom]);
      if (!read.gone_from || now < *read.gone_from) table.rows.push_back(std::move(read));
    }
  }));
  return table;
}

catalog::Change Consumers::change_of(std::string_view uid, const Table& table) const {
  json::array rows;
  for (const Row& row : table.rows) {
    rows.push_back({row.name, to_unix_ms(row.created), to_unix_ms(row.active_from),
                    row.gone_from ? json::value(to_unix_ms(*row.gone_from)) : json::value(nullptr)});
  }
  return {.key = key_of(uid),
          .expected = table.version,
          .bytes = codec::serialize(json::object{{"format", kFormat}, {"consumers", std::move(rows)}})};
}

ConsumerStatus Consumers::status_of(const Row& row, Timestamp now) const {
  if (row.gone_from) return ConsumerStatus::deleting;
  return now < row.active_from ? ConsumerStatus::creating : ConsumerStatus::active;
}

Result<std::vector<Consumer>> Consumers::list(std::string_view uid) const {
  PENSTOCK_TRY(const Table table, load(uid));
  const Timestamp now = clock_.now();
  std::vector<Consumer> consumers;
  for (const Row& row : table.rows) {
    consumers.push_back({.name = row.name, .created = row.created, .status = status_of(row, now)});
  }
  return consumers;
}

Result<std::optional<Consumer>> Consumers::find(std::string_view uid, std::string_view name) const {
  PENSTOCK_TRY(std::vector<Consumer> consumers, list(uid));
  const auto found = std::ranges::find(consumers, name, &Consumer::name);
  return found == consumers.end() ? std::nullopt : std::optional(std::move(*found));
}

Result<Consumers::Tags> Consumers::tags(std::string_view uid, std::string_view name) const {
  const auto document = catalog_.get(tags_key_of(uid, name));
  if (!document) return Tags{};
  return decode_tags(*document);
}

std::unexpected<Error> Consumers::not_found(std::string_view stream_name, std::string_view name) const {
  return fail(ErrorKind::missing,
              fmt::format("Consumer {} under stream {} not found for account {}.", name, stream_name, account_));
}

Result<void> Consumers::check_room(const Table& table, std::string_view stream_name, std::string_view name) const {
  if (std::ranges::find(table.rows, name, &Row::name) != table.rows.end()) {
    return fail(ErrorKind::conflict,
                fmt::format("Consumer {} under stream {} already exists for account {}.", name, stream_name, account_));
  }
  if (!settings_.per_stream.allows(table.rows.size() + 1)) {
    return fail(ErrorKind::throttled,
                fmt::format("Stream {} under account {} already has {} registered consumers, the most that a stream "
                            "may have.",
                            stream_name, account_, table.rows.size()));
  }
  const Timestamp now = clock_.now();
  const auto creating = std::ranges::count_if(
      table.rows, [&](const Row& row) { return status_of(row, now) == ConsumerStatus::creating; });
  if (static_cast<std::size_t>(creating) >= settings_.creating_max) {
    return fail(ErrorKind::throttled, fmt::format("At most {} consumers of stream {} under account {} may "
                                                  "simultaneously be in CREATING state.",
                                                  settings_.creating_max, stream_name, account_));
  }
  return {};
}

Task<Result<Consumer>> Consumers::add(std::string uid, std::string stream_name, std::string name, Tags tags) {
  Consumer added{.name = name};
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    PENSTOCK_TRY(Table table, load(uid));
    PENSTOCK_TRY_VOID(check_room(table, stream_name, name));
    const Timestamp now = clock_.now();
    const Row row{.name = name,
                  .created = std::chrono::floor<std::chrono::seconds>(now),
                  .active_from = now + settings_.creating};
    table.rows.insert(std::ranges::upper_bound(table.rows, name, {}, &Row::name), row);
    added.created = row.created;
    added.status = status_of(row, now);
    // What an earlier consumer of this name left goes in any case.
    return std::vector<catalog::Change>{change_of(uid, table),
                                        {.key = tags_key_of(uid, name),
                                         .expected = std::nullopt,
                                         .bytes = tags.empty() ? std::nullopt : std::optional(encode_tags(tags))}};
  };
  const auto committed = co_await commit_retrying(catalog_, prepare, "the table of the stream's consumers");
  if (!committed) co_return std::unexpected(committed.error());
  co_return added;
}

Task<Result<void>> Consumers::remove(std::string uid, std::string stream_name, std::string name) {
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    PENSTOCK_TRY(Table table, load(uid));
    const auto found = std::ranges::find(table.rows, name, &Row::name);
    if (found == table.rows.end()) return not_found(stream_name, name);
    if (found->gone_from) {
      return fail(ErrorKind::conflict, fmt::format("Consumer {} under stream {} for account {} is not ACTIVE, instead "
                                                   "in state DELETING.",
                                                   name, stream_name, account_));
    }
    std::vector<catalog::Change> changes;
    if (settings_.deleting.count() == 0) {
      table.rows.erase(found);
      changes.push_back({.key = tags_key_of(uid, name), .expected = std::nullopt, .bytes = std::nullopt});
    } else {
      found->gone_from = clock_.now() + settings_.deleting;
    }
    changes.push_back(change_of(uid, table));
    return changes;
  };
  const auto committed = co_await commit_retrying(catalog_, prepare, "the table of the stream's consumers");
  if (!committed) co_return std::unexpected(committed.error());
  co_return Result<void>{};
}

Task<Result<void>> Consumers::change_tags(std::string uid, std::string stream_name, std::string name,
                                          std::function<Result<void>(Tags&)> change) {
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    PENSTOCK_TRY(const auto consumer, find(uid, name));
    if (!consumer) return not_found(stream_name, name);
    const auto document = catalog_.get(tags_key_of(uid, name));
    Tags tags;
    if (document) {
      PENSTOCK_TRY(tags, decode_tags(*document));
    }
    PENSTOCK_TRY_VOID(change(tags));
    return std::vector<catalog::Change>{
        {.key = tags_key_of(uid, name), .expected = document ? document->version : 0, .bytes = encode_tags(tags)}};
  };
  const auto committed = co_await commit_retrying(catalog_, prepare, "the document of the consumer's tags");
  if (!committed) co_return std::unexpected(committed.error());
  co_return Result<void>{};
}

Task<Result<void>> Consumers::add_tags(std::string uid, std::string stream_name, std::string name, Tags added) {
  const std::string account = account_;
  std::function<Result<void>(Tags&)> add = [added = std::move(added), stream_name, name,
                                            account](Tags& tags) -> Result<void> {
    for (const auto& [key, value] : added) tags.insert_or_assign(key, value);
    if (tags.size() <= kTagsMax) return {};
    return fail(ErrorKind::invalid, fmt::format("Failed to add tags to consumer {} of stream {} under account {} "
                                                "because a given consumer cannot have more than {} tags associated "
                                                "with it.",
                                                name, stream_name, account, kTagsMax));
  };
  return change_tags(std::move(uid), std::move(stream_name), std::move(name), std::move(add));
}

Task<Result<void>> Consumers::remove_tags(std::string uid, std::string stream_name, std::string name,
                                          std::vector<std::string> keys) {
  std::function<Result<void>(Tags&)> drop = [keys = std::move(keys)](Tags& tags) -> Result<void> {
    for (const std::string& key : keys) tags.erase(key);
    return {};
  };
  return change_tags(std::move(uid), std::move(stream_name), std::move(name), std::move(drop));
}

Task<Result<void>> Consumers::remove_all(std::string uid) {
  std::vector<catalog::Change> changes;
  for (const auto& document : catalog_.list(tags_key_of(uid, ""))) {
    changes.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
  }
  if (catalog_.get(key_of(uid))) changes.push_back({.key = key_of(uid), .expected = {}, .bytes = {}});
  if (changes.empty()) co_return Result<void>{};
  const auto removed = co_await catalog_.commit(std::move(changes));
  if (!removed) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

Result<void> Consumers::remove_strays(const std::function<bool(std::string_view uid)>& is_known) {
  std::set<std::string> strays;
  for (const std::string& prefix : {key_of(""), fmt::format("stream-consumer-tags/{}/", account_)}) {
    for (const auto& document : catalog_.list(prefix)) {
      const std::string_view rest = std::string_view(document.key).substr(prefix.size());
      std::string uid(rest.substr(0, rest.find('/')));
      if (!is_known(uid)) strays.insert(std::move(uid));
    }
  }
  for (const std::string& uid : strays) PENSTOCK_TRY_VOID(run_sync(remove_all(uid)));
  return {};
}

}  // namespace penstock::stream
