#include "machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace penstock::sim {

Machine::Machine(std::uint64_t seed, CrashCounts& counts, bool verbose)
    : crashes_(counts),
      verbose_(verbose),
      random_(seed),
      files_(random_.u64()),
      vfs_(files_, random_.u64()),
      storage_(random_, SimExecutor::Kind::threads),
      catalog_writer_(random_, SimExecutor::Kind::single),
      lane_(random_, SimExecutor::Kind::single),
      clients_(random_, SimExecutor::Kind::queue) {
  static_cast<void>(files_.make_directories("data"));
  static_cast<void>(files_.sync_directory(""));
  files_.set_interlude([this] { overtake(); });
}

void Machine::draw_options() {
  log_options_.segment_bytes_first = 4096U << random_.below(3);
  log_options_.segment_bytes_max = log_options_.segment_bytes_first << random_.below(3);
  log_options_.group_bytes_max = 1024U << random_.below(8);
  log_options_.cache_bytes_max = random_.below(2) * 16384;
  log_options_.index_cache_bytes_max = random_.below(2) * 4096;
  log_options_.sorts_segments = random_.below(4) != 0;
  log_options_.sort_segment_bytes_min = 0;
  log_options_.sort_gain_min = random_.below(3);
  log_options_.sort_step_bytes = 512U << random_.below(6);
  log_options_.executor = &storage_;
  catalog_options_ = {.vfs = SqliteVfs::kName,
                      .files = &files_,
                      .executor = &catalog_writer_,
                      .checkpoint_pages = 2 + static_cast<int>(random_.below(40))};
}

void Machine::end() {
  quiet_ = true;
  files_.lose_power();
  while (storage_.run_one() || catalog_writer_.run_one() || lane_.run_one() || clients_.run_one()) {
  }
  put_away();
}

void Machine::say(const std::string& what) const {
  if (verbose_) std::printf("  [%llu] %s\n", static_cast<unsigned long long>(files_.change_count()), what.c_str());
}

/// In a completion, which no exception may leave: the violation is thrown when the job is over.
void Machine::guarded(const std::function<void()>& check) {
  try {
    check();
  } catch (const Violation& violation) {
    if (!noted_.has_value()) noted_ = violation.what;
  }
}

void Machine::throw_noted() {
  if (noted_.has_value()) throw Violation{*noted_};
}

/// Some job, of any thread; false when there is none.
bool Machine::run_any() {
  const std::array<SimExecutor*, 4> executors = {&storage_, &catalog_writer_, &lane_, &clients_};
  const std::uint64_t first = random_.below(executors.size());
  bool ran = false;
  for (std::size_t i = 0; i < executors.size() && !ran; ++i) {
    ran = executors[(first + i) % executors.size()]->run_one();
  }
  throw_noted();
  return ran;
}

void Machine::run_all() {
  while (run_any()) {
  }
}

void Machine::pass(std::chrono::milliseconds by) {
  note_time();
  clock_.advance(by);
  note_time();
}

void Machine::jump() {
  note_time();
  clock_.jump_somewhere(random_, std::chrono::hours(2));
  note_time();
  say(fmt::format("the clock jumps to {}", to_unix_ms(clock_.now())));
}

/// The disk is slow: time passes, and others work, before it answers.
void Machine::overtake() {
  if (quiet_ || overtaking_ == 2 || random_.below(48) != 0) return;
  ++overtaking_;
  pass(std::chrono::milliseconds(random_.below(2000)));
  const std::array<SimExecutor*, 4> executors = {&storage_, &catalog_writer_, &lane_, &clients_};
  for (std::uint64_t i = random_.below(6); i > 0; --i) executors[random_.below(executors.size())]->run_one();
  --overtaking_;
}

os::SimFileSystem::Fault Machine::any_fault() {
  using Fault = os::SimFileSystem::Fault;
  return std::array{Fault::write, Fault::sync, Fault::read}[random_.below(3)];
}

Result<void> Machine::open() {
  PENSTOCK_TRY(catalog_, catalog::open_sqlite_catalog("data/catalog.sqlite3", catalog_options_));
  logs_ = framelog::embedded_store(files_, "data/logs", clock_, random_, log_options_);
  // Opening waits for the catalog and the logs, on the only thread that there is.
  catalog_writer_.set_at_once(true);
  storage_.set_at_once(true);
  const auto opened = open_layer();
  storage_.set_at_once(false);
  catalog_writer_.set_at_once(false);
  return opened;
}

