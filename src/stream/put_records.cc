#include <fmt/format.h>

#include <algorithm>

#include "stream/live_stream.h"
#include "stream/record_frame.h"
#include "stream/streams.h"

namespace penstock::stream {
namespace {

constexpr std::size_t kPutBytesMax = 15U << 20U;

/// The records of one put that go to one shard, or that the shard's limits keep out.
struct Group {
  const Shard* shard;
  std::size_t slot;  ///< of the shard among the open ones
  std::size_t records = 0;
  std::uint64_t bytes = 0;  ///< data and partition keys
  std::size_t frame_bytes = kFrameHeaderBytes;
  std::optional<Error> refusal{};  ///< over the shard's limit
};

FrameRecord frame_record(const PutView& record, HashKey key) {
  return {.partition_key = record.partition_key,
          .explicit_hash_key = record.explicit_hash_key ? std::optional(key) : std::nullopt,
          .data = record.data};
}

std::size_t payload_bytes(const PutView& record) { return record.partition_key.size() + record.data.size(); }

Result<HashKey> hash_key_of(const PutView& record) {
  if (!record.explicit_hash_key) return hash_partition_key(record.partition_key);
  const auto key = parse_hash_key(*record.explicit_hash_key);
  if (!key) {
    return fail(ErrorKind::invalid,
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                "Specified value was " +
                    std::string(*record.explicit_hash_key));
  }
  return *key;
}

Result<void> check(const StreamInfo& info, std::span<const PutView> records, std::string_view account) {
  if (records.empty() || records.size() > kFrameRecordsMax) return fail(ErrorKind::invalid, "record count");
  const auto record_bytes_max = static_cast<std::size_t>(info.record_kib_max) * 1024;
  std::size_t bytes = 0;
  for (const PutView& record : records) {
    if (record.partition_key.empty() || record.partition_key.size() > kPartitionKeyBytesMax) {
      return fail(ErrorKind::invalid, "A partition key must have 1 to 256 characters.");
    }
    const std::size_t record_bytes = payload_bytes(record);
    if (record_bytes > record_bytes_max) {
      return fail(
          ErrorKind::invalid,
          fmt::format("Record of {} bytes (data {}, partition key {}) is larger than the maximum record size of "
                      "stream {} under account {}, {} bytes.",
                      record_bytes, record.data.size(), record.partition_key.size(), info.name, account,
                      record_bytes_max));
    }
    bytes += record_bytes + kRecordHeaderBytes + kExplicitHashBytes;
  }
  if (bytes > kPutBytesMax) return fail(ErrorKind::invalid, "The records together are larger than 15 MiB.");
  return {};
}

/// Which group each record goes with. The records of a group stay in the order of the put.
class Plan {
 public:
  Plan(const StreamSnapshot& stream, std::size_t records) : stream_(stream) {
    group_of.reserve(records);
    keys.reserve(records);
    // A table of all open shards, unless the put is small beside it.
    if (stream.open.size() <= kSlotsForEachRecord * records) group_of_slot_.resize(stream.open.size(), kNone);
  }

  void add(const PutView& record, HashKey key, std::size_t slot) {
    const std::uint32_t number = group_at(slot);
    Group& group = groups[number];
    ++group.records;
    group.bytes += payload_bytes(record);
    group.frame_bytes += framed_size(frame_record(record, key));
    group_of.push_back(number);
    keys.push_back(key);
  }

  template <class MakeError>
  void refuse(HashKey key, std::size_t slot, MakeError&& why) {
    auto at = std::ranges::find_if(
        groups, [slot](const Group& group) { return group.slot == slot && group.refusal.has_value(); });
    if (at == groups.end())
      at = groups.insert(groups.end(), {.shard = stream_.open[slot], .slot = slot, .refusal = why()});
    ++at->records;
    group_of.push_back(static_cast<std::uint32_t>(at - groups.begin()));
    keys.push_back(key);
  }

  std::vector<Group> groups;
  std::vector<std::uint32_t> group_of;  ///< for each record
  std::vector<HashKey> keys;            ///< likewise

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::size_t kSlotsForEachRecord = 16;

