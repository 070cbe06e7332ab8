#include "frame_log_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace penstock::sim {

using framelog::Appended;
using framelog::FramePage;
using framelog::Position;
using framelog::ShardIndex;
using framelog::StoredFrame;

namespace {

constexpr std::uint64_t kNothingMayMiss = UINT64_MAX;

}  // namespace

FrameLogWorld::FrameLogWorld(std::uint64_t seed, Counts& counts, bool verbose)
    : counts_(counts),
      verbose_(verbose),
      random_(seed),
      files_(random_.u64()),
      storage_(random_, SimExecutor::Kind::threads),
      clients_(random_, SimExecutor::Kind::queue),
      shard_count_(1 + random_.below(5)),
      big_one_in_(4 + random_.below(40)) {
  options_.segment_bytes_first = 4096U << random_.below(3);
  options_.segment_bytes_max = options_.segment_bytes_first << random_.below(3);
  options_.group_bytes_max = 1024U << random_.below(8);
  options_.waiting_bytes_max = 64U << 10U;
  options_.cache_bytes_max = random_.below(2) * 16384;
  options_.index_cache_bytes_max = random_.below(2) * 4096;
  options_.sorts_segments = random_.below(4) != 0;
  options_.sort_segment_bytes_min = 0;
  options_.sort_gain_min = random_.below(3);
  options_.sort_step_bytes = 512U << random_.below(6);
  options_.executor = &storage_;
  // The data folder itself is whoever starts the server's to make durable.
  static_cast<void>(files_.make_directories("data"));
  static_cast<void>(files_.sync_directory(""));
  files_.set_interlude([this] { overtake(); });
}

FrameLogWorld::~FrameLogWorld() {
  // A violation may leave appends under way; they must not outlive what they use.
  ending_ = true;
  files_.lose_power();
  run_all();
  log_.reset();
  store_.reset();
  run_all();
}

void FrameLogWorld::say(const std::string& what) const {
  if (verbose_) std::printf("  [%llu] %s\n", static_cast<unsigned long long>(files_.change_count()), what.c_str());
}

void FrameLogWorld::violated(const std::string& what) const { throw Violation{what}; }

/// In a completion, which no exception may leave: the violation is thrown when the job is over.
void FrameLogWorld::note_violation(std::string what) {
  if (!noted_.has_value()) noted_ = std::move(what);
}

bool FrameLogWorld::run_one(SimExecutor& executor) {
  const bool ran = executor.run_one();
  if (noted_.has_value() && !ending_) violated(*noted_);
  return ran;
}

/// The disk is slow: time passes, and others work, before it answers.
void FrameLogWorld::overtake() {
  if (ending_ || overtaking_ == 2 || random_.below(32) != 0) return;
  ++overtaking_;
  clock_.advance(std::chrono::milliseconds(random_.below(3000)));
  for (std::uint64_t i = random_.below(6); i > 0; --i) {
    const bool ran = random_.below(2) == 0 ? storage_.run_one() : clients_.run_one();
    static_cast<void>(ran);
  }
  --overtaking_;
}

void FrameLogWorld::run_some(std::uint64_t jobs) {
  for (std::uint64_t i = 0; i < jobs; ++i) {
    const bool ran = random_.below(2) == 0 ? run_one(storage_) : run_one(clients_);
    static_cast<void>(ran);
  }
}

void FrameLogWorld::run_all() {
  for (bool ran = true; ran;) {
    ran = run_one(storage_);
    ran = run_one(clients_) || ran;
  }
}

void FrameLogWorld::run(int cycles) {
  for (int i = 0; i < cycles; ++i) {
    open_after_faults();
    verify(true, kNothingMayMiss);
    work();
    const std::uint64_t end = random_.below(10);
    if (end == 0) {
      close_cleanly();
      if (random_.below(2) == 0) return damage_and_check(!poisoned_);  // a poisoned log is not sealed
    } else {
      crash();
      if (random_.below(8) == 0) return damage_and_check(false);
    }
    if (random_.below(8) == 0) read_past_bad_sector();
  }
  open_after_faults();
  verify(true, kNothingMayMiss);
  close_cleanly();
}

void FrameLogWorld::open() {
  store_ = framelog::embedded_store(files_, "data/logs", clock_, random_, options_);
  auto log = store_->open("a");
  if (!log.has_value() && log.error().kind == ErrorKind::missing) {
    for (const auto& [index, shard] : shards_) {
      for (const Entry& entry : shard.entries) {
        if (entry.state == State::acked) violated("the log is gone");
      }
    }
    log = store_->create("a");
  }
  if (log.has_value()) {
    log_ = *log;
    poisoned_ = false;
    return;
  }
  if (log.error().kind == ErrorKind::corrupt) violated("opening: " + log.error().message);
  say("opening failed: " + log.error().message);
}

