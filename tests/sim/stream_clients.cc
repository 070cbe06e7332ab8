// What the clients of a world of streams do, and how they look at what is there.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream_world.h"

namespace penstock::sim {

using stream::StreamInfo;
using Kind = StreamChange::Kind;

namespace {

template <class T>
Task<Result<void>> without_value(Task<Result<T>> task) {
  auto result = co_await std::move(task);
  if (!result.has_value()) co_return std::unexpected(std::move(result).error());
  co_return Result<void>{};
}

}  // namespace

std::string StreamWorld::any_name() { return fmt::format("s{}", random_.below(name_count_)); }

std::optional<StreamInfo> StreamWorld::look_up(const std::string& name) const {
  const auto view = streams_->find(name);
  return view ? std::optional(*view->info) : std::nullopt;
}

std::set<std::string> StreamWorld::consumers_of(const std::string& name) const {
  std::set<std::string> names;
  const auto info = look_up(name);
  if (!info) return names;
  const auto consumers = streams_->consumers().list(info->uid);
  if (!consumers.has_value()) throw Violation{"consumers: " + consumers.error().message};
  for (const auto& consumer : *consumers) names.insert(consumer.name);
  return names;
}

void StreamWorld::start_put() { start_put_to(any_name(), 1 + random_.below(6)); }

void StreamWorld::start_put_to(const std::string& name, std::uint64_t count) {
  const auto info = look_up(name);
  if (!info) return;
  std::vector<stream::PutEntry> entries;
  std::vector<std::size_t> numbers;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key = fmt::format("key{}", random_.below(12));
    const std::uint64_t size = random_.below(random_.below(20) == 0 ? 7000 : 300);
    const std::string filler =
        random_.text(size, random_.below(2) == 0 ? std::string_view("\0", 1) : "0123456789abcdef");
    numbers.push_back(oracle_.add_record(info->uid, key, filler, clock_.now()));
    entries.push_back({.partition_key = key, .data = oracle_.record(numbers.back()).data});
  }
  counts_.records += count;
  ++tasks_;
  const std::uint64_t epoch = oracle_.model(name).encryption_epoch;
  spawn_here(clients_, streams_->put(name, std::move(entries)),
             [this, name, numbers, epoch](const Result<stream::PutOutcomes>& outcomes) {
               --tasks_;
               guarded([&] { end_put(name, numbers, epoch, outcomes); });
             });
}

void StreamWorld::end_put(const std::string& name, const std::vector<std::size_t>& numbers, std::uint64_t epoch,
                          const Result<stream::PutOutcomes>& outcomes) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Result<stream::PutOutcome> outcome =
        outcomes.has_value() ? (*outcomes)[i] : std::unexpected(outcomes.error());
    oracle_.end_put(numbers[i], outcome, clock_.now());
    if (!outcome.has_value()) {
      const bool is_unknown = outcome.error().kind == ErrorKind::outcome_unknown;
      ++(is_unknown ? counts_.unknown : counts_.refused);
      broken_ = broken_ || is_unknown;
      say(fmt::format("record {}: {}", numbers[i], outcome.error().message));
      continue;
    }
    ++counts_.acknowledged;
    const StreamModel& model = oracle_.model(name);
    const bool knows = model.encryption_epoch == epoch && epoch % 2 == 0 && model.info &&
                       model.info->uid == oracle_.record(numbers[i]).uid;
    if (knows && outcome->encrypted != model.info->is_encrypted()) {
      throw Violation{fmt::format("record {}: its stream's encryption was {}, its own is not", numbers[i],
                                  model.info->is_encrypted())};
    }
  }
}

