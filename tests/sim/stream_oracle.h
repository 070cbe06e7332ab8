#pragma once
/// What a world of streams may and must hold: every record that was put, and each stream as its changes left it.
/// A record: acknowledged or seen, it is there once, unchanged, in its shard and order, until its retention is over.
/// A change: acknowledged, it holds; refused, nothing changed; unknown, it took place whole or not at all, and the next
/// start decides for ever.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "simulated_parts.h"
#include "stream/streams.h"

namespace penstock::sim {

struct ModelRecord {
  enum class State : std::uint8_t {
    started,  ///< nobody knows yet
    acked,    ///< must be there
    unknown,  ///< may be there; the next start decides for ever
    never,    ///< must not be there
  };
  std::string uid;  ///< of the stream
  std::string key;
  std::string data;
  State state = State::started;
  bool seen = false;  ///< somebody read it
  std::uint64_t number = 0;
  Timestamp arrival{};  ///< once seen; before, the earliest that it can be
  std::string shard;    ///< once acknowledged or seen
  std::string sequence;
  bool encrypted = false;
};

/// A change of a stream that is under way, or of which nobody knows whether it took place.
struct StreamChange {
  enum class Kind : std::uint8_t {
    create,
    remove,
    split,
    merge,
    scale,
    retention,
    encryption,
    add_consumer,
    drop_consumer
  };
  Kind kind{};
  std::uint32_t count = 0;  ///< create, scale: open shards afterwards
  int hours = 0;
  std::string text{};  ///< of a key, or a consumer
  bool is_unknown = false;
};

struct StreamModel {
  std::optional<stream::StreamInfo> info;  ///< nullopt: there is none of that name
  std::optional<StreamChange> change;
  std::set<std::string> consumers;
  std::uint64_t encryption_epoch = 0;  ///< counts beginnings and ends of what changes encryption
};

/// What a reading of one shard gave.
struct ShardReading {
  std::string shard_id;
  std::vector<stream::ReadRecord> records;
  std::vector<stream::RecordPage> pages;  ///< keep the records' bytes
};

class StreamOracle {
 public:
  StreamModel& model(const std::string& name) { return models_[name]; }
  [[nodiscard]] const std::map<std::string, StreamModel>& models() const { return models_; }
  [[nodiscard]] ModelRecord& record(std::size_t number) { return records_[number]; }
  [[nodiscard]] std::size_t record_count() const { return records_.size(); }
  /// Gives the record's number, which its data begins with.
  std::size_t add_record(std::string uid, std::string key, std::string filler, Timestamp now);

  /// A reader came to the end of a closed shard: nothing may come behind it.
  void note_end(const std::string& uid, const ShardReading& reading);
  [[nodiscard]] bool may_have_expired(std::size_t number) const;
  /// To be told each time before the clock moves and after: what has expired may be gone from then on.
  void note_time(Timestamp now);
  void end_put(std::size_t number, const Result<stream::PutOutcome>& outcome, Timestamp now);
  /// The change is over; `found` is the stream as it shows now, and its consumers.
  void end_change(const std::string& name, const Result<void>& result, const std::optional<stream::StreamInfo>& found,
                  const std::set<std::string>& consumers);
  /// After a start.
  void settle_stream(const std::string& name, const std::optional<stream::StreamInfo>& found,
                     const std::set<std::string>& consumers);
  /// All shards of a stream were read from the trim horizon to the end, and `horizon` was the oldest that may be given.
  /// `is_whole` is false when damage may have hidden some.
  void check_reading(const stream::StreamInfo& info, const std::vector<ShardReading>& shards, Timestamp horizon,
                     bool after_start, bool is_whole);

 private:
  void check_end(const ModelRecord& record) const;
  void check_record(const stream::StreamInfo& info, const std::string& shard_id, const stream::ReadRecord& read,
                    std::set<std::size_t>& found, Timestamp horizon);
  void check_missing(const stream::StreamInfo& info, const std::set<std::size_t>& found, bool after_start,
                     bool is_whole);

  std::map<std::string, StreamModel> models_;
  std::map<std::string, Timestamp> expired_before_;  ///< by uid
  std::vector<ModelRecord> records_;
  std::map<std::pair<std::string, std::string>, std::string> ends_;  ///< by uid and shard: its last sequence number
  std::set<std::size_t> under_way_;                                  ///< puts
};

}  // namespace penstock::sim
