#include <fmt/format.h>

#include <algorithm>

#include "core/encoding/hex.h"
#include "stream/live_stream.h"
#include "stream/page_memory.h"
#include "stream/record_frame.h"
#include "stream/streams.h"

namespace penstock::stream {
namespace {

Position next_after(Position position) { return Position{position.get() + 1}; }

/// Collects records of frames until the limits are reached.
class PageBuilder {
 public:
  PageBuilder(const Shard& shard, PageBounds bounds, Keyring& keyring)
      : shard_(shard), bounds_(bounds), keyring_(keyring) {}

  [[nodiscard]] std::size_t records_left() const { return bounds_.records_max - page_.records.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] const PageBounds& bounds() const { return bounds_; }
  /// Where to read on: before the record `index` of the frame at `position`.
  Position position;
  std::uint16_t index = 0;

  /// True when the whole frame found room.
  Result<bool> add(const framelog::StoredFrame& frame) {
    const bool encrypted = is_encrypted_frame(*frame.bytes);
    std::shared_ptr<const std::string> bytes = frame.bytes;
    if (encrypted) {
      PENSTOCK_TRY(std::string plain, keyring_.decrypt(shard_.index, *frame.bytes));
      bytes = std::make_shared<const std::string>(std::move(plain));
    }
    PENSTOCK_TRY(const auto records, decode_record_frame(*bytes));
    const std::size_t first = frame.position == position ? index : 0;
    page_.frames.push_back(std::move(bytes));
    if (first < records.size()) {
      SequenceWriter numbers({.shard_created = shard_.created,
                              .shard = shard_.index,
                              .position = frame.position,
                              .index = static_cast<std::uint16_t>(first)});
      for (std::size_t i = first; i < records.size(); ++i) {
        const std::size_t size = records[i].partition_key.size() + records[i].data.size();
        if (records_left() == 0 || (!page_.records.empty() && bytes_ + size > bounds_.bytes_max)) {
          position = frame.position;
          index = static_cast<std::uint16_t>(i);
          return false;
        }
        bytes_ += size;
        page_.records.push_back({.sequence_number = SequenceText(numbers.next()),
                                 .arrival = frame.time,
                                 .partition_key = records[i].partition_key,
                                 .data = records[i].data,
                                 .encrypted = encrypted});
      }
    }
    position = next_after(frame.position);
    index = 0;
    return true;
  }

  RecordPage take() { return std::move(page_); }

