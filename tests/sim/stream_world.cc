#include "stream_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace penstock::sim {

namespace {

/// Of a full disk, for what frees space again (framelog/embedded/segment_file.cc).
constexpr std::uint64_t kKeptByLogs = 8U << 20U;
constexpr const char* kMasterKey = "sim 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

}  // namespace

StreamWorld::StreamWorld(std::uint64_t seed, Counts& counts, bool verbose)
    : counts_(counts),
      verbose_(verbose),
      random_(seed),
      files_(random_.u64()),
      vfs_(files_, random_.u64()),
      storage_(random_, SimExecutor::Kind::threads),
      catalog_writer_(random_, SimExecutor::Kind::single),
      lane_(random_, SimExecutor::Kind::single),
      clients_(random_, SimExecutor::Kind::queue),
      name_count_(1 + random_.below(2)) {
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
  settings_.account = "000000000000";
  settings_.region = "us-east-1";
  settings_.updating = std::chrono::milliseconds(random_.below(2) * 300);
  settings_.limits.scalings_per_day.choice = stream::Limit::Choice::off;
  settings_.limits.encryption_changes_per_day.choice = stream::Limit::Choice::off;
  settings_.master_keys = std::make_shared<stream::MasterKeys>(*stream::parse_master_keys(kMasterKey));
  settings_.executor = &lane_;
  static_cast<void>(files_.make_directories("data"));
  static_cast<void>(files_.sync_directory(""));
  files_.set_interlude([this] { overtake(); });
}

StreamWorld::~StreamWorld() {
  quiet_ = true;
  files_.lose_power();
  while (storage_.run_one() || catalog_writer_.run_one() || lane_.run_one() || clients_.run_one()) {
  }
  put_away();
}

void StreamWorld::say(const std::string& what) const {
  if (verbose_) std::printf("  [%llu] %s\n", static_cast<unsigned long long>(files_.change_count()), what.c_str());
}

/// In a completion, which no exception may leave: the violation is thrown when the job is over.
void StreamWorld::guarded(const std::function<void()>& check) {
  try {
    check();
  } catch (const Violation& violation) {
    if (!noted_.has_value()) noted_ = violation.what;
  }
}

void StreamWorld::throw_noted() {
  if (noted_.has_value()) throw Violation{*noted_};
}

/// Some job, of any thread; false when there is none.
bool StreamWorld::run_any() {
  const std::array<SimExecutor*, 4> executors = {&storage_, &catalog_writer_, &lane_, &clients_};
  const std::uint64_t first = random_.below(executors.size());
  bool ran = false;
  for (std::size_t i = 0; i < executors.size() && !ran; ++i) {
    ran = executors[(first + i) % executors.size()]->run_one();
  }
  throw_noted();
  return ran;
}

void StreamWorld::run_all() {
  while (run_any()) {
  }
}

void StreamWorld::pass(std::chrono::milliseconds by) {
  oracle_.note_time(clock_.now());
  clock_.advance(by);
  oracle_.note_time(clock_.now());
}

void StreamWorld::jump() {
  oracle_.note_time(clock_.now());
  clock_.jump_somewhere(random_, std::chrono::hours(2));
  oracle_.note_time(clock_.now());
  say(fmt::format("the clock jumps to {}", to_unix_ms(clock_.now())));
}

/// The disk is slow: time passes, and others work, before it answers.
void StreamWorld::overtake() {
  if (quiet_ || overtaking_ == 2 || random_.below(48) != 0) return;
  ++overtaking_;
  pass(std::chrono::milliseconds(random_.below(2000)));
  const std::array<SimExecutor*, 4> executors = {&storage_, &catalog_writer_, &lane_, &clients_};
  for (std::uint64_t i = random_.below(6); i > 0; --i) executors[random_.below(executors.size())]->run_one();
  --overtaking_;
}

os::SimFileSystem::Fault StreamWorld::any_fault() {
  using Fault = os::SimFileSystem::Fault;
  return std::array{Fault::write, Fault::sync, Fault::read}[random_.below(3)];
}

void StreamWorld::run(int cycles) {
  for (int i = 0; i < cycles; ++i) {
    open_after_faults();
    verify_all(true);
    work();
    close(random_.below(10) == 0);
    if (random_.below(12) == 0) return damage_and_check();
  }
  open_after_faults();
  verify_all(true);
  close(true);
}

Result<void> StreamWorld::open() {
  PENSTOCK_TRY(catalog_, catalog::open_sqlite_catalog("data/catalog.sqlite3", catalog_options_));
  logs_ = framelog::embedded_store(files_, "data/logs", clock_, random_, log_options_);
  // Opening waits for the catalog, on the only thread that there is.
  catalog_writer_.set_at_once(true);
  auto opened = stream::Streams::open(settings_, *catalog_, *logs_, clock_, random_);
  catalog_writer_.set_at_once(false);
  PENSTOCK_TRY(streams_, std::move(opened));
  return {};
}