  std::uint32_t group_at(std::size_t slot) {
    if (!group_of_slot_.empty()) {
      if (group_of_slot_[slot] == kNone) group_of_slot_[slot] = new_group(slot);
      return group_of_slot_[slot];
    }
    for (std::uint32_t i = 0; i < groups.size(); ++i) {  // few records: few groups
      if (groups[i].slot == slot && !groups[i].refusal) return i;
    }
    return new_group(slot);
  }
  std::uint32_t new_group(std::size_t slot) {
    groups.push_back({.shard = stream_.open[slot], .slot = slot});
    return static_cast<std::uint32_t>(groups.size() - 1);
  }

  const StreamSnapshot& stream_;
  std::vector<std::uint32_t> group_of_slot_;  ///< or empty
};

void note_traffic(const std::vector<Group>& groups, ShardTraffic& traffic) {
  std::vector<ShardTraffic::Arrivals> arrivals;
  arrivals.reserve(groups.size());
  for (const Group& group : groups) {
    if (group.refusal) continue;
    arrivals.push_back({.shard = group.shard->index, .bytes = group.bytes, .records = group.records});
  }
  if (!arrivals.empty()) traffic.note(arrivals);
}

void count_group(const Group& group, bool appended, const ShardMetricsTable* shards, PutCounts& counts) {
  ShardMetrics* shard = shards == nullptr ? nullptr : shards->find(group.shard->index);
  if (group.refusal) {
    counts.throttled += group.records;
    if (shard != nullptr) shard->write_throttled.add(group.records);
    return;
  }
  if (!appended) {
    counts.failed += group.records;
    return;
  }
  counts.bytes += group.bytes;
  counts.succeeded += group.records;
  if (shard == nullptr) return;
  shard->incoming_bytes.add(group.bytes);
  shard->incoming_records.add(group.records);
}

/// One frame for each group that is not refused, in the order of the groups.
std::vector<std::string> make_frames(const Plan& plan, std::span<const PutView> records) {
  std::vector<RecordFrameWriter> writers;
  std::vector<std::size_t> writer_of(plan.groups.size());
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    writer_of[g] = writers.size();
    if (!plan.groups[g].refusal) writers.emplace_back(plan.groups[g].records, plan.groups[g].frame_bytes);
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::uint32_t group = plan.group_of[i];
    if (!plan.groups[group].refusal) writers[writer_of[group]].add(frame_record(records[i], plan.keys[i]));
  }
  std::vector<std::string> frames;
  frames.reserve(writers.size());
  for (RecordFrameWriter& writer : writers) frames.push_back(writer.take());
  return frames;
}

/// `key` is null when the stream is not encrypted.
Task<std::vector<Result<framelog::Appended>>> append_all(std::shared_ptr<framelog::FrameLog> log,
                                                         const std::vector<Group>& groups,
                                                         std::vector<std::string> frames, Keyring::KeyPtr key) {
  std::vector<Task<Result<framelog::Appended>>> tasks;
  tasks.reserve(frames.size());
  for (const Group& group : groups) {
    if (group.refusal) continue;
    std::string& frame = frames[tasks.size()];
    if (key) frame = key->encrypt(group.shard->index, frame);
    tasks.push_back(log->append(group.shard->index, std::move(frame)));
  }
  if (tasks.size() != 1) co_return co_await when_all(std::move(tasks));
  std::vector<Result<framelog::Appended>> appended;
  appended.push_back(co_await std::move(tasks.front()));
  co_return appended;
}

PutReceipt make_receipt(Plan& plan, const std::vector<Result<framelog::Appended>>& appended, bool encrypted,
                        const ShardMetricsTable* shards, PutCounts& counts) {
  PutReceipt receipt{.groups = {}, .group_of = std::move(plan.group_of), .encrypted = encrypted && !appended.empty()};
  receipt.groups.reserve(plan.groups.size());
  std::size_t next = 0;
  for (Group& group : plan.groups) {
    Result<framelog::Appended> outcome = group.refusal ? std::unexpected(*std::move(group.refusal)) : appended[next++];
    receipt.groups.push_back(
        {.shard = group.shard->index, .shard_created = group.shard->created, .appended = std::move(outcome)});
    count_group(group, receipt.groups.back().appended.has_value(), shards, counts);
  }
  return receipt;
}

PutOutcomes outcomes_of(const PutReceipt& receipt) {
  PutOutcomes outcomes;
  outcomes.reserve(receipt.group_of.size());
  for (ReceiptReader reader(receipt); reader.more();) {
    reader.next();
    const PutReceipt::Group& group = receipt.groups[reader.group()];
    if (!reader.is_stored()) {
      outcomes.emplace_back(std::unexpected(group.appended.error()));
      continue;
    }
    outcomes.emplace_back(PutOutcome{.shard_id = format_shard_id(group.shard),
                                     .sequence_number = std::string(reader.sequence_number()),
                                     .encrypted = receipt.encrypted});
  }
  return outcomes;
}

std::vector<PutView> views_of(const std::vector<PutEntry>& entries) {
  std::vector<PutView> views;
  views.reserve(entries.size());
  for (const PutEntry& entry : entries) {
    views.push_back({.partition_key = entry.partition_key, .data = entry.data});
    if (entry.explicit_hash_key) views.back().explicit_hash_key = *entry.explicit_hash_key;
  }
  return views;
}

}  // namespace