/// Opens the log; on the way there the power may go again, or the disk may fail.
void FrameLogWorld::open_after_faults() {
  files_.clear_faults();
  files_.set_full(false);
  for (int attempt = 0; log_ == nullptr; ++attempt) {
    if (attempt < 3 && random_.below(4) == 0) files_.lose_power_after(1 + random_.below(12));
    if (attempt < 3 && random_.below(6) == 0) files_.fail_after(any_fault(), 1 + random_.below(8));
    open();
    if (log_ != nullptr) break;
    if (attempt > 3) violated("cannot open a log on a healthy disk");
    run_all();
    store_.reset();
    if (!files_.has_power()) {
      ++counts_.losses;
      files_.restore_power();
    }
    files_.clear_faults();
  }
  files_.clear_fault(os::SimFileSystem::Fault::read);
  say("open");
}

os::SimFileSystem::Fault FrameLogWorld::any_fault() {
  using Fault = os::SimFileSystem::Fault;
  return std::array{Fault::write, Fault::sync, Fault::read}[random_.below(3)];
}

void FrameLogWorld::close_cleanly() {
  say("close");
  // A fault that is still waiting would make this no clean close.
  files_.clear_faults();
  files_.set_full(false);
  files_.lose_power_after(UINT64_MAX);
  run_all();
  log_.reset();
  store_.reset();
  run_all();
  settle_unknown();
  ++counts_.clean_closes;
}

void FrameLogWorld::crash() {
  if (random_.below(3) == 0) run_all();
  files_.lose_power();
  run_all();
  log_.reset();
  store_.reset();
  run_all();
  settle_unknown();
  if (random_.below(8) == 0) {
    say("killed");
    ++counts_.kills;
    files_.restore_power(os::SimFileSystem::Survives::everything);
  } else {
    say("power loss");
    ++counts_.losses;
    files_.restore_power();
  }
}

void FrameLogWorld::settle_unknown() {
  for (auto& [index, shard] : shards_) {
    for (const Entry& entry : shard.entries) {
      if (entry.state == State::started) violated("an append never completed");
    }
  }
}

void FrameLogWorld::work() {
  const std::uint64_t steps = 3 + random_.below(30);
  if (random_.below(4) != 0) files_.lose_power_after(1 + random_.below(60));
  if (random_.below(5) == 0) files_.fail_after(any_fault(), 1 + random_.below(40));
  for (std::uint64_t i = 0; i < steps && files_.has_power(); ++i) step();
}

void FrameLogWorld::step() {
  switch (random_.below(12)) {
    case 0: clock_.advance(std::chrono::milliseconds(random_.below(2000))); break;
    case 1: start_trim(); break;
    case 2: check_some_read(); break;
    case 3: files_.set_full(random_.below(3) == 0); break;
    case 4: run_all(); break;
    case 5:
      if (random_.below(4) == 0) clock_.jump_somewhere(random_, std::chrono::hours(1));
      break;
    default: start_appends(); break;
  }
  run_some(random_.below(8));
}

std::string FrameLogWorld::make_payload(std::uint32_t shard, std::size_t number) {
  std::string out = fmt::format("{}/{}/", shard, number);
  const std::uint64_t size = random_.below(random_.below(big_one_in_) == 0 ? 9000 : 700);
  const std::size_t head = out.size();
  out.resize(head + size, '\0');
  // Zeros look like bytes that were lost: some payloads hold many, or end with them.
  if (random_.below(3) != 0) random_.fill(std::as_writable_bytes(std::span(out).subspan(head, size / 2)));
  if (random_.below(3) != 0) random_.fill(std::as_writable_bytes(std::span(out).subspan(head + size / 2)));
  return out;
}

void FrameLogWorld::start_appends() {
  const std::uint64_t count = 1 + random_.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint32_t>(random_.below(shard_count_));
    const std::size_t number = shards_[index].entries.size();
    std::string payload = make_payload(index, number);
    shards_[index].entries.push_back({.payload = payload, .position = {}});
    ++counts_.appends;
    spawn_here(
        clients_, log_->append(ShardIndex(index), std::move(payload)), [this, index, number](Result<Appended> result) {
          Entry& entry = shards_[index].entries[number];
          if (result.has_value()) {
            ++counts_.acknowledged;
            if (result->position <= highest_seen_ && entry.state == State::started) {
              // Frames of one group complete together, in order: a smaller position was used before.
              note_violation(fmt::format("position {} was used again", result->position.get()));
            }
            highest_seen_ = std::max(highest_seen_, result->position);
            entry.state = State::acked;
            entry.position = result->position;
            entry.time = result->time;
            entry.ack_step = clients_.steps();
          } else if (result.error().kind == ErrorKind::outcome_unknown) {
            ++counts_.unknown;
            entry.state = State::unknown;
            poisoned_ = true;
          } else if (result.error().kind == ErrorKind::unavailable || result.error().kind == ErrorKind::throttled) {
            ++counts_.refused;
            entry.state = State::never;
          } else {
            note_violation("append: " + result.error().message);
          }
        });
  }
}

