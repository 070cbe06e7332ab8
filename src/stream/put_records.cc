#include <fmt/format.h>

#include <algorithm>

#include "stream/live_stream.h"
#include "stream/record_frame.h"
#include "stream/streams.h"

namespace penstock::stream {
namespace {

constexpr std::size_t kPutBytesMax = 15U << 20U;

/// The records of one put that go to one shard.
struct Group {
  const Shard* shard;
  std::vector<FrameRecord> records;
  std::vector<std::size_t> entries;  ///< where each record stands in the put

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (const FrameRecord& record : records) bytes += record.partition_key.size() + record.data.size();
    return bytes;
  }
};

Result<HashKey> hash_key_of(const PutEntry& entry) {
  if (!entry.explicit_hash_key) return hash_partition_key(entry.partition_key);
  const auto key = parse_hash_key(*entry.explicit_hash_key);
  if (!key) {
    return fail(ErrorKind::invalid,
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                "Specified value was " +
                    *entry.explicit_hash_key);
  }
  return *key;
}

Result<void> check(const StreamInfo& info, const std::vector<PutEntry>& entries, std::string_view account) {
  if (entries.empty() || entries.size() > kFrameRecordsMax) return fail(ErrorKind::invalid, "record count");
  const auto record_bytes_max = static_cast<std::size_t>(info.record_kib_max) * 1024;
  std::size_t bytes = 0;
  for (const PutEntry& entry : entries) {
    if (entry.partition_key.empty() || entry.partition_key.size() > kPartitionKeyBytesMax) {
      return fail(ErrorKind::invalid, "A partition key must have 1 to 256 characters.");
    }
    const std::size_t record_bytes = entry.partition_key.size() + entry.data.size();
    if (record_bytes > record_bytes_max) {
      return fail(
          ErrorKind::invalid,
          fmt::format("Record of {} bytes (data {}, partition key {}) is larger than the maximum record size of "
                      "stream {} under account {}, {} bytes.",
                      record_bytes, entry.data.size(), entry.partition_key.size(), info.name, account,
                      record_bytes_max));
    }
    bytes += record_bytes + kRecordHeaderBytes + kExplicitHashBytes;
  }
  if (bytes > kPutBytesMax) return fail(ErrorKind::invalid, "The records together are larger than 15 MiB.");
  return {};
}

/// Routes entries to shards; the records of each shard stay in the order of the entries.
class Grouping {
 public:
  explicit Grouping(const StreamSnapshot& stream, std::size_t entries) : stream_(stream) { routed_.reserve(entries); }

  [[nodiscard]] const Shard& shard_at(std::size_t slot) const { return *stream_.open[slot]; }
  void add(std::size_t entry, std::size_t slot, const FrameRecord& record) {
    routed_.push_back({.slot = slot, .entry = entry, .record = record});
  }
  [[nodiscard]] std::vector<Group> groups() {
    std::ranges::sort(routed_, {}, [](const Routed& routed) { return std::pair(routed.slot, routed.entry); });
    std::vector<Group> groups;
    for (std::size_t i = 0; i < routed_.size(); ++i) {
      if (i == 0 || routed_[i].slot != routed_[i - 1].slot) {
        groups.push_back({.shard = stream_.open[routed_[i].slot], .records = {}, .entries = {}});
      }
      groups.back().records.push_back(routed_[i].record);
      groups.back().entries.push_back(routed_[i].entry);
    }
    return groups;
  }

 private:
  struct Routed {
    std::size_t slot;  ///< in the snapshot's open shards
    std::size_t entry;
    FrameRecord record;
  };
  const StreamSnapshot& stream_;
  std::vector<Routed> routed_;
};

void note_outcome(const Group& group, const Result<framelog::Appended>& appended, bool encrypted,
                  PutOutcomes& outcomes) {
  if (!appended) {
    for (const std::size_t entry : group.entries) outcomes[entry] = std::unexpected(appended.error());
    return;
  }
  const std::string shard_id = format_shard_id(group.shard->index);
  SequenceWriter numbers(
      {.shard_created = group.shard->created, .shard = group.shard->index, .position = appended->position, .index = 0});
  for (const std::size_t entry : group.entries) {
    outcomes[entry]->shard_id = shard_id;
    outcomes[entry]->sequence_number = numbers.next();
    outcomes[entry]->encrypted = encrypted;
  }
}

void note_traffic(const std::vector<Group>& groups, ShardTraffic& traffic) {
  std::vector<ShardTraffic::Arrivals> arrivals;
  arrivals.reserve(groups.size());
  for (const Group& group : groups) {
    arrivals.push_back({.shard = group.shard->index, .bytes = group.bytes(), .records = group.records.size()});
  }
  traffic.note(arrivals);
}

void count_group(const Group& group, bool appended, const ShardMetricsTable* shards, PutCounts& counts) {
  if (!appended) {
    counts.failed += group.records.size();
    return;
  }
  const std::uint64_t bytes = group.bytes();
  counts.bytes += bytes;
  counts.succeeded += group.records.size();
  ShardMetrics* shard = shards == nullptr ? nullptr : shards->find(group.shard->index);
  if (shard == nullptr) return;
  shard->incoming_bytes.add(bytes);
  shard->incoming_records.add(group.records.size());
}

void count_throttled(ShardIndex shard, const ShardMetricsTable* shards, PutCounts& counts) {
  ++counts.throttled;
  if (ShardMetrics* of_shard = shards == nullptr ? nullptr : shards->find(shard)) of_shard->write_throttled.add();
}

/// `key` is null when the stream is not encrypted.
std::string make_frame(const Group& group, const Keyring::KeyPtr& key) {
  std::string frame = encode_record_frame(group.records);
  return key ? key->encrypt(group.shard->index, frame) : frame;
}

Task<std::vector<Result<framelog::Appended>>> append_all(std::shared_ptr<framelog::FrameLog> log,
                                                         const std::vector<Group>& groups, Keyring::KeyPtr key) {
  std::vector<Result<framelog::Appended>> appended;
  if (groups.size() == 1) {
    appended.push_back(co_await log->append(groups[0].shard->index, make_frame(groups[0], key)));
    co_return appended;
  }
  std::vector<Task<Result<framelog::Appended>>> tasks;
  tasks.reserve(groups.size());
  for (const Group& group : groups) {
    tasks.push_back(log->append(group.shard->index, make_frame(group, key)));
  }
  co_return co_await when_all(std::move(tasks));
}

}  // namespace

