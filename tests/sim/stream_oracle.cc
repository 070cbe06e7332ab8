#include "stream_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace penstock::sim {

using stream::StreamInfo;
using State = ModelRecord::State;
using Kind = StreamChange::Kind;

namespace {

[[noreturn]] void violated(std::string what) { throw Violation{std::move(what)}; }

std::vector<stream::Shard> open_shards(const StreamInfo& info) {
  std::vector<stream::Shard> open;
  std::ranges::copy_if(info.shards, std::back_inserter(open), &stream::Shard::is_open);
  std::ranges::sort(open, {}, [](const stream::Shard& shard) { return shard.range.first; });
  return open;
}

/// Open shards cover the whole range once; children are later than their parents.
void check_shards(const StreamInfo& info) {
  stream::HashKey next = 0;
  const auto open = open_shards(info);
  for (const auto& shard : open) {
    if (shard.range.first != next) violated(info.name + ": the open shards do not cover the range once");
    next = shard.range.last + 1;
  }
  if (open.empty() || next != 0) violated(info.name + ": the open shards do not reach the range's end");
  for (const auto& shard : info.shards) {
    for (const auto& index : {shard.parent, shard.adjacent_parent}) {
      const auto* parent = index ? info.shard(*index) : nullptr;
      if (parent == nullptr) continue;
      if (parent->is_open() || parent->created >= shard.created || parent->index >= shard.index) {
        violated(info.name + ": a parent is open, or not older than its child");
      }
    }
  }
}

/// Closed shards may have expired; everything else is as it was.
bool is_same(const std::optional<StreamInfo>& before, const std::optional<StreamInfo>& found) {
  if (!before || !found) return before.has_value() == found.has_value();
  return before->uid == found->uid && before->retention_hours == found->retention_hours &&
         before->encryption_key_id == found->encryption_key_id && before->next_shard_index == found->next_shard_index &&
         open_shards(*before) == open_shards(*found);
}

bool took_place(const StreamChange& change, const std::optional<StreamInfo>& before,
                const std::optional<StreamInfo>& found) {
  if (change.kind == Kind::remove) return !found.has_value();
  if (!found) return false;
  if (change.kind == Kind::create) return !before.has_value() && open_shards(*found).size() == change.count;
  if (!before || before->uid != found->uid) return false;
  StreamInfo expected = *before;
  const std::uint32_t more = found->next_shard_index - before->next_shard_index;
  switch (change.kind) {
    case Kind::split: return more == 2 && found->open_shard_count() == before->open_shard_count() + 1;
    case Kind::merge: return more == 1 && found->open_shard_count() == before->open_shard_count() - 1;
    case Kind::scale: return found->open_shard_count() == change.count;
    case Kind::retention: expected.retention_hours = change.hours; break;
    case Kind::encryption: expected.encryption_key_id = change.text; break;
    default: break;
  }
  return is_same(expected, found);
}

std::set<std::string> after_change(const StreamChange& change, std::set<std::string> consumers) {
  if (change.kind == Kind::remove || change.kind == Kind::create) consumers.clear();
  if (change.kind == Kind::add_consumer) consumers.insert(change.text);
  if (change.kind == Kind::drop_consumer) consumers.erase(change.text);
  return consumers;
}

}  // namespace

std::size_t StreamOracle::add_record(std::string uid, std::string key, std::string filler, Timestamp now) {
  const std::size_t number = records_.size();
  ModelRecord record;
  record.uid = std::move(uid);
  record.key = std::move(key);
  record.data = fmt::format("{}:", number) + filler;
  record.number = number;
  record.arrival = now;
  records_.push_back(std::move(record));
  under_way_.insert(number);
  return number;
}

void StreamOracle::note_time(Timestamp now) {
  for (const std::size_t number : under_way_) {
    ModelRecord& record = records_[number];
    if (!record.seen) record.arrival = std::min(record.arrival, now);
  }
  for (const auto& [name, model] : models_) {
    if (!model.info) continue;
    Timestamp& before = expired_before_[model.info->uid];
    before = std::max(before, now - std::chrono::hours(model.info->retention_hours));
    const bool may_shrink = model.change && model.change->kind == Kind::retention;
    if (may_shrink) before = std::max(before, now - std::chrono::hours(model.change->hours));
  }
}