void StreamWorld::start_change() {
  const std::string name = any_name();
  if (oracle_.model(name).change) return;  // one at a time, so that it is known what it must lead to
  StreamChange change;
  auto task = any_change(name, change);
  if (!task) return;
  StreamModel& model = oracle_.model(name);
  if (change.kind == Kind::encryption) ++model.encryption_epoch;
  say(fmt::format("{}: change of kind {} begins", name, static_cast<int>(change.kind)));
  model.change = std::move(change);
  ++counts_.changes;
  ++tasks_;
  spawn_here(clients_, *std::move(task), [this, name](const Result<void>& result) {
    --tasks_;
    say(fmt::format("{}: change: {}", name, result.has_value() ? "done" : result.error().message));
    if (result.has_value()) ++counts_.changes_done;
    if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) {
      ++counts_.changes_unknown;
      broken_ = true;
    }
    guarded([&] {
      oracle_.note_time(clock_.now());
      oracle_.end_change(name, result, look_up(name), consumers_of(name));
    });
  });
}

std::optional<Task<Result<void>>> StreamWorld::any_change(const std::string& name, StreamChange& change) {
  const auto info = look_up(name);
  if (!info) {
    change = {.kind = Kind::create, .count = static_cast<std::uint32_t>(1 + random_.below(4))};
    return streams_->create({.name = name, .shard_count = change.count});
  }
  const std::string consumer = fmt::format("c{}", random_.below(3));
  switch (random_.below(10)) {
    case 0: change.kind = Kind::remove; return streams_->remove(name, true);
    case 1:
    case 2: {
      change = {.kind = Kind::retention, .hours = static_cast<int>(24 + random_.below(48))};
      const bool more = change.hours > info->retention_hours;
      return more ? streams_->increase_retention(name, change.hours) : streams_->decrease_retention(name, change.hours);
    }
    case 3:
    case 4: {
      change = {.kind = Kind::encryption,
                .text = random_.below(3) == 0 ? "" : fmt::format("alias/{}", random_.below(3))};
      return change.text.empty() ? streams_->stop_encryption(name) : streams_->start_encryption(name, change.text);
    }
    case 5:
      change = {.kind = Kind::add_consumer, .text = consumer};
      return without_value(streams_->consumers().add(info->uid, name, consumer, {}));
    case 6: change = {.kind = Kind::drop_consumer, .text = consumer}; return streams_->remove_consumer(name, consumer);
    default: return any_resharding(*info, change);
  }
}

std::optional<Task<Result<void>>> StreamWorld::any_resharding(const StreamInfo& info, StreamChange& change) {
  std::vector<stream::Shard> open;
  std::ranges::copy_if(info.shards, std::back_inserter(open), &stream::Shard::is_open);
  std::ranges::sort(open, {}, [](const stream::Shard& shard) { return shard.range.first; });
  const std::size_t at = random_.below(open.size());
  const std::string id = stream::format_shard_id(open[at].index);
  const std::uint64_t kind = random_.below(3);
  if (kind == 0 && open.size() < 8) {
    change.kind = Kind::split;
    const stream::HashKey middle = open[at].range.first + (open[at].range.last - open[at].range.first) / 2;
    return streams_->split(info.name, id, stream::format_hash_key(middle));
  }
  if (kind == 1 && at + 1 < open.size()) {
    change.kind = Kind::merge;
    return streams_->merge(info.name, id, stream::format_shard_id(open[at + 1].index));
  }
  const auto least = static_cast<std::uint32_t>((open.size() + 1) / 2);
  const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(open.size() * 2, 8));
  change = {.kind = Kind::scale, .count = least + static_cast<std::uint32_t>(random_.below(most - least + 1))};
  return without_value(streams_->scale(info.name, change.count));
}

void StreamWorld::start_trim() {
  if (std::exchange(trimming_, true)) return;
  ++tasks_;
  spawn_here(clients_, streams_->trim_expired(clock_.now()), [this](const Result<void>& result) {
    --tasks_;
    trimming_ = false;
    if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) broken_ = true;
  });
}

Result<ShardReading> StreamWorld::read_shard(const StreamInfo& info, const stream::Shard& shard) {
  ShardReading reading{.shard_id = stream::format_shard_id(shard.index), .records = {}, .pages = {}};
  PENSTOCK_TRY(stream::ShardIterator at, wait_for(streams_->make_iterator(info.name, reading.shard_id, {})));
  for (;;) {
    PENSTOCK_TRY(stream::RecordPage page, wait_for(streams_->read(at, 1 + random_.below(20))));
    reading.records.insert(reading.records.end(), page.records.begin(), page.records.end());
    counts_.read_back += page.records.size();
    const bool is_end = !page.next || (page.millis_behind_latest == 0 && page.records.empty());
    if (page.next) at = *page.next;
    reading.pages.push_back(std::move(page));
    if (is_end) return reading;
  }
}

