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
    : Machine(seed, counts, verbose), counts_(counts), name_count_(1 + random_.below(2)) {
  draw_options();
  settings_.account = "000000000000";
  settings_.region = "us-east-1";
  settings_.updating = std::chrono::milliseconds(random_.below(2) * 300);
  settings_.limits.scalings_per_day.choice = stream::Limit::Choice::off;
  settings_.limits.encryption_changes_per_day.choice = stream::Limit::Choice::off;
  settings_.master_keys = std::make_shared<stream::MasterKeys>(*stream::parse_master_keys(kMasterKey));
  settings_.executor = &lane_;
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

Result<void> StreamWorld::open_layer() {
  PENSTOCK_TRY(streams_, stream::Streams::open(settings_, *catalog_, *logs_, clock_, random_));
  return {};
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
  if (!flip_some_bit()) return;
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
