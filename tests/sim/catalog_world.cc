#include "catalog_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace penstock::sim {

using catalog::Change;
using catalog::Version;

namespace {

constexpr const char* kPath = "data/catalog.sqlite3";

}  // namespace

CatalogWorld::CatalogWorld(std::uint64_t seed, Counts& counts, bool verbose)
    : counts_(counts),
      verbose_(verbose),
      random_(seed),
      files_(random_.u64()),
      vfs_(files_, random_.u64()),
      writer_(random_, SimExecutor::Kind::single),
      clients_(random_, SimExecutor::Kind::queue),
      options_{.vfs = SqliteVfs::kName,
               .files = &files_,
               .executor = &writer_,
               .checkpoint_pages = 2 + static_cast<int>(random_.below(40))},
      key_count_(1 + random_.below(30)) {
  static_cast<void>(files_.make_directories("data"));
  static_cast<void>(files_.sync_directory(""));
  files_.set_interlude([this] { overtake(); });
}

CatalogWorld::~CatalogWorld() {
  ending_ = true;
  files_.lose_power();
  run_all();
  watching_.reset();
  catalog_.reset();
}

void CatalogWorld::say(const std::string& what) const {
  if (verbose_) std::printf("  [%llu] %s\n", static_cast<unsigned long long>(files_.change_count()), what.c_str());
}

void CatalogWorld::note_violation(std::string what) {
  if (!noted_.has_value()) noted_ = std::move(what);
}

bool CatalogWorld::run_one(SimExecutor& executor) {
  const bool ran = executor.run_one();
  if (noted_.has_value() && !ending_) throw Violation{*noted_};
  return ran;
}

void CatalogWorld::run_all() {
  for (bool ran = true; ran;) {
    ran = run_one(writer_);
    ran = run_one(clients_) || ran;
  }
}

/// The disk is slow: clients go on while the writer waits for it.
void CatalogWorld::overtake() {
  if (ending_ || overtaking_ == 1 || random_.below(32) != 0) return;
  ++overtaking_;
  for (std::uint64_t i = random_.below(4); i > 0; --i) {
    if (!clients_.run_one()) break;
  }
  if (catalog_ != nullptr && random_.below(2) == 0) start_commit();
  --overtaking_;
}

os::SimFileSystem::Fault CatalogWorld::any_fault() {
  using Fault = os::SimFileSystem::Fault;
  return std::array{Fault::write, Fault::sync, Fault::read}[random_.below(3)];
}

void CatalogWorld::run(int cycles) {
  for (int i = 0; i < cycles; ++i) {
    open_after_faults();
    verify();
    work();
    close(random_.below(6) == 0);
  }
  open_after_faults();
  verify();
  close(true);
}

void CatalogWorld::open() {
  auto opened = catalog::open_sqlite_catalog(kPath, options_);
  if (opened.has_value()) {
    catalog_ = *std::move(opened);
    watched_ = 0;
    watching_ = catalog_->watch("", [this](const catalog::Event& event) {
      if (event.version < watched_) note_violation("a watcher saw versions go back");
      watched_ = event.version;
    });
    return;
  }
  say("opening failed: " + opened.error().message);
  if (opened.error().kind == ErrorKind::unavailable) return;
  if (has_opened_ || !was_cut_short(opened.error())) throw Violation{"opening: " + opened.error().message};
  begin_catalog_anew(files_);
}

/// On the way there the power may go again, or the disk may fail.
void CatalogWorld::open_after_faults() {
  files_.clear_faults();
  files_.set_full(false);
  for (int attempt = 0; catalog_ == nullptr; ++attempt) {
    if (attempt < 3 && random_.below(4) == 0) files_.lose_power_after(1 + random_.below(12));
    if (attempt < 3 && random_.below(6) == 0) files_.fail_after(any_fault(), 1 + random_.below(8));
    if (attempt < 3 && random_.below(12) == 0) files_.set_full(true);
    open();
    if (catalog_ != nullptr) break;
    if (attempt > 3) throw Violation{"cannot open a catalog on a healthy disk"};
    if (!files_.has_power()) {
      ++counts_.losses;
      files_.restore_power();
    }
    files_.clear_faults();
    files_.set_full(false);
  }
  files_.clear_faults();
  files_.set_full(false);
  has_opened_ = true;
  broken_ = false;
  say("open");
}

void CatalogWorld::work() {
  const std::uint64_t steps = 3 + random_.below(40);
  if (random_.below(4) != 0) files_.lose_power_after(1 + random_.below(80));
  if (random_.below(4) == 0) {
    files_.fail_after(any_fault(), 1 + random_.below(30));
    broken_ = true;
  }
  for (std::uint64_t i = 0; i < steps && files_.has_power(); ++i) step();
}

void CatalogWorld::step() {
  switch (random_.below(10)) {
    case 0: files_.set_full(random_.below(3) == 0); break;
    case 1: heal(); break;
    case 2: run_all(); break;
    default: start_commit(); break;
  }
  for (std::uint64_t i = random_.below(6); i > 0; --i) {
    const bool ran = random_.below(2) == 0 ? run_one(writer_) : run_one(clients_);
    static_cast<void>(ran);
  }
}

std::string CatalogWorld::mark_of(std::size_t number) { return fmt::format("mark/{:06}", number); }

