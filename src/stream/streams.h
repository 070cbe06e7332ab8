#pragma once
/// Kinesis streams: their catalog documents, their shards and their records. Services call this; nothing here knows
/// JSON, HTTP or IAM. Messages of errors are AWS's where AWS's are known.
///
/// Guarantee: a record whose outcome is success is durable as FrameLog::promise() says; within a shard, records of one
///            put keep their order, and a put started after another's success comes later.
/// Threads:   any; Tasks complete on the awaiting coroutine's executor. A Streams outlives every task it gave.
/// Errors:    missing (no such stream or shard), conflict (exists, or not in a state for this), throttled (a limit),
///            invalid (the caller's input), denied (the stream is encrypted, and the master key that is needed is not
///            there), unavailable, outcome_unknown, corrupt (storage).
/// Source:    Kinesis API Reference; Kinesis Data Streams Developer Guide.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/memory_budget.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/result.h"
#include "core/task.h"
#include "framelog/frame_log.h"
#include "stream/account_settings.h"
#include "stream/call_rates.h"
#include "stream/consumers.h"
#include "stream/limits.h"
#include "stream/master_keys.h"
#include "stream/put_receipt.h"
#include "stream/sealed_token.h"
#include "stream/shard_traffic.h"
#include "stream/stream_info.h"
#include "stream/stream_metrics.h"
#include "stream/stream_store.h"

