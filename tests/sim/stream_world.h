#pragma once
/// One simulated machine with streams on it: the frame logs and the catalog (SQLite) on one disk, the stream layer
/// above, clients that put, read and change streams, and an oracle (stream_oracle.h).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/sqlite/sqlite_catalog.h"
#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "os/sim_file_system.h"
#include "simulated_parts.h"
#include "sqlite_vfs.h"
#include "stream/streams.h"
#include "stream_oracle.h"

namespace penstock::sim {

struct StreamCounts {
  std::uint64_t losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_closes = 0;
  std::uint64_t records = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t read_back = 0;
  std::uint64_t changes = 0;
  std::uint64_t changes_done = 0;
  std::uint64_t changes_unknown = 0;
  std::uint64_t healed = 0;
  std::uint64_t freed = 0;
  std::uint64_t flips = 0;
  std::uint64_t flips_reported = 0;
};

class StreamWorld {
 public:
  using Counts = StreamCounts;
  StreamWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~StreamWorld();
  /// Opens, works, ends somehow; `cycles` times over. Throws Violation.
  void run(int cycles);

 private:
  // The machine: stream_world.cc
  Result<void> open();
  void open_after_faults();
  void close(bool cleanly);
  void put_away();
  [[nodiscard]] os::SimFileSystem::Fault any_fault();
  void overtake();
  bool run_any();
  void run_all();
  void pass(std::chrono::milliseconds by);
  void jump();
  template <class T>
  T wait_for(Task<T> task);
  void guarded(const std::function<void()>& check);
  void throw_noted();
  void say(const std::string& what) const;
  void work();
  void step();
  void heal();
  void fill_and_free();
  void damage_and_check();

  // What clients do: stream_clients.cc
  void start_put();
  void start_put_to(const std::string& name, std::uint64_t count);
  void end_put(const std::string& name, const std::vector<std::size_t>& numbers, std::uint64_t epoch,
               const Result<stream::PutOutcomes>& outcomes);
  void start_change();
  [[nodiscard]] std::optional<Task<Result<void>>> any_change(const std::string& name, StreamChange& change);
  [[nodiscard]] std::optional<Task<Result<void>>> any_resharding(const stream::StreamInfo& info, StreamChange& change);
  void start_trim();
  void check_iterator();
  void read_to_end();
  [[nodiscard]] std::optional<stream::StreamInfo> look_up(const std::string& name) const;
  [[nodiscard]] std::set<std::string> consumers_of(const std::string& name) const;
  void verify_all(bool after_start);
  /// The error that ended the reading.
  std::optional<Error> verify(const std::string& name, bool after_start, bool is_whole);
  [[nodiscard]] Result<ShardReading> read_shard(const stream::StreamInfo& info, const stream::Shard& shard);
  std::string any_name();

  Counts& counts_;
  const bool verbose_;
  SeededRandom random_;
  os::SimFileSystem files_;
  SqliteVfs vfs_;
  SimClock clock_;
  SimExecutor storage_;
  SimExecutor catalog_writer_;
  SimExecutor lane_;
  SimExecutor clients_;
  framelog::EmbeddedOptions log_options_;
  catalog::SqliteOptions catalog_options_;
  stream::Settings settings_;
  StreamOracle oracle_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<framelog::FrameLogStore> logs_;
  std::unique_ptr<stream::Streams> streams_;
  std::uint64_t name_count_;
  std::uint64_t tasks_ = 0;  ///< of clients, under way
  bool trimming_ = false;
  std::optional<std::string> noted_;
  bool broken_ = false;      ///< since it was opened, a fault may have ended the writing
  bool quiet_ = true;        ///< nobody overtakes the disk
  bool has_opened_ = false;  ///< ever
  int overtaking_ = 0;
};

template <class T>
T StreamWorld::wait_for(Task<T> task) {
  std::optional<T> result;
  spawn_here(clients_, std::move(task), [&result](T value) { result.emplace(std::move(value)); });
  while (!result.has_value()) {
    if (!run_any()) throw Violation{"a task never completed"};
  }
  return *std::move(result);
}

}  // namespace penstock::sim
