#pragma once
/// Reads all shards of a stream through GetRecords, those that come from splits and merges too.
/// Order:   a shard's records come in its order; a child shard is read after its parents were read to their end.
/// Threads: one at a time.
/// Bounds:  one page of records in memory.

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "cli/api_client.h"

namespace penstock::cli {

struct FollowedRecord {
  std::string shard_id;
  std::string sequence_number;
  std::string partition_key;
  Timestamp arrival{};
  std::string data;
};

class StreamFollower {
 public:
  enum class From : std::uint8_t { trim_horizon, latest };

  /// `api` outlives it.
  StreamFollower(ApiClient& api, std::string stream, From from) : api_(api), stream_(std::move(stream)), from_(from) {}

  /// Takes an iterator for every shard: records put after this will be seen.
  [[nodiscard]] Called<void> open();

  /// Reads each shard once. `on_record` gives false to stop early. True when something was read.
  [[nodiscard]] Called<bool> poll(const std::function<bool(const FollowedRecord&)>& on_record);

  [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }

 private:
  struct Shard {
    std::string id;
    std::string iterator;
    std::string last_sequence_number;  ///< where to go on when the iterator has expired
  };
  [[nodiscard]] Called<std::string> iterator_of(const std::string& shard_id, std::string_view type,
                                                std::string_view sequence_number);
  [[nodiscard]] Called<boost::json::object> get_records(Shard& shard);
  [[nodiscard]] Called<void> open_children(const boost::json::object& page);

  ApiClient& api_;
  std::string stream_;
  From from_;
  std::vector<Shard> shards_;
  std::set<std::string> known_;
  std::set<std::string> ended_;
};

}  // namespace penstock::cli