std::optional<Error> StreamWorld::verify(const std::string& name, bool after_start, bool is_whole) {
  oracle_.note_time(clock_.now());
  const auto info = look_up(name);
  if (after_start && is_whole) oracle_.settle_stream(name, info, consumers_of(name));
  oracle_.note_time(clock_.now());
  if (!info) return std::nullopt;
  const Timestamp horizon = info->trim_horizon(clock_.now());
  std::vector<ShardReading> shards;
  std::optional<Error> error;
  for (const stream::Shard& shard : info->shards) {
    if (info->is_expired(shard, clock_.now())) continue;
    auto reading = read_shard(*info, shard);
    if (reading.has_value()) {
      shards.push_back(*std::move(reading));
    } else {
      error = reading.error();
    }
  }
  oracle_.check_reading(*info, shards, horizon, after_start, is_whole && !error);
  return error;
}

/// Every stream, read from its trim horizon to its end. Nobody else works meanwhile.
void StreamWorld::verify_all(bool after_start) {
  const bool was_quiet = std::exchange(quiet_, true);
  for (std::uint64_t i = 0; i < name_count_ && files_.has_power(); ++i) {
    const std::string name = fmt::format("s{}", i);
    const std::uint64_t errors = files_.error_count();
    const auto error = verify(name, after_start, true);
    if (error.has_value() && files_.has_power() && files_.error_count() == errors) {
      throw Violation{fmt::format("reading {}: {}", name, error->message)};
    }
  }
  quiet_ = was_quiet;
}

/// A reader that follows a closed shard to its end, while others put.
void StreamWorld::read_to_end() {
  const std::string name = any_name();
  const auto info = look_up(name);
  if (!info) return;
  std::vector<stream::Shard> closed;
  std::ranges::copy_if(info->shards, std::back_inserter(closed),
                       [](const stream::Shard& shard) { return !shard.is_open(); });
  if (closed.empty()) return;
  const stream::Shard& shard = closed[closed.size() - 1 - random_.below(std::min<std::size_t>(closed.size(), 3))];
  const auto reading = read_shard(*info, shard);
  if (!reading.has_value() || reading->pages.back().next.has_value()) return;
  const auto after = look_up(name);
  if (after && after->uid == info->uid) oracle_.note_end(info->uid, *reading);
}

/// A record that is there is found by its sequence number.
void StreamWorld::check_iterator() {
  if (oracle_.record_count() == 0) return;
  const ModelRecord record = oracle_.record(random_.below(oracle_.record_count()));
  const std::string name = any_name();
  const auto info = look_up(name);
  const bool was_quiet = std::exchange(quiet_, true);
  if (info && info->uid == record.uid && record.seen && record.arrival >= info->trim_horizon(clock_.now())) {
    const stream::StartingPoint start{.type = stream::IteratorType::at_sequence_number,
                                      .sequence_number = record.sequence};
    const std::uint64_t errors = files_.error_count();
    const auto at = wait_for(streams_->make_iterator(name, record.shard, start));
    if (at.has_value()) {
      const auto page = wait_for(streams_->read(*at, 1));
      const bool is_it = page.has_value() && !page->records.empty() && page->records[0].data == record.data;
      const bool may_fail = !files_.has_power() || files_.error_count() > errors;
      // Meanwhile the stream may have gone, or its retention shrunk.
      oracle_.note_time(clock_.now());
      const auto after = look_up(name);
      // A clock that went back brings back what has expired already, if it is still there.
      const bool may_be_gone = !after || after->uid != record.uid || oracle_.may_have_expired(record.number);
      if (!is_it && !may_fail && !may_be_gone) throw Violation{fmt::format("record {} is not found", record.number)};
    }
  }
  quiet_ = was_quiet;
}

}  // namespace penstock::sim