void FrameLogWorld::start_trim() {
  const Timestamp before = clock_.now() - std::chrono::milliseconds(random_.below(6000));
  trimmed_before_ = std::max(trimmed_before_, before);
  ++counts_.trims;
  spawn_here(clients_, log_->trim_before(before), [](const Result<void>&) {});
}

void FrameLogWorld::check_some_read() {
  run_all();
  if (!files_.has_power()) return;
  verify_shard(static_cast<std::uint32_t>(random_.below(shard_count_)), false, kNothingMayMiss);
}

void FrameLogWorld::verify(bool after_recovery, std::uint64_t may_miss_from_step) {
  for (std::uint32_t i = 0; i < shard_count_; ++i) verify_shard(i, after_recovery, may_miss_from_step);
}

void FrameLogWorld::verify_shard(std::uint32_t index, bool after_recovery, std::uint64_t may_miss_from_step) {
  const std::uint64_t faults = files_.error_count();
  const auto error = read_back(index, after_recovery, may_miss_from_step);
  if (error.has_value() && error->kind == ErrorKind::unavailable && files_.error_count() > faults) return;
  if (error.has_value() && (files_.has_power() || error->kind == ErrorKind::corrupt)) {
    violated(fmt::format("reading shard {}: {}", index, error->message));
  }
}

