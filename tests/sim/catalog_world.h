#pragma once
/// One simulated machine with a catalog on it, and an oracle that knows which commits it may and must hold.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/sqlite/sqlite_catalog.h"
#include "core/random.h"
#include "os/sim_file_system.h"
#include "simulated_parts.h"
#include "sqlite_vfs.h"

namespace penstock::sim {

struct CatalogCounts {
  std::uint64_t losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_closes = 0;
  std::uint64_t commits = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t healed = 0;
};

class CatalogWorld {
 public:
  using Counts = CatalogCounts;
  CatalogWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~CatalogWorld();
  /// Opens, commits, ends somehow; `cycles` times over. Throws Violation.
  void run(int cycles);

 private:
  enum class State : std::uint8_t {
    started,  ///< nobody knows yet
    acked,    ///< must be there
    unknown,  ///< may be there; the next recovery decides for ever
    never,    ///< must not be there
  };
  /// Each commit also puts a document that names it, so that it shows whether it took place.
  struct Commit {
    std::vector<catalog::Change> changes;
    State state = State::started;
    bool conflicted = false;
    catalog::Version version = 0;
  };
  struct Held {
    catalog::Version version;
    std::string bytes;
  };
  using Documents = std::map<std::string, Held>;

  [[nodiscard]] static std::string mark_of(std::size_t number);
  void open();
  void open_after_faults();
  void work();
  void step();
  void start_commit();
  void end_commit(std::size_t number, Result<catalog::Version> result);
  void heal();
  void close(bool cleanly);
  void settle();
  void verify();
  [[nodiscard]] Documents replay() const;
  [[nodiscard]] os::SimFileSystem::Fault any_fault();
  void overtake();
  bool run_one(SimExecutor& executor);
  void run_all();
  void note_violation(std::string what);
  void say(const std::string& what) const;

  Counts& counts_;
  const bool verbose_;
  SeededRandom random_;
  os::SimFileSystem files_;
  SqliteVfs vfs_;
  SimClock clock_;
  SimExecutor writer_;
  SimExecutor clients_;
  catalog::SqliteOptions options_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::Subscription> watching_;
  std::vector<Commit> commits_;
  catalog::Version watched_ = 0;
  std::uint64_t key_count_;
  std::optional<std::string> noted_;
  bool broken_ = false;  ///< since it was opened, a fault may have ended the writing
  bool ending_ = false;
  bool has_opened_ = false;  ///< ever
  int overtaking_ = 0;
};

}  // namespace penstock::sim