Task<Result<PutOutcomes>> Streams::put_inside_gate(LivePtr stream, const std::vector<PutEntry>& entries,
                                                   PutCounts& counts) {
  const auto snapshot = stream->snapshot();
  const StreamInfo& info = snapshot->info;
  const StreamStatus status = info.status(clock_.now());
  if (status == StreamStatus::creating || status == StreamStatus::deleting) co_return not_found(info.name);
  PENSTOCK_CO_TRY_VOID(check(info, entries, settings_.account));
  PENSTOCK_CO_TRY(const auto log, stream->log());

  PutOutcomes outcomes(entries.size());
  Grouping grouping(*snapshot, entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PutEntry& entry = entries[i];
    PENSTOCK_CO_TRY(const HashKey key, hash_key_of(entry));
    const std::size_t slot = snapshot->route(key);
    if (stream->limits().limits_writes()) {
      const ShardIndex shard = grouping.shard_at(slot).index;
      if (!stream->limits().take_write(shard, entry.partition_key.size() + entry.data.size(), clock_.steady())) {
        outcomes[i] = rate_exceeded(format_shard_id(shard), info.name);
        count_throttled(shard, snapshot->shard_metrics.get(), counts);
        continue;
      }
    }
    grouping.add(i, slot,
                 {.partition_key = entry.partition_key,
                  .explicit_hash_key = entry.explicit_hash_key ? std::optional(key) : std::nullopt,
                  .data = entry.data});
  }
  const std::vector<Group> groups = grouping.groups();
  if (groups.empty()) co_return outcomes;
  if (info.mode == StreamMode::on_demand) note_traffic(groups, stream->traffic());
  Keyring& keys = stream->keyring();
  Keyring::KeyPtr key;
  if (info.is_encrypted()) {
    key = keys.current_at_hand(info.encryption_key_id);
    if (!key) {
      PENSTOCK_CO_TRY(key, co_await keys.current(info.encryption_key_id, info.trim_horizon(clock_.now())));
    }
  } else if (keys.is_taken()) {
    co_await keys.pass();  // puts that came before wait for a key
  }
  const auto appended = co_await append_all(log, groups, key);
  for (std::size_t g = 0; g < appended.size(); ++g) {
    note_outcome(groups[g], appended[g], key != nullptr, outcomes);
    count_group(groups[g], appended[g].has_value(), snapshot->shard_metrics.get(), counts);
  }
  co_return outcomes;
}

Task<Result<PutOutcomes>> Streams::put(std::string name, std::vector<PutEntry> entries, PutCall call) {
  const SteadyTime began = clock_.steady();
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  co_await stream->enter_put();
  PutCounts counts;
  auto outcomes = co_await put_inside_gate(stream, entries, counts);
  stream->leave_put();
  stream->metrics().note_put(call, counts, entries.size(), clock_.steady() - began);
  co_return outcomes;
}

Result<void> Streams::check_put(std::string_view name, const std::vector<PutEntry>& entries) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  const auto info = stream->info();
  const StreamStatus status = info->status(clock_.now());
  if (status == StreamStatus::creating || status == StreamStatus::deleting) return not_found(name);
  PENSTOCK_TRY_VOID(check(*info, entries, settings_.account));
  for (const PutEntry& entry : entries) PENSTOCK_TRY_VOID(hash_key_of(entry));
  return {};
}

Result<void> Streams::check_ordering(std::string_view name, std::string_view sequence_number) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  PENSTOCK_TRY(const auto log, stream->log());
  const auto number = parse_sequence_number(sequence_number);
  const bool given = number.has_value() && number->shard_created <= clock_.now() &&
                     number->shard.get() < stream->info()->next_shard_index &&
                     number->position <= log->tip(number->shard);
  if (given) return {};
  return fail(
      ErrorKind::invalid,
      fmt::format("ExclusiveMinimumSequenceNumber {} used in PutRecord on stream {} under account {} is invalid.",
                  sequence_number, name, settings_.account));
}

Task<Result<PutOutcomes>> put_records(Streams& streams, std::string_view stream_name, std::vector<PutEntry> entries) {
  return streams.put(std::string(stream_name), std::move(entries));
}

}  // namespace penstock::stream