 private:
  const Shard& shard_;
  PageBounds bounds_;
  Keyring& keyring_;
  std::size_t bytes_ = 0;
  RecordPage page_;
};

/// Where the reading stopped.
struct Stop {
  bool at_tip = false;
  Timestamp next_arrival{};  ///< of the first record not given (or of the last given, when that is not known)
};

Task<Result<Stop>> fill(PageBuilder& page, std::shared_ptr<framelog::FrameLog> log, ShardIndex shard, Timestamp horizon,
                        PageMemory& memory) {
  Timestamp last_arrival{};
  while (true) {
    const framelog::ReadLimits limits{.frames_max = page.records_left() + 1,
                                      .bytes_max = page.bounds().bytes_max - page.bytes()};
    auto read = co_await memory.read(log, shard, page.position, limits);
    if (!read) {
      // What lies before a frame that cannot be read is given; the next page says what is wrong.
      if (page.bytes() > 0) co_return Stop{.at_tip = false, .next_arrival = last_arrival};
      co_return std::unexpected(std::move(read).error());
    }
    const framelog::FramePage frames = *std::move(read);
    if (frames.frames.empty()) co_return Stop{.at_tip = true};
    if (frames.frames.front().time < horizon) {
      // Storage still holds records past their retention: step over them. Times never decrease along positions.
      PENSTOCK_CO_TRY(page.position, co_await log->position_at(shard, horizon));
      page.index = 0;
      continue;
    }
    for (const auto& frame : frames.frames) {
      const auto whole = page.add(frame);
      // What lies before a frame that cannot be given is given; the next page says what is wrong.
      if (!whole && page.bytes() == 0) co_return std::unexpected(whole.error());
      if (!whole || !*whole) co_return Stop{.at_tip = false, .next_arrival = frame.time};
    }
    if (frames.at_tip) co_return Stop{.at_tip = true};
    last_arrival = frames.frames.back().time;
    if (page.records_left() == 0 || page.bytes() >= page.bounds().bytes_max) {
      co_return Stop{.at_tip = false, .next_arrival = frames.frames.back().time};
    }
  }
}

template <class Int>
void put_int(Int value, std::string& out) {
  for (int shift = static_cast<int>(sizeof(Int)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

template <class Int>
Int take_int(std::string_view& bytes) {
  Int value = 0;
  for (std::size_t i = 0; i < sizeof(Int); ++i)
    value = static_cast<Int>(value << 8U | static_cast<std::uint8_t>(bytes[i]));
  bytes.remove_prefix(sizeof(Int));
  return value;
}

constexpr std::size_t kUidBytes = 16;
constexpr std::size_t kIteratorFixedBytes = kUidBytes + 4 + 8 + 2 + 8;

}  // namespace

std::string Streams::seal(const ShardIterator& iterator) const {
  const auto uid = hex_decode(iterator.uid);
  PENSTOCK_ASSERT(uid.has_value() && uid->size() == kUidBytes);
  std::string bytes = *uid;
  put_int(iterator.shard.get(), bytes);
  put_int(iterator.position.get(), bytes);
  put_int(iterator.index, bytes);
  put_int(static_cast<std::uint64_t>(to_unix_ms(iterator.made)), bytes);
  bytes += iterator.stream_name;
  return tokens_->seal(TokenKind::shard_iterator, bytes);
}

std::optional<ShardIterator> Streams::unseal(std::string_view text) const {
  const auto contents = tokens_->unseal(TokenKind::shard_iterator, text);
  if (!contents || contents->size() <= kIteratorFixedBytes) return std::nullopt;
  std::string_view bytes = *contents;
  ShardIterator iterator;
  iterator.uid = hex_encode(bytes.substr(0, kUidBytes));
  bytes.remove_prefix(kUidBytes);
  iterator.shard = ShardIndex{take_int<std::uint32_t>(bytes)};
  iterator.position = Position{take_int<std::uint64_t>(bytes)};
  iterator.index = take_int<std::uint16_t>(bytes);
  iterator.made = from_unix_ms(static_cast<std::int64_t>(take_int<std::uint64_t>(bytes)));
  iterator.stream_name = bytes;
  return iterator;
}

Result<Shard> Streams::find_shard(std::string_view name, std::string_view shard_id, const LivePtr& stream) const {
  const auto index = parse_shard_id(shard_id);
  if (!index) {
    return fail(ErrorKind::missing, fmt::format("Could not find shard {} in stream {} under account {}.", shard_id,
                                                name, settings_.account));
  }
  if (stream) {
    const auto info = stream->info();
    const StreamStatus status = info->status(clock_.now());
    const Shard* shard = info->shard(*index);
    const bool readable = status == StreamStatus::active || status == StreamStatus::updating;
    if (readable && shard != nullptr) return *shard;
  }
  return fail(ErrorKind::missing, fmt::format("Shard {} in stream {} under account {} does not exist",
                                              format_shard_id(*index), name, settings_.account));
}

namespace {

/// The messages are what AWS answers.
Result<void> check_starting_point(const StartingPoint& start) {
  const bool by_number =
      start.type == IteratorType::at_sequence_number || start.type == IteratorType::after_sequence_number;
  constexpr std::array<std::string_view, 5> kNames = {"TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER",
                                                      "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"};
  const auto name = kNames[static_cast<std::size_t>(start.type)];
  constexpr std::string_view kRule =
      "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
      "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ";
  if (by_number && !start.sequence_number) {
    return fail(ErrorKind::invalid, fmt::format("{}Request specified {} and no StartingSequenceNumber.", kRule, name));
  }
  if (!by_number && start.sequence_number) {
    return fail(ErrorKind::invalid,
                fmt::format("{}Request specified {} and also a StartingSequenceNumber.", kRule, name));
  }
  if (start.type == IteratorType::at_timestamp && !start.timestamp) {
    return fail(ErrorKind::invalid,
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
                "timestamp parameter.");
  }
  if (start.type != IteratorType::at_timestamp && start.timestamp) {
    return fail(ErrorKind::invalid,
                fmt::format("Must not specify Timestamp for iterator of type {}. Use AT_TIMESTAMP.", name));
  }
  return {};
}

Result<SequenceNumber> check_number(const std::string& text, const Shard& shard, Position last, std::string_view name,
                                    std::string_view account) {
  const auto complaint = [&](std::string_view why) {
    return fail(ErrorKind::invalid,
                fmt::format("StartingSequenceNumber {} used in GetShardIterator on shard {} in stream {} under account "
                            "{} is invalid{}.",
                            text, format_shard_id(shard.index), name, account, why));
  };
  const auto number = parse_sequence_number(text);
  if (!number) return complaint("");
  if (number->shard != shard.index) {
    return fail(ErrorKind::invalid, fmt::format("Invalid StartingSequenceNumber. It encodes {}, while it was used in a "
                                                "call to a shard with {}",
                                                format_shard_id(number->shard), format_shard_id(shard.index)));
  }
  if (number->shard_created != shard.created) return complaint(" because it did not come from this stream");
  const bool is_end = number->position == kAfterAll && number->index == 0 && !shard.is_open();
  if (number->position > last && !is_end) return complaint(" because it is in the future");
  return *number;
}

}  // namespace

std::unexpected<Error> Streams::rate_exceeded(std::string_view shard_id, std::string_view name) const {
  return fail(ErrorKind::throttled, fmt::format("Rate exceeded for shard {} in stream {} under account {}.", shard_id,
                                                name, settings_.account));
}

Task<Result<ShardIterator>> Streams::make_iterator(std::string name, std::string shard_id, StartingPoint start) {
  const Timestamp now = clock_.now();
  const LivePtr stream = live(name);
  PENSTOCK_CO_TRY(const Shard shard, find_shard(name, shard_id, stream));
  PENSTOCK_CO_TRY_VOID(check_starting_point(start));
  if (!stream->limits().take_iterator(shard.index, clock_.steady())) co_return rate_exceeded(shard_id, name);
  PENSTOCK_CO_TRY(const auto log, stream->log());
  const auto info = stream->info();
  const Position last = log->tip(shard.index);
  ShardIterator made{
      .stream_name = name, .uid = info->uid, .shard = shard.index, .position = Position{0}, .index = 0, .made = now};
  switch (start.type) {
    case IteratorType::trim_horizon: break;
    case IteratorType::latest: made.position = next_after(last); break;
    case IteratorType::at_timestamp: {
      if (*start.timestamp > now) {
        co_return fail(
            ErrorKind::invalid,
            fmt::format("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                        "timestampInMillis: {}, currentTimestampInMillis: {}",
                        to_unix_ms(*start.timestamp), to_unix_ms(now)));
      }
      const Timestamp from = std::max(*start.timestamp, info->trim_horizon(now));
      PENSTOCK_CO_TRY(made.position, co_await log->position_at(shard.index, from));
      break;
    }
    case IteratorType::at_sequence_number:
    case IteratorType::after_sequence_number: {
      PENSTOCK_CO_TRY(const auto number, check_number(*start.sequence_number, shard, last, name, settings_.account));
      made.position = number.position;
      made.index = number.index;
      if (start.type == IteratorType::after_sequence_number && number.position != kAfterAll) {
        const bool last_index = number.index == UINT16_MAX;
        made.position = last_index ? next_after(number.position) : number.position;
        made.index = last_index ? 0 : static_cast<std::uint16_t>(number.index + 1);
      }
      break;
    }
  }
  co_return made;
}

Task<Result<RecordPage>> Streams::read(ShardIterator from, std::size_t limit) {
  return read(std::move(from), PageBounds{.records_max = limit}, settings_.answers);
}

Task<Result<RecordPage>> Streams::read(ShardIterator from, PageBounds bounds, MemoryBudget* budget) {
  const SteadyTime began = clock_.steady();
  const LivePtr stream = live(from.stream_name);
  if (!stream) co_return co_await read_page(std::move(from), bounds, budget);
  const ShardIndex shard = from.shard;
  Result<RecordPage> page;
  if (stream->limits().take_read(shard, began)) {
    page = co_await read_page(std::move(from), bounds, budget);
    if (page.has_value()) stream->limits().charge_read(shard, page->bytes, clock_.steady());
  } else {
    page = rate_exceeded(format_shard_id(shard), from.stream_name);
  }
  note_read(*stream, shard, page, began);
  co_return page;
}

// IteratorAgeMilliseconds is "the difference between the current time and when the last record of the GetRecords call
// was written to the stream"; of a call without records, how far it is behind the tip.
void Streams::note_read(LiveStream& stream, ShardIndex shard, const Result<RecordPage>& page, SteadyTime began) const {
  const SteadyTime now = clock_.steady();
  const auto snapshot = stream.snapshot();
  ShardMetrics* of_shard = snapshot->shard_metrics ? snapshot->shard_metrics->find(shard) : nullptr;
  if (!page) {
    const bool throttled = page.error().kind == ErrorKind::throttled;
    stream.metrics().note_failed_read(throttled, now - began);
    if (throttled && of_shard != nullptr) of_shard->read_throttled.add();
    return;
  }
  const auto& records = page->records;
  const std::int64_t age_ms =
      records.empty() ? page->millis_behind_latest : (clock_.now() - records.back().arrival).count();
  stream.metrics().note_read(page->bytes, records.size(), age_ms, now, now - began);
  if (of_shard == nullptr) return;
  of_shard->iterator_age.note(age_ms, now);
  if (records.empty()) return;
  of_shard->outgoing_bytes.add(page->bytes);
  of_shard->outgoing_records.add(records.size());
}

namespace {

/// The log outlives the watch on it.
class ShardWatch final : public framelog::Subscription {
 public:
  ShardWatch(std::shared_ptr<framelog::FrameLog> log, std::unique_ptr<framelog::Subscription> appends)
      : log_(std::move(log)), appends_(std::move(appends)) {}

 private:
  const std::shared_ptr<framelog::FrameLog> log_;
  const std::unique_ptr<framelog::Subscription> appends_;
};

}  // namespace

Result<std::unique_ptr<framelog::Subscription>> Streams::watch_shard(std::string_view name, ShardIndex shard,
                                                                     std::function<void()> on_append) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  PENSTOCK_TRY(const auto log, stream->log());
  auto appends = log->watch(shard, [call = std::move(on_append)](Position) { call(); });
  return std::make_unique<ShardWatch>(log, std::move(appends));
}

Result<void> Streams::watch_changes(std::string_view name, std::weak_ptr<Bell> bell) const {
  PENSTOCK_TRY(const LivePtr stream, live_or_error(name));
  stream->bells().add(std::move(bell));
  return {};
}

Result<void> Streams::check_read(const ShardIterator& from) const {
  const LivePtr stream = live(from.stream_name);
  const bool same = stream && stream->info()->uid == from.uid;
  PENSTOCK_TRY_VOID(find_shard(from.stream_name, format_shard_id(from.shard), same ? stream : nullptr));
  return {};
}

Task<Result<RecordPage>> Streams::read_page(ShardIterator from, PageBounds bounds, MemoryBudget* budget) {
  const LivePtr stream = live(from.stream_name);
  // A shard that is closed now takes no more records, so its tip below is its end: look before reading.
  const bool same = stream && stream->info()->uid == from.uid;
  PENSTOCK_CO_TRY(const Shard shard,
                  find_shard(from.stream_name, format_shard_id(from.shard), same ? stream : nullptr));
  const auto info = stream->info();
  PENSTOCK_CO_TRY(const auto log, stream->log());

  PageBuilder builder(shard, bounds, stream->keyring());
  builder.position = from.position;
  builder.index = from.index;
  PageMemory memory(budget, bounds);
  PENSTOCK_CO_TRY(const Stop stop, co_await fill(builder, log, shard.index, info->trim_horizon(clock_.now()), memory));

  RecordPage page = builder.take();
  page.bytes = builder.bytes();
  PENSTOCK_CO_TRY(page.memory, co_await memory.settle(page.bytes, page.records.size()));
  const Timestamp now = clock_.now();
  if (!stop.at_tip) {
    page.millis_behind_latest = std::max<std::int64_t>(1, (now - stop.next_arrival).count());
  }
  if (stop.at_tip && !shard.is_open()) {
    for (const Shard& other : shards_from(*info, shard.index.get() + 1)) {
      if (other.parent == shard.index || other.adjacent_parent == shard.index) page.children.push_back(other);
    }
    co_return page;
  }
  from.position = builder.position;
  from.index = builder.index;
  from.made = now;
  page.next = std::move(from);
  co_return page;
}

}  // namespace penstock::stream