void CatalogWorld::start_commit() {
  const std::size_t number = commits_.size();
  Commit commit;
  for (std::uint64_t i = random_.below(5); i > 0; --i) {
    std::string key = fmt::format("key/{}", random_.below(key_count_));
    const auto is_same = [&](const Change& change) { return change.key == key; };
    if (std::ranges::any_of(commit.changes, is_same)) continue;
    Change change{.key = key, .expected = std::nullopt, .bytes = std::nullopt};
    if (random_.below(4) != 0) {
      change.bytes = fmt::format("{}/{}", number, i);
      const std::uint64_t size = random_.below(random_.below(20) == 0 ? 40'000 : 900);
      change.bytes->resize(change.bytes->size() + size, 'x');
    }
    if (random_.below(3) == 0) {
      const auto now = catalog_->get(key);
      change.expected = now ? now->version : 0;
    }
    commit.changes.push_back(std::move(change));
  }
  commit.changes.push_back({.key = mark_of(number), .expected = 0, .bytes = "done"});
  commits_.push_back(commit);
  ++counts_.commits;
  spawn_here(clients_, catalog_->commit(std::move(commit.changes)),
             [this, number](Result<Version> result) { end_commit(number, std::move(result)); });
}

void CatalogWorld::end_commit(std::size_t number, Result<Version> result) {
  Commit& commit = commits_[number];
  if (result.has_value()) {
    ++counts_.acknowledged;
    commit.state = State::acked;
    commit.version = *result;
    if (watched_ < *result) note_violation("acknowledged before the watchers were told");
    const auto mark = catalog_->get(mark_of(number));
    if (!mark.has_value() || mark->version != *result) note_violation("an acknowledged commit is not seen");
    return;
  }
  say(fmt::format("commit {}: {}", number, result.error().message));
  switch (result.error().kind) {
    case ErrorKind::conflict:
      ++counts_.conflicts;
      commit.state = State::never;
      commit.conflicted = true;
      break;
    case ErrorKind::unavailable:
    case ErrorKind::throttled:
      ++counts_.refused;
      commit.state = State::never;
      break;
    case ErrorKind::outcome_unknown:
      ++counts_.unknown;
      commit.state = State::unknown;
      broken_ = true;
      break;
    default: note_violation("commit: " + result.error().message);
  }
}

/// There is room again: commits work, unless a failing disk ended the writing.
void CatalogWorld::heal() {
  run_all();
  files_.set_full(false);
  if (broken_ || !files_.has_power()) return;
  const std::size_t number = commits_.size();
  start_commit();
  run_all();
  if (!files_.has_power()) return;
  if (commits_[number].state != State::acked && !commits_[number].conflicted)
    throw Violation{"a healthy disk took no commit"};
  ++counts_.healed;
}

void CatalogWorld::close(bool cleanly) {
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
  watching_.reset();
  catalog_.reset();
  settle();
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

void CatalogWorld::settle() {
  const auto is_open = [](const Commit& commit) { return commit.state == State::started; };
  if (std::ranges::any_of(commits_, is_open)) throw Violation{"a commit never completed"};
}

/// What the commits that took place leave behind, in the order of their versions.
CatalogWorld::Documents CatalogWorld::replay() const {
  std::map<Version, const Commit*> in_order;
  for (const Commit& commit : commits_) {
    if (commit.state != State::acked) continue;
    if (!in_order.emplace(commit.version, &commit).second) {
      throw Violation{fmt::format("version {} was given twice", commit.version)};
    }
  }
  Documents documents;
  for (const auto& [version, commit] : in_order) {
    for (const Change& change : commit->changes) {
      const auto held = documents.find(change.key);
      const Version now = held == documents.end() ? 0 : held->second.version;
      if (change.expected.has_value() && *change.expected != now) {
        throw Violation{fmt::format("version {} broke its expectation of {}", version, change.key)};
      }
      if (change.bytes.has_value()) {
        documents.insert_or_assign(change.key, Held{.version = version, .bytes = *change.bytes});
      } else {
        documents.erase(change.key);
      }
    }
  }
  return documents;
}

/// After an opening: every document is what the acknowledged commits, and whole ones of the unknown, made it.
void CatalogWorld::verify() {
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    Commit& commit = commits_[i];
    const auto mark = catalog_->get(mark_of(i));
    if (commit.state == State::unknown) {
      commit.state = mark.has_value() ? State::acked : State::never;
      if (mark.has_value()) commit.version = mark->version;
    }
    if (commit.state == State::acked && !mark.has_value()) {
      throw Violation{fmt::format("commit {} (version {}): acknowledged, yet missing", i, commit.version)};
    }
    if (commit.state == State::never && mark.has_value()) {
      throw Violation{fmt::format("commit {}: was refused, yet is there", i)};
    }
  }
  const Documents expected = replay();
  const auto found = catalog_->list("");
  if (found.size() != expected.size()) throw Violation{"documents from nowhere, or lost ones"};
  for (const auto& document : found) {
    const auto at = expected.find(document.key);
    if (at == expected.end() || at->second.version != document.version || at->second.bytes != *document.bytes) {
      throw Violation{document.key + " is not what was committed last"};
    }
  }
}

}  // namespace penstock::sim