void StreamOracle::note_end(const std::string& uid, const ShardReading& reading) {
  std::string& last = ends_[std::pair(uid, reading.shard_id)];
  if (!reading.records.empty()) last = std::max(last, reading.records.back().sequence_number.str());
}

void StreamOracle::check_end(const ModelRecord& record) const {
  const auto end = ends_.find(std::pair(record.uid, record.shard));
  // An empty reading tells nothing of where it ended: what was there had expired, or there was nothing.
  if (end == ends_.end() || end->second.empty() || record.sequence <= end->second) return;
  violated(fmt::format("record {} lies behind the end of its closed shard, which somebody had reached", record.number));
}

bool StreamOracle::may_have_expired(std::size_t number) const {
  const auto before = expired_before_.find(records_[number].uid);
  return before != expired_before_.end() && records_[number].arrival < before->second;
}

void StreamOracle::end_put(std::size_t number, const Result<stream::PutOutcome>& outcome, Timestamp now) {
  ModelRecord& record = records_[number];
  under_way_.erase(number);
  if (!record.seen) record.arrival = std::min(record.arrival, now);
  if (!outcome.has_value()) {
    const bool is_unknown = outcome.error().kind == ErrorKind::outcome_unknown;
    if (record.seen && !is_unknown) violated(fmt::format("record {}: was refused, yet was read", number));
    record.state = is_unknown ? (record.seen ? State::acked : State::unknown) : State::never;
    if (outcome.error().kind == ErrorKind::corrupt) violated("put: " + outcome.error().message);
    return;
  }
  if (record.seen && (record.sequence != outcome->sequence_number || record.shard != outcome->shard_id)) {
    violated(fmt::format("record {}: was read with another sequence number than it was acknowledged with", number));
  }
  record.state = State::acked;
  record.shard = outcome->shard_id;
  record.sequence = outcome->sequence_number;
  record.encrypted = outcome->encrypted;
  check_end(record);
}

void StreamOracle::end_change(const std::string& name, const Result<void>& result,
                              const std::optional<StreamInfo>& found, const std::set<std::string>& consumers) {
  StreamModel& model = models_[name];
  StreamChange& change = *model.change;
  if (change.kind == Kind::encryption) ++model.encryption_epoch;
  if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) {
    change.is_unknown = true;
    return;
  }
  const auto expected = result.has_value() ? after_change(change, model.consumers) : model.consumers;
  if (result.has_value() && !took_place(change, model.info, found)) {
    violated(fmt::format("{}: a change of kind {} was acknowledged, but does not show", name, int(change.kind)));
  }
  if (!result.has_value() && !is_same(model.info, found)) {
    violated(fmt::format("{}: a change of kind {} was refused ({}), but shows", name, int(change.kind),
                         result.error().message));
  }
  if (found && consumers != expected) violated(name + ": its consumers are not what was acknowledged");
  if (found) check_shards(*found);
  model.info = found;
  model.consumers = expected;
  model.change.reset();
}

void StreamOracle::settle_stream(const std::string& name, const std::optional<StreamInfo>& found,
                                 const std::set<std::string>& consumers) {
  StreamModel& model = models_[name];
  const bool same = is_same(model.info, found);
  const bool changed = model.change && took_place(*model.change, model.info, found);
  if (!same && !changed) {
    violated(fmt::format("after a start, {} is neither what was acknowledged nor what was asked for last", name));
  }
  if (found) {
    check_shards(*found);
    const bool both = model.change && consumers == after_change(*model.change, model.consumers);
    if (consumers != model.consumers && !both) violated(name + ": its consumers are not what was acknowledged");
  }
  if (model.change && model.change->kind == Kind::encryption) ++model.encryption_epoch;
  model.info = found;
  model.consumers = found ? consumers : std::set<std::string>{};
  model.change.reset();
}