/// On the way there the power may go again, or the disk may fail.
void StreamWorld::open_after_faults() {
  files_.clear_faults();
  files_.set_full(false);
  for (int attempt = 0; streams_ == nullptr; ++attempt) {
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
    if (!tries_faults) throw Violation{"cannot open streams on a healthy disk"};
    run_all();
    put_away();
    if (!files_.has_power()) {
      ++counts_.losses;
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

void StreamWorld::put_away() {
  quiet_ = true;
  streams_.reset();
  logs_.reset();
  catalog_.reset();
}

void StreamWorld::close(bool cleanly) {
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
  if (tasks_ != 0) throw Violation{"a call never completed"};
  put_away();
  if (cleanly) {
    say("closed");
    ++counts_.clean_closes;
  } else if (random_.below(8) == 0) {
    say("killed");
    ++counts_.kills;
    files_.restore_power(os::SimFileSystem::Survives::everything);
  } else {
    say("power loss");
    ++counts_.losses;
    files_.restore_power();
  }
}

void StreamWorld::work() {
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

void StreamWorld::step() {
  switch (random_.below(26)) {
    case 0: pass(std::chrono::milliseconds(random_.below(2000))); break;
    case 1: pass(std::chrono::minutes(random_.below(random_.below(3) == 0 ? 2000 : 200))); break;
    case 2: jump(); break;
    case 3: start_trim(); break;
    case 4: files_.set_full(random_.below(3) == 0); break;
    case 5: heal(); break;
    case 6: run_all(); break;
    case 7:
      run_all();
      verify_all(false);
      break;
    case 8: check_iterator(); break;
    case 9:
      if (random_.below(10) == 0) fill_and_free();
      break;
    case 10:
    case 24: read_to_end(); break;
    case 11:
    case 12:
    case 13: start_change(); break;
    default: start_put(); break;
  }
  throw_noted();
  for (std::uint64_t i = random_.below(10); i > 0; --i) {
    if (!run_any()) break;
  }
}

/// There is room again: puts work, unless a failing disk ended the writing.
void StreamWorld::heal() {
  run_all();
  files_.set_full(false);
  if (broken_ || !files_.has_power()) return;
  const std::string name = any_name();
  if (!look_up(name).has_value()) return;
  const std::uint64_t before = counts_.acknowledged;
  start_put_to(name, 1);
  run_all();
  if (!files_.has_power() || broken_) return;
  if (counts_.acknowledged == before) throw Violation{"a healthy disk took no record"};
  ++counts_.healed;
}

/// The disk fills up: puts are refused, reads go on; what retention frees brings the puts back.
void StreamWorld::fill_and_free() {
  run_all();
  files_.set_full(false);
  const std::string name = any_name();
  if (broken_ || !files_.has_power() || !look_up(name).has_value()) return;
  constexpr std::uint64_t kPlenty = 1ULL << 40U;
  files_.set_capacity(kPlenty);
  const std::uint64_t used = kPlenty - files_.free_bytes("").value_or(kPlenty);
  files_.set_capacity(used + kKeptByLogs + (128U << 10U) + random_.below(64U << 10U));
  const std::uint64_t refused = counts_.refused;
  for (int i = 0; i < 100 && counts_.refused == refused && files_.has_power() && !broken_; ++i) {
    start_put_to(name, 6);
    run_all();
  }
  const bool is_full = counts_.refused > refused;
  if (is_full) verify_all(false);
  pass(std::chrono::hours(80));  // longer than any retention here
  if (is_full && files_.has_power() && !broken_) {
    static_cast<void>(wait_for(streams_->trim_expired(clock_.now())));
    const std::uint64_t before = counts_.acknowledged;
    start_put_to(name, 1);
    run_all();
    if (files_.has_power() && !broken_ && counts_.acknowledged == before) {
      throw Violation{"retention freed the disk, but it takes no record"};
    }
    ++counts_.freed;
  }
  files_.set_capacity(UINT64_MAX);
}

/// A bit of a closed log flips: what it hits is reported, or does not matter. Nothing wrong is served. This ends a run.
void StreamWorld::damage_and_check() {
  const auto logs = files_.list("data/logs");
  if (!logs.has_value() || logs->empty()) return;
  const std::string log = "data/logs/" + (*logs)[random_.below(logs->size())];
  const auto names = files_.list(log);
  if (!names.has_value() || names->empty()) return;
  const std::string path = log + "/" + (*names)[random_.below(names->size())];
  std::uint64_t size = 0;
  {
    const auto file = files_.open(path, os::OpenMode::read);
    size = *(*file)->size();
  }
  if (size == 0) return;
  const std::uint64_t offset = random_.below(random_.below(2) == 0 ? size : std::min<std::uint64_t>(size, 2048));
  say(fmt::format("flip a bit at {} of {}", offset, path));
  files_.clear_faults();
  files_.set_full(false);
  files_.flip_bit(path, offset, static_cast<unsigned>(random_.below(8)));
  ++counts_.flips;
  if (const auto opened = open(); !opened.has_value()) throw Violation{"damage: " + opened.error().message};
  bool reported = false;
  for (std::uint64_t i = 0; i < name_count_; ++i) {
    const auto error = verify(fmt::format("s{}", i), true, false);
    if (!error.has_value()) continue;
    reported = true;
    const bool fits = error->kind == ErrorKind::corrupt || error->kind == ErrorKind::unavailable;
    if (!fits) throw Violation{"damage: " + error->message};
  }
  if (reported) ++counts_.flips_reported;
}

}  // namespace penstock::sim
