#include <fmt/format.h>

#include "stream/live_stream.h"
#include "stream/record_frame.h"
#include "stream/streams.h"

namespace penstock::stream {
namespace {

constexpr std::size_t kPutBytesMax = 15U << 20U;
constexpr std::size_t kNoGroup = SIZE_MAX;

/// The records of one put that go to one shard.
struct Group {
  const Shard* shard;
  std::vector<FrameRecord> records;
  std::vector<std::size_t> entries;  ///< where each record stands in the put
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

Result<void> check(const StreamInfo& info, const std::vector<PutEntry>& entries) {
  if (entries.empty() || entries.size() > kFrameRecordsMax) return fail(ErrorKind::invalid, "record count");
  const auto record_bytes_max = static_cast<std::size_t>(info.record_kib_max) * 1024;
  std::size_t bytes = 0;
  for (const PutEntry& entry : entries) {
    if (entry.partition_key.empty() || entry.partition_key.size() > kPartitionKeyBytesMax) {
      return fail(ErrorKind::invalid, "A partition key must have 1 to 256 characters.");
    }
    const std::size_t record_bytes = entry.partition_key.size() + entry.data.size();
    if (entry.data.size() > record_bytes_max) {
      return fail(ErrorKind::invalid, fmt::format("Record data of {} bytes is larger than the maximum record size of "
                                                  "stream {}, {} bytes.",
                                                  entry.data.size(), info.name, record_bytes_max));
    }
    bytes += record_bytes + kRecordHeaderBytes + kExplicitHashBytes;
  }
  if (bytes > kPutBytesMax) return fail(ErrorKind::invalid, "The records together are larger than 15 MiB.");
  return {};
}

class Grouping {
 public:
  explicit Grouping(const StreamSnapshot& stream) : stream_(stream), group_of_(stream.open.size(), kNoGroup) {}

  void add(std::size_t entry, HashKey key, const FrameRecord& record) {
    std::size_t& group = group_of_[stream_.route(key)];
    if (group == kNoGroup) {
      group = groups_.size();
      groups_.push_back({.shard = stream_.open[stream_.route(key)], .records = {}, .entries = {}});
    }
    groups_[group].records.push_back(record);
    groups_[group].entries.push_back(entry);
  }
  [[nodiscard]] const Shard& shard_of(HashKey key) const { return *stream_.open[stream_.route(key)]; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

 private:
  const StreamSnapshot& stream_;
  std::vector<std::size_t> group_of_;
  std::vector<Group> groups_;
};

void note_outcome(const Group& group, const Result<framelog::Appended>& appended, PutOutcomes& outcomes) {
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
  }
}

Task<std::vector<Result<framelog::Appended>>> append_all(std::shared_ptr<framelog::FrameLog> log,
                                                         const std::vector<Group>& groups) {
  std::vector<Result<framelog::Appended>> appended;
  if (groups.size() == 1) {
    appended.push_back(co_await log->append(groups[0].shard->index, encode_record_frame(groups[0].records)));
    co_return appended;
  }
  std::vector<Task<Result<framelog::Appended>>> tasks;
  tasks.reserve(groups.size());
  for (const Group& group : groups) {
    tasks.push_back(log->append(group.shard->index, encode_record_frame(group.records)));
  }
  co_return co_await when_all(std::move(tasks));
}

}  // namespace

Task<Result<PutOutcomes>> Streams::put_inside_gate(LivePtr stream, const std::vector<PutEntry>& entries) {
  const auto snapshot = stream->snapshot();
  const StreamInfo& info = snapshot->info;
  const StreamStatus status = info.status(clock_.now());
  if (status == StreamStatus::creating || status == StreamStatus::deleting) co_return not_found(info.name);
  PENSTOCK_CO_TRY_VOID(check(info, entries));
  PENSTOCK_CO_TRY(const auto log, stream->log());

  PutOutcomes outcomes(entries.size());
  Grouping grouping(*snapshot);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PutEntry& entry = entries[i];
    PENSTOCK_CO_TRY(const HashKey key, hash_key_of(entry));
    if (settings_.enforce_shard_limits) {
      const ShardIndex shard = grouping.shard_of(key).index;
      if (!stream->limits().take_write(shard, entry.partition_key.size() + entry.data.size(), clock_.steady())) {
        outcomes[i] =
            fail(ErrorKind::throttled, fmt::format("Rate exceeded for shard {} in stream {} under account {}.",
                                                   format_shard_id(shard), info.name, settings_.account));
        continue;
      }
    }
    grouping.add(i, key,
                 {.partition_key = entry.partition_key,
                  .explicit_hash_key = entry.explicit_hash_key ? std::optional(key) : std::nullopt,
                  .data = entry.data});
  }
  if (grouping.groups().empty()) co_return outcomes;
  const auto appended = co_await append_all(log, grouping.groups());
  for (std::size_t g = 0; g < appended.size(); ++g) note_outcome(grouping.groups()[g], appended[g], outcomes);
  co_return outcomes;
}

Task<Result<PutOutcomes>> Streams::put(std::string name, std::vector<PutEntry> entries) {
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  co_await stream->enter_put();
  auto outcomes = co_await put_inside_gate(stream, entries);
  stream->leave_put();
  co_return outcomes;
}

Result<void> Streams::check_ordering(std::string_view name, std::string_view sequence_number) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  PENSTOCK_TRY(const auto log, stream->log());
  const auto number = parse_sequence_number(sequence_number);
  const bool given = number.has_value() && number->shard_created <= clock_.now() &&
                     number->shard.get() < stream->info()->next_shard_index &&
                     number->position <= log->extent(number->shard).last;
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
