#pragma once
/// Registered consumers of streams (enhanced fan-out): who they are, in which state, with which tags. Durable in the
/// catalog: one document for a stream's consumers, one for the tags of each that has any (docs/formats/catalog.md).
///
/// Guarantee: a name is registered once in a stream; the bounds hold over all callers, because a change is committed
///            only on the version it was checked against. A stream made anew has no consumers.
/// Threads:   any; Tasks complete on the awaiting coroutine's executor.
/// Errors:    missing (no such consumer), conflict (registered already, or being removed), throttled (a bound), invalid
///            (tags), unavailable, outcome_unknown, corrupt.
/// Source:    Kinesis API Reference, RegisterStreamConsumer, Consumer.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/task.h"
#include "stream/limits.h"

namespace penstock::stream {

struct ConsumerSettings {
  /// How long consumers show CREATING and DELETING.
  std::chrono::milliseconds creating{0};
  std::chrono::milliseconds deleting{0};
  Limit per_stream{.aws = 20};
  std::size_t creating_max = 5;  ///< of a stream, in CREATING at once
};

enum class ConsumerStatus : std::uint8_t { creating, active, deleting };
[[nodiscard]] std::string_view to_string(ConsumerStatus status);  ///< "ACTIVE"

struct Consumer {
  std::string name;
  Timestamp created{};  ///< whole seconds: the end of its ARN
  ConsumerStatus status = ConsumerStatus::active;
};

class Consumers {
 public:
  using Tags = std::map<std::string, std::string>;

  /// The references outlive the object.
  Consumers(std::string account, ConsumerSettings settings, catalog::Catalog& catalog, const Clock& clock);

  /// In the order of their names. `uid` is the stream's.
  [[nodiscard]] Result<std::vector<Consumer>> list(std::string_view uid) const;
  [[nodiscard]] Result<std::optional<Consumer>> find(std::string_view uid, std::string_view name) const;
  [[nodiscard]] Result<Tags> tags(std::string_view uid, std::string_view name) const;

  /// `stream_name` is for messages.
  Task<Result<Consumer>> add(std::string uid, std::string stream_name, std::string name, Tags tags);
  Task<Result<void>> remove(std::string uid, std::string stream_name, std::string name);
  Task<Result<void>> add_tags(std::string uid, std::string stream_name, std::string name, Tags tags);
  Task<Result<void>> remove_tags(std::string uid, std::string stream_name, std::string name,
                                 std::vector<std::string> keys);
  /// The stream is gone.
  Task<Result<void>> remove_all(std::string uid);
  /// Removes what is left of streams that are not there (a crash between the two). At start-up only: it blocks.
  Result<void> remove_strays(const std::function<bool(std::string_view uid)>& is_known);

 private:
  struct Row {
    std::string name;
    Timestamp created{};
    Timestamp active_from{};
    std::optional<Timestamp> gone_from{};
  };
  struct Table {
    std::vector<Row> rows;  // by name
    catalog::Version version = 0;
  };
  [[nodiscard]] std::string key_of(std::string_view uid) const;
  [[nodiscard]] std::string tags_key_of(std::string_view uid, std::string_view name) const;
  /// Consumers whose deletion is over are left out.
  [[nodiscard]] Result<Table> load(std::string_view uid) const;
  [[nodiscard]] catalog::Change change_of(std::string_view uid, const Table& table) const;
  [[nodiscard]] ConsumerStatus status_of(const Row& row, Timestamp now) const;
  [[nodiscard]] std::unexpected<Error> not_found(std::string_view stream_name, std::string_view name) const;
  [[nodiscard]] Result<void> check_room(const Table& table, std::string_view stream_name, std::string_view name) const;
  Task<Result<void>> change_tags(std::string uid, std::string stream_name, std::string name,
                                 std::function<Result<void>(Tags&)> change);

  const std::string account_;
  const ConsumerSettings settings_;
  catalog::Catalog& catalog_;
  const Clock& clock_;
};

}  // namespace penstock::stream