/// On the way there the power may go again, or the disk may fail.
void Machine::open_after_faults() {
  files_.clear_faults();
  files_.set_full(false);
  for (int attempt = 0; !is_open(); ++attempt) {
    const bool tries_faults = attempt < 3;
    files_.lose_power_after(tries_faults && random_.below(4) == 0 ? 1 + random_.below(20) : UINT64_MAX);
    if (tries_faults && random_.below(6) == 0) files_.fail_after(any_fault(), 1 + random_.below(12));
    const std::uint64_t errors = files_.error_count();
    const auto opened = open();
    // A log that the disk refused to open stays closed while the server runs: start again.
    const bool refused = files_.error_count() > errors;
    if (opened.has_value() && files_.has_power() && !refused) break;
    say(opened.has_value() ? "opened without everything" : "opening failed: " + opened.error().message);
    const bool is_expected = opened.has_value() || opened.error().kind == ErrorKind::unavailable ||
                             opened.error().kind == ErrorKind::outcome_unknown;
    if (!is_expected && (has_opened_ || !was_cut_short(opened.error()))) {
      throw Violation{"opening: " + opened.error().message};
    }
    if (!is_expected) begin_catalog_anew(files_);
    if (!tries_faults) throw Violation{"cannot open on a healthy disk"};
    run_all();
    put_away();
    if (!files_.has_power()) {
      ++crashes_.losses;
      files_.restore_power();
    }
    files_.clear_faults();
  }
  files_.clear_faults();
  files_.lose_power_after(UINT64_MAX);
  has_opened_ = true;
  broken_ = false;
  say(fmt::format("open at {}", to_unix_ms(clock_.now())));
}

void Machine::put_away() {
  quiet_ = true;
  drop_layer();
  logs_.reset();
  catalog_.reset();
}

void Machine::close(bool cleanly) {
  if (cleanly) {
    files_.clear_faults();
    files_.set_full(false);
    files_.lose_power_after(UINT64_MAX);
    run_all();
  } else {
    if (random_.below(3) == 0) run_all();
    files_.lose_power();
    run_all();
  }
  wind_down();
  throw_noted();
  if (tasks_ != 0) throw Violation{"a call never completed"};
  put_away();
  if (cleanly) {
    say("closed");
    ++crashes_.clean_closes;
  } else if (random_.below(8) == 0) {
    say("killed");
    ++crashes_.kills;
    files_.restore_power(os::SimFileSystem::Survives::everything);
  } else {
    say("power loss");
    ++crashes_.losses;
    files_.restore_power();
  }
}

std::optional<std::string> Machine::flip_some_bit() {
  const auto logs = files_.list("data/logs");
  if (!logs.has_value() || logs->empty()) return std::nullopt;
  std::string hit = (*logs)[random_.below(logs->size())];
  const std::string log = "data/logs/" + hit;
  const auto names = files_.list(log);
  if (!names.has_value() || names->empty()) return std::nullopt;
  const std::string path = log + "/" + (*names)[random_.below(names->size())];
  std::uint64_t size = 0;
  {
    const auto file = files_.open(path, os::OpenMode::read);
    size = *(*file)->size();
  }
  if (size == 0) return std::nullopt;
  const std::uint64_t offset = random_.below(random_.below(2) == 0 ? size : std::min<std::uint64_t>(size, 2048));
  say(fmt::format("flip a bit at {} of {}", offset, path));
  files_.clear_faults();
  files_.set_full(false);
  files_.flip_bit(path, offset, static_cast<unsigned>(random_.below(8)));
  return hit;
}

void Machine::work() {
  quiet_ = false;
  const std::uint64_t steps = 3 + random_.below(40);
  if (random_.below(4) != 0) files_.lose_power_after(1 + random_.below(120));
  if (random_.below(4) == 0) {
    files_.fail_after(any_fault(), 1 + random_.below(60));
    broken_ = true;
  }
  for (std::uint64_t i = 0; i < steps && files_.has_power(); ++i) step();
  quiet_ = true;
}

}  // namespace penstock::sim