void StreamOracle::check_record(const StreamInfo& info, const std::string& shard_id, const stream::ReadRecord& read,
                                std::set<std::size_t>& found, Timestamp horizon) {
  std::size_t number = records_.size();
  std::from_chars(read.data.data(), read.data.data() + read.data.size(), number);
  if (number >= records_.size() || records_[number].data != read.data || records_[number].key != read.partition_key) {
    violated(fmt::format("{} {}: a record from nowhere, or changed", info.name, shard_id));
  }
  ModelRecord& record = records_[number];
  if (record.uid != info.uid) violated(fmt::format("{}: record {} is another stream's", info.name, number));
  if (!found.insert(number).second) violated(fmt::format("record {} is there twice", number));
  if (record.state == State::never)
    violated(fmt::format("record {}: was refused or lost before, yet is there", number));
  if (read.arrival < horizon) violated(fmt::format("record {} was given although its retention is over", number));
  if (record.state == State::acked || record.seen) {
    if (record.shard != shard_id || record.sequence != read.sequence_number.str()) {
      violated(fmt::format("record {}: {} in {} is not what was acknowledged ({} in {})", number,
                           read.sequence_number.str(), shard_id, record.sequence, record.shard));
    }
    if (record.seen && record.arrival != read.arrival) violated(fmt::format("record {}: its time changed", number));
    if (record.encrypted != read.encrypted) violated(fmt::format("record {}: its encryption changed", number));
  }
  if (!record.seen && read.arrival < record.arrival) {
    violated(fmt::format("record {} arrived before it was put", number));
  }
  record.seen = true;
  record.arrival = read.arrival;
  record.shard = shard_id;
  record.sequence = read.sequence_number.str();
  record.encrypted = read.encrypted;
  // A record of unknown outcome may appear with the next start, also behind an end that was reached before.
  if (record.state == State::unknown) {
    ends_.erase(std::pair(record.uid, record.shard));
  } else {
    check_end(record);
  }
}

void StreamOracle::check_reading(const StreamInfo& info, const std::vector<ShardReading>& shards, Timestamp horizon,
                                 bool after_start, bool is_whole) {
  std::set<std::size_t> found;
  std::map<std::string, std::size_t> last_of_key;  // over all shards: parents have smaller ids than their children
  for (const ShardReading& shard : shards) {
    std::string last_sequence;
    for (const stream::ReadRecord& read : shard.records) {
      if (read.sequence_number.str() <= last_sequence) violated(info.name + ": sequence numbers do not grow");
      last_sequence = read.sequence_number.str();
      check_record(info, shard.shard_id, read, found, horizon);
      std::size_t number = 0;
      std::from_chars(read.data.data(), read.data.data() + read.data.size(), number);
      const auto [last, is_first] = last_of_key.try_emplace(std::string(read.partition_key), number);
      if (!is_first && number < last->second) {
        violated(fmt::format("{}: record {} comes behind {}, which was put later", info.name, number, last->second));
      }
      last->second = number;
    }
  }
  check_missing(info, found, after_start, is_whole);
}

void StreamOracle::check_missing(const StreamInfo& info, const std::set<std::size_t>& found, bool after_start,
                                 bool is_whole) {
  const Timestamp expired_before = expired_before_[info.uid];
  for (ModelRecord& record : records_) {
    if (record.uid != info.uid) continue;
    const bool is_there = found.contains(record.number);
    const bool must_be_there = record.state == State::acked || record.seen;
    if (must_be_there && !is_there && is_whole && record.arrival >= expired_before) {
      violated(fmt::format(
          "{}: record {} of {} ({}) was {}, yet is missing; it arrived at {}, what arrived before {} may be gone",
          info.name, record.number, record.shard, record.sequence, record.seen ? "read" : "acknowledged",
          to_unix_ms(record.arrival), to_unix_ms(expired_before)));
    }
    if (!after_start) continue;
    if (is_there) record.state = State::acked;
    // What a start did not find must never appear later (what has expired may, if the clock goes back).
    if (!is_there && is_whole && record.state == State::unknown && record.arrival >= expired_before) {
      record.state = State::never;
    }
  }
}

}  // namespace penstock::sim