Task<Result<PutReceipt>> Streams::put_inside_gate(LivePtr stream, std::span<const PutView> records, PutCounts& counts) {
  const auto snapshot = stream->snapshot();
  const StreamInfo& info = snapshot->info;
  const StreamStatus status = info.status(clock_.now());
  if (status == StreamStatus::creating || status == StreamStatus::deleting) co_return not_found(info.name);
  PENSTOCK_CO_TRY_VOID(check(info, records, settings_.account));
  PENSTOCK_CO_TRY(const auto log, stream->log());

  Plan plan(*snapshot, records.size());
  const bool limited = stream->limits().limits_writes();
  for (const PutView& record : records) {
    PENSTOCK_CO_TRY(const HashKey key, hash_key_of(record));
    const std::size_t slot = snapshot->route(key);
    const ShardIndex shard = snapshot->open[slot]->index;
    if (limited && !stream->limits().take_write(shard, payload_bytes(record), clock_.steady())) {
      plan.refuse(key, slot, [&] { return rate_exceeded(format_shard_id(shard), info.name).error(); });
    } else {
      plan.add(record, key, slot);
    }
  }
  if (info.mode == StreamMode::on_demand) note_traffic(plan.groups, stream->traffic());
  const bool some = std::ranges::any_of(plan.groups, [](const Group& group) { return !group.refusal; });
  Keyring::KeyPtr key;
  std::vector<Result<framelog::Appended>> appended;
  if (some) {
    Keyring& keys = stream->keyring();
    if (info.is_encrypted()) {
      key = keys.current_at_hand(info.encryption_key_id);
      if (!key) {
        PENSTOCK_CO_TRY(key, co_await keys.current(info.encryption_key_id, info.trim_horizon(clock_.now())));
      }
    } else if (keys.is_taken()) {
      co_await keys.pass();  // puts that came before wait for a key
    }
    appended = co_await append_all(log, plan.groups, make_frames(plan, records), key);
  }
  co_return make_receipt(plan, appended, key != nullptr, snapshot->shard_metrics.get(), counts);
}

Task<Result<PutReceipt>> Streams::put_views(std::string name, std::span<const PutView> records, PutCall call) {
  const SteadyTime began = clock_.steady();
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  co_await stream->enter_put();
  PutCounts counts;
  auto receipt = co_await put_inside_gate(stream, records, counts);
  stream->leave_put();
  stream->metrics().note_put(call, counts, records.size(), clock_.steady() - began);
  co_return receipt;
}

Task<Result<PutOutcomes>> Streams::put(std::string name, std::vector<PutEntry> entries, PutCall call) {
  const std::vector<PutView> views = views_of(entries);
  PENSTOCK_CO_TRY(const PutReceipt receipt, co_await put_views(std::move(name), views, call));
  co_return outcomes_of(receipt);
}

Result<void> Streams::check_put(std::string_view name, std::span<const PutView> records) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  const auto info = stream->info();
  const StreamStatus status = info->status(clock_.now());
  if (status == StreamStatus::creating || status == StreamStatus::deleting) return not_found(name);
  PENSTOCK_TRY_VOID(check(*info, records, settings_.account));
  for (const PutView& record : records) PENSTOCK_TRY_VOID(hash_key_of(record));
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