namespace penstock::stream {

class Bell;
class LiveStream;
class Keyring;
struct KeyringParts;
class BlockingLane;
class ShardSubscription;
class SubscriptionBook;

struct Settings {
  std::string account;
  std::string region;
  /// How long streams show CREATING, UPDATING and DELETING.
  std::chrono::milliseconds creating{0};
  std::chrono::milliseconds updating{0};
  std::chrono::milliseconds deleting{0};
  Limits limits{};
  /// How long the traffic of on-demand streams is measured before their shards follow it.
  std::chrono::milliseconds on_demand_window{60'000};
  ConsumerSettings consumers{};
  /// How long after a consumer subscribed to a shard another subscription of it may take over.
  std::chrono::milliseconds takeover{5000};
  std::chrono::milliseconds subscription_life{300'000};  ///< a SubscribeToShard ends then
  std::chrono::milliseconds subscription_idle{5000};     ///< without records, an event says so this often
  std::chrono::milliseconds iterator_life{300'000};      ///< a shard iterator expires then
  std::chrono::milliseconds page_token_life{300'000};    ///< and a NextToken
  std::shared_ptr<MasterKeys> master_keys{};             ///< null: no stream can be encrypted
  /// For simulation: no threads are made, what would block runs here, and `open` opens the logs one after the other.
  Executor* executor = nullptr;
  /// What pages of records may take of memory until their answers are sent; null: as much as they like. Outlives it.
  MemoryBudget* answers = nullptr;
  MemoryBudget* events = nullptr;  ///< the same for pages of SubscribeToShard
};

/// One record to put. The partition key must have 1 to 256 characters; an explicit hash key is a decimal below 2^128.
struct PutEntry {
  std::string partition_key;
  std::optional<std::string> explicit_hash_key{};
  std::string data{};
};

struct PutOutcome {
  std::string shard_id;         ///< "shardId-000000000000"
  std::string sequence_number;  ///< 56 decimal digits
  bool encrypted = false;
};
using PutOutcomes = std::vector<Result<PutOutcome>>;

/// A stream as it is at a moment.
struct StreamView {
  std::shared_ptr<const StreamInfo> info;
  StreamStatus status = StreamStatus::active;
};

/// Of an on-demand stream, in MiB of writes a second.
struct WarmThroughput {
  int target_mibps = 0;
  int current_mibps = 0;
};

struct ScalingCounts {
  std::uint32_t current = 0;
  std::uint32_t target = 0;
};

/// Where a reader stands: before the record `index` of the frame at `position`.
struct ShardIterator {
  std::string stream_name;
  std::string uid;  ///< of the stream: a stream made anew under the same name is another one
  ShardIndex shard{};
  Position position{};
  std::uint16_t index = 0;
  Timestamp made{};
};

enum class IteratorType : std::uint8_t {
  trim_horizon,
  latest,
  at_sequence_number,
  after_sequence_number,
  at_timestamp,
};

struct StartingPoint {
  IteratorType type = IteratorType::trim_horizon;
  std::optional<std::string> sequence_number{};
  std::optional<Timestamp> timestamp{};
};

struct ReadRecord {
  SequenceText sequence_number;
  Timestamp arrival{};
  std::string_view partition_key;  ///< into `frames` of the page
  std::string_view data;           ///< likewise
  bool encrypted = false;          ///< when it was put
};

/// How much a page may hold; at least one record, if there is one.
struct PageBounds {
  std::size_t records_max = 10'000;
  std::size_t bytes_max = 10U << 20U;  ///< data and partition keys
};

struct RecordPage {
  std::vector<ReadRecord> records;
  std::vector<std::shared_ptr<const std::string>> frames;  ///< keep the records' bytes alive
  std::optional<ShardIterator> next;                       ///< empty at the end of a closed shard
  std::int64_t millis_behind_latest = 0;                   ///< 0 only when nothing lies behind the page
  std::vector<Shard> children;                             ///< at the end of a closed shard
  std::size_t bytes = 0;                                   ///< data and partition keys of the records
  MemoryCharge memory{};                                   ///< for the page and the answer that is made of it
};

class Streams {
 public:
  /// Loads every stream and opens its log; logs without a stream (a crash between the two) are removed. A stream whose
  /// log cannot be opened is there, but its records are not available. At start-up only: it blocks.
  /// The references outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<Streams>> open(Settings settings, catalog::Catalog& catalog,
                                                             framelog::FrameLogStore& logs, const Clock& clock,
                                                             Random& random);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  [[nodiscard]] const Settings& settings() const { return settings_; }

  // ---- what is there
  [[nodiscard]] std::optional<StreamView> find(std::string_view name) const;
  /// As find, but the error is AWS's: "Stream a under account 123456789012 not found."
  [[nodiscard]] Result<StreamView> get(std::string_view name) const;
  /// As get, and refuses (conflict) streams that are CREATING or DELETING.
  [[nodiscard]] Result<StreamView> get_settled(std::string_view name) const;
  /// In order of name, names greater than `after`, at most `limit`.
  [[nodiscard]] std::vector<StreamView> list(std::string_view after, std::size_t limit) const;
  /// Of provisioned streams: what counts towards the account's quota.
  [[nodiscard]] std::uint32_t open_shard_count() const;
  [[nodiscard]] std::uint32_t on_demand_stream_count() const;
  [[nodiscard]] AccountSettings& account() { return account_; }
  [[nodiscard]] CallRates& calls() { return calls_; }
  /// nullopt for streams that have none: provisioned ones, and all while the account has no commitment.
  [[nodiscard]] std::optional<WarmThroughput> warm_throughput(const StreamInfo& info) const;
  [[nodiscard]] std::string arn(std::string_view name) const;
  /// What was counted of every stream that is there, in order of name.
  [[nodiscard]] std::vector<StreamMetricsView> metrics() const;

  // ---- changes; each completes when it is durable
  struct Creation {
    std::string name;
    StreamMode mode = StreamMode::provisioned;
    std::uint32_t shard_count = 1;  ///< of a provisioned stream
    int warm_mibps = 0;             ///< of an on-demand stream
    int record_kib_max = 1024;
    std::map<std::string, std::string> tags{};
  };
  Task<Result<void>> create(Creation creation);
  /// Errors: conflict too when it has registered consumers and `with_consumers` is false.
  Task<Result<void>> remove(std::string name, bool with_consumers = false);
  Task<Result<void>> add_tags(std::string name, std::map<std::string, std::string> tags);
  Task<Result<void>> remove_tags(std::string name, std::vector<std::string> keys);
  Task<Result<void>> increase_retention(std::string name, int hours);
  Task<Result<void>> decrease_retention(std::string name, int hours);
  Task<Result<void>> set_record_size(std::string name, int kib_max);
  /// Enhanced monitoring: the shard-level metrics of `on` are shown from then on, those of `off` are not.
  Task<Result<ShardMetricChange>> set_shard_metrics(std::string name, ShardMetricSet on, ShardMetricSet off);

  // ---- encryption of what is put from now on; what was put before stays as it is, and is read in any case
  /// Under `key_id`, a name of the caller's. Once it completes, whatever is put later is encrypted.
  Task<Result<void>> start_encryption(std::string name, std::string key_id);
  Task<Result<void>> stop_encryption(std::string name);

  // ---- resharding, of provisioned streams only. Puts that come while the shards change wait for the new ones
  // (milliseconds).
  /// UNIFORM_SCALING.
  Task<Result<ScalingCounts>> scale(std::string name, std::uint32_t target);
  /// `new_starting_hash_key`: the first key of the upper child, in decimal.
  Task<Result<void>> split(std::string name, std::string shard_id, std::string new_starting_hash_key);
  /// `adjacent` follows `shard_id` in the order of hash keys.
  Task<Result<void>> merge(std::string name, std::string shard_id, std::string adjacent);

  // ---- capacity mode
  /// The shards stay, until traffic asks for others. `warm_mibps`: to on-demand only.
  Task<Result<void>> set_mode(std::string name, StreamMode mode, std::optional<int> warm_mibps);
  /// The capacity is there when it completes; what neither it nor the traffic of now needs is given back.
  Task<Result<WarmThroughput>> set_warm_throughput(std::string name, int mibps);
  /// Ends the measuring windows that are over, and splits and merges shards of on-demand streams as their traffic asks
  /// (on_demand.h). To be called every few seconds.
  Task<Result<void>> follow_traffic();

  // ---- records
  /// See put_records below. `call`: what the stream's metrics count it as.
  Task<Result<PutOutcomes>> put(std::string name, std::vector<PutEntry> entries, PutCall call = PutCall::put_records);
  /// The same; `records` and the bytes that they look at must outlive the task.
  Task<Result<PutReceipt>> put_views(std::string name, std::span<const PutView> records, PutCall call);
  /// Whether put would take these records now; throughput is not looked at. Errors: those of put as a whole.
  [[nodiscard]] Result<void> check_put(std::string_view name, std::span<const PutView> records) const;
  /// SequenceNumberForOrdering: it must be one that the stream could have given. (Order within a shard holds anyway.)
  [[nodiscard]] Result<void> check_ordering(std::string_view name, std::string_view sequence_number) const;
  Task<Result<ShardIterator>> make_iterator(std::string name, std::string shard_id, StartingPoint start);
  /// At most `limit` records and 10 MiB (Kinesis API Reference, GetRecords).
  Task<Result<RecordPage>> read(ShardIterator from, std::size_t limit);

  /// As read, but not counted by the shard's read limits: enhanced fan-out has throughput of its own.
  Task<Result<RecordPage>> read_page(ShardIterator from, PageBounds bounds, MemoryBudget* budget);
  /// As read, counted and limited like it; but the page's memory comes from `budget`.
  Task<Result<RecordPage>> read(ShardIterator from, PageBounds bounds, MemoryBudget* budget);
  /// Calls `on_append` after records of the shard became readable, until the watch is destroyed. On a storage thread:
  /// it must only post work. Errors: missing, unavailable.
  [[nodiscard]] Result<std::unique_ptr<framelog::Subscription>> watch_shard(std::string_view name, ShardIndex shard,
                                                                            std::function<void()> on_append) const;
  /// Rings `bell` after the stream changed (its shards, too) and when it goes, as long as the bell lives.
  /// Errors: missing.
  [[nodiscard]] Result<void> watch_changes(std::string_view name, std::weak_ptr<Bell> bell) const;
  /// Whether the shard that the iterator stands in is there to be read.
  [[nodiscard]] Result<void> check_read(const ShardIterator& from) const;

  // ---- enhanced fan-out
  [[nodiscard]] Consumers& consumers() { return *consumers_; }
  /// Deregisters it and ends its subscriptions.
  Task<Result<void>> remove_consumer(std::string name, std::string consumer);
  /// The consumer is registered (the caller has looked). Errors: as make_iterator's; conflict when the consumer
  /// subscribed to this shard less than Settings::takeover ago.
  Task<Result<std::unique_ptr<ShardSubscription>>> subscribe(std::string name, std::string consumer,
                                                             std::string shard_id, StartingPoint start);
  [[nodiscard]] const SubscriptionBook& subscriptions() const { return *subscriptions_; }

  // ---- iterators and page tokens as text that cannot be forged
  [[nodiscard]] std::string seal(const ShardIterator& iterator) const;
  [[nodiscard]] std::optional<ShardIterator> unseal(std::string_view text) const;
  [[nodiscard]] const TokenSealer& tokens() const { return *tokens_; }

  /// Frees what has expired: records past their retention, closed shards whose records are gone, deleted streams.
  /// To be called every few seconds; correctness of reads does not depend on it.
  Task<Result<void>> trim_expired(Timestamp now);

 private:
  using Change = std::function<Result<void>(StreamInfo&)>;
  using LivePtr = std::shared_ptr<LiveStream>;

  Streams(Settings settings, catalog::Catalog& catalog, framelog::FrameLogStore& logs, const Clock& clock,
          Random& random);
  Result<void> load_token_key();
  Result<void> load_streams();
  [[nodiscard]] LivePtr live(std::string_view name) const EXCLUDES(mutex_);
  [[nodiscard]] std::vector<LivePtr> all_live() const EXCLUDES(mutex_);
  [[nodiscard]] Result<LivePtr> live_or_error(std::string_view name) const;
  /// The stream's shard that an iterator may stand in; the error is AWS's.
  [[nodiscard]] Result<Shard> find_shard(std::string_view name, std::string_view shard_id, const LivePtr& stream) const;
  [[nodiscard]] KeyringParts keyring_parts() const;
  [[nodiscard]] LivePtr make_live(StreamInfo info, catalog::Version version,
                                  std::shared_ptr<framelog::FrameLog> log) const;
  Result<void> ensure_master_key();
  [[nodiscard]] Result<void> note_encryption_change(std::vector<Timestamp>& changes, const StreamInfo& info) const;
  void add_live(LivePtr stream) EXCLUDES(mutex_);
  void drop_live(const LivePtr& stream) EXCLUDES(mutex_);
  [[nodiscard]] Result<void> check_room_for(const Creation& creation) const;
  [[nodiscard]] Result<void> check_scaling(const StreamInfo& info, std::uint32_t target, Timestamp now) const;
  /// Applies `change` to what is committed, commits, and begins anew when somebody else was faster.
  Task<Result<void>> change(LivePtr stream, Change change);
  /// As change, and refuses unless the stream is ACTIVE; it shows UPDATING for a while afterwards.
  Task<Result<void>> change_active(std::string name, Change change);
  /// As change_active, with the gate closed. `check` is asked first, so that what will be refused holds up no put.
  Task<Result<void>> reshard(std::string name, Change check, Change change);
  [[nodiscard]] Result<void> check_one_more_shard() const;
  [[nodiscard]] std::unexpected<Error> shard_limit_exceeded(std::uint32_t open, std::uint32_t more) const;
  [[nodiscard]] Result<ShardIndex> find_open_shard(const StreamInfo& info, std::string_view shard_id) const;
  [[nodiscard]] Result<void> check_mode_switch(const StreamInfo& info, StreamMode mode, Timestamp now) const;
  [[nodiscard]] Result<void> check_warm_throughput(int mibps) const;
  [[nodiscard]] Result<void> check_on_demand_count() const;
  [[nodiscard]] std::uint32_t on_demand_shards_max() const;
  [[nodiscard]] std::uint32_t wanted_now(const StreamInfo& info) const;
  /// Notes the peak, and splits and merges as the rates ask; true when shards changed.
  [[nodiscard]] Result<bool> adapt_to(StreamInfo& info, const ShardRates& rates) const;
  Task<Result<void>> follow_traffic_of(LivePtr stream);
  [[nodiscard]] std::unexpected<Error> not_active(std::string_view name, StreamStatus status) const;
  Task<Result<PutReceipt>> put_inside_gate(LivePtr stream, std::span<const PutView> records, PutCounts& counts);
  /// A GetRecords that began at `began`.
  void note_read(LiveStream& stream, ShardIndex shard, const Result<RecordPage>& page, SteadyTime began) const;
  Task<Result<void>> purge(LivePtr stream);
  Task<Result<void>> trim_stream(LivePtr stream, Timestamp now);
  [[nodiscard]] std::unexpected<Error> rate_exceeded(std::string_view shard_id, std::string_view name) const;
  [[nodiscard]] std::unexpected<Error> not_found(std::string_view name) const;

  Settings settings_;
  catalog::Catalog& catalog_;
  StreamStore store_;
  AccountSettings account_;
  CallRates calls_;
  framelog::FrameLogStore& logs_;
  const Clock& clock_;
  Random& random_;
  std::unique_ptr<TokenSealer> tokens_;
  std::unique_ptr<BlockingLane> lane_;
  std::unique_ptr<Consumers> consumers_;
  std::unique_ptr<SubscriptionBook> subscriptions_;
  mutable Mutex mutex_;
  std::map<std::string, LivePtr, std::less<>> by_name_ GUARDED_BY(mutex_);
};

/// Puts records into a stream and completes when they are durable. Outcomes are in the order of the entries; each has
/// its own result (throttled and failed shards do not fail the others).
/// Errors of the whole call: missing (no such stream, or it is being made or deleted), invalid.
/// Bounds: 1 to kFrameRecordsMax entries, 15 MiB together.
Task<Result<PutOutcomes>> put_records(Streams& streams, std::string_view stream_name, std::vector<PutEntry> entries);

}  // namespace penstock::stream