/// Reads a shard from its beginning to its end and holds it against the oracle; gives the error that ended it.
std::optional<Error> FrameLogWorld::read_back(std::uint32_t index, bool after_recovery,
                                              std::uint64_t may_miss_from_step) {
  Position from = framelog::kBeforeAll;
  Position last = framelog::kBeforeAll;
  std::size_t next = 0;
  bool any = false;
  for (;;) {
    std::optional<Result<FramePage>> page;
    spawn_here(clients_,
               log_->read(ShardIndex(index), from,
                          {.frames_max = 1 + random_.below(20), .bytes_max = 1 + random_.below(20'000)}),
               [&page](Result<FramePage> result) { page.emplace(std::move(result)); });
    while (!page.has_value()) {
      const bool ran = run_one(storage_);
      if (!run_one(clients_) && !ran && !page.has_value()) violated("a read never completed");
    }
    if (!page->has_value()) return page->error();
    for (const StoredFrame& frame : (*page)->frames) {
      if (frame.position <= last) violated("positions do not grow");
      last = frame.position;
      check_frame(index, frame, next, any, after_recovery, may_miss_from_step);
    }
    if ((*page)->at_tip) break;
    if ((*page)->frames.empty()) violated("an empty page that is not at the tip");
    from = Position(last.get() + 1);
  }
  check_skipped(index, next, shards_[index].entries.size(), any, after_recovery, may_miss_from_step);
  return std::nullopt;
}

void FrameLogWorld::check_frame(std::uint32_t index, const StoredFrame& frame, std::size_t& next, bool& any,
                                bool after_recovery, std::uint64_t may_miss_from_step) {
  auto& entries = shards_[index].entries;
  std::size_t number = next;
  while (number < entries.size() && entries[number].payload != *frame.bytes) ++number;
  if (number == entries.size()) {
    violated(fmt::format("shard {} position {}: a frame from nowhere, changed, or out of order", index,
                         frame.position.get()));
  }
  Entry& entry = entries[number];
  if (entry.state == State::never) violated(fmt::format("shard {} frame {}: was refused, yet is there", index, number));
  if (entry.state == State::acked && (entry.position != frame.position || entry.time != frame.time)) {
    violated(fmt::format("shard {} frame {}: position or time changed", index, number));
  }
  check_skipped(index, next, number, any, after_recovery, may_miss_from_step);
  any = true;
  next = number + 1;
  if (after_recovery) {
    // Of a group whose acknowledgement the power loss swallowed: the last one, unless more were acknowledged since.
    if (entry.state != State::acked) entry.ack_step = last_ack_step();
    entry.state = State::acked;
    entry.position = frame.position;
    entry.time = frame.time;
    highest_seen_ = std::max(highest_seen_, frame.position);
  }
}

/// Entries that were not read back: none may be acknowledged, except a beginning that was trimmed.
void FrameLogWorld::check_skipped(std::uint32_t index, std::size_t begin, std::size_t end, bool any,
                                  bool after_recovery, std::uint64_t may_miss_from_step) {
  auto& entries = shards_[index].entries;
  for (std::size_t i = begin; i < end; ++i) {
    Entry& entry = entries[i];
    const bool trimmed = !any && entry.time < trimmed_before_;
    if (entry.state == State::acked && !trimmed && entry.ack_step < may_miss_from_step) {
      violated(
          fmt::format("shard {} frame {} (position {}): acknowledged, yet missing", index, i, entry.position.get()));
    }
    // What a recovery did not find must never appear later.
    if (after_recovery) entry.state = State::never;
  }
}

std::uint64_t FrameLogWorld::last_ack_step() const {
  std::uint64_t last = 0;
  for (const auto& [index, shard] : shards_) {
    for (const Entry& entry : shard.entries) {
      if (entry.state == State::acked) last = std::max(last, entry.ack_step);
    }
  }
  return last;
}

/// A byte of some segment of the closed log.
std::optional<FrameLogWorld::Place> FrameLogWorld::any_place() {
  const auto names = files_.list("data/logs/a");
  if (!names.has_value()) return std::nullopt;
  std::vector<std::string> segments;
  std::ranges::copy_if(*names, std::back_inserter(segments), [](const auto& name) { return name != "log"; });
  if (segments.empty()) return std::nullopt;
  const std::string path = "data/logs/a/" + segments[random_.below(segments.size())];
  const auto file = files_.open(path, os::OpenMode::read);
  const std::uint64_t size = *(*file)->size();
  if (size == 0) return std::nullopt;
  return Place{
      .path = path,
      .offset = random_.below(2) == 0 ? random_.below(size) : random_.below(std::min<std::uint64_t>(size, 2048))};
}

/// A sector of the closed log cannot be read for a while: what lies there is refused, never taken for damaged or torn.
/// When it can be read again, everything is there (which the caller checks).
void FrameLogWorld::read_past_bad_sector() {
  const auto place = any_place();
  if (!place.has_value()) return;
  say(fmt::format("unreadable: {} at {}", place->path, place->offset));
  files_.make_unreadable(place->path, place->offset);
  ++counts_.bad_sectors;
  store_ = framelog::embedded_store(files_, "data/logs", clock_, random_, options_);
  auto log = store_->open("a");
  bool refused = !log.has_value();
  if (refused && log.error().kind != ErrorKind::unavailable) violated("bad sector: " + log.error().message);
  if (!refused) {
    log_ = *std::move(log);
    for (std::uint32_t i = 0; i < shard_count_; ++i) {
      const auto error = read_back(i, false, kNothingMayMiss);
      if (error.has_value() && error->kind != ErrorKind::unavailable) violated("bad sector: " + error->message);
      refused = refused || error.has_value();
    }
  }
  if (refused) ++counts_.bad_sectors_refused;
  run_all();
  log_.reset();
  store_.reset();
  files_.mend();
}

/// Flips one bit somewhere in the closed log: it is reported as corrupt, or it does not matter. Nothing acknowledged
/// may be missing or changed without a report; only after a power loss the very last group may (see frame-log.md).
/// This ends a run: recovery may have cut what it could not tell from a torn tail.
void FrameLogWorld::damage_and_check(bool sealed) {
  const auto place = any_place();
  if (!place.has_value()) return;
  const auto& [path, offset] = *place;
  const auto bit = static_cast<unsigned>(random_.below(8));
  say(fmt::format("flip bit {} at {} of {}", bit, offset, path));
  files_.flip_bit(path, offset, bit);
  ++counts_.flips;

  store_ = framelog::embedded_store(files_, "data/logs", clock_, random_, options_);
  auto log = store_->open("a");
  bool reported = !log.has_value();
  if (reported && log.error().kind != ErrorKind::corrupt) violated("damage: " + log.error().message);
  if (!reported) {
    log_ = *std::move(log);
    const std::uint64_t may_miss = sealed ? kNothingMayMiss : last_ack_step();
    for (std::uint32_t i = 0; i < shard_count_; ++i) {
      const auto error = read_back(i, false, may_miss);
      if (error.has_value() && error->kind != ErrorKind::corrupt) violated("damage: " + error->message);
      reported = reported || error.has_value();
    }
  }
  if (reported) ++counts_.flips_reported;
}

}  // namespace penstock::sim
