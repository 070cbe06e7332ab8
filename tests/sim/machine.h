#pragma once
/// One simulated machine: the frame logs and the catalog (SQLite) on one disk, and the threads that serve them. What
/// runs above them, and the clients, are a world's own (stream_world.h, log_world.h, event_world.h).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "catalog/sqlite/sqlite_catalog.h"
#include "core/random.h"
#include "core/task.h"
#include "framelog/embedded/embedded_store.h"
#include "os/sim_file_system.h"
#include "simulated_parts.h"
#include "sqlite_vfs.h"

namespace penstock::sim {

struct CrashCounts {
  std::uint64_t losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_closes = 0;
};

class Machine {
 public:
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

 protected:
  Machine(std::uint64_t seed, CrashCounts& counts, bool verbose);
  /// Sizes and the like, from the seed.
  void draw_options();
  /// To be called by the destructor of what is at the end of the inheritance.
  void end();

  // ---- what runs above
  /// Builds it on the catalog and the logs, which are open.
  virtual Result<void> open_layer() = 0;
  virtual void drop_layer() = 0;
  /// The machine is about to be closed, or has no power any more: no call of a client may be left hanging.
  virtual void wind_down() {}
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Something that a client does.
  virtual void step() = 0;
  /// The clock is about to move, or moved.
  virtual void note_time() {}

  // ---- life and death
  Result<void> open();
  void open_after_faults();
  void work();
  void close(bool cleanly);
  void put_away();
  /// Of a log, while the machine is closed; which log. Nothing: there was none.
  std::optional<std::string> flip_some_bit();

  // ---- time, threads, faults
  [[nodiscard]] os::SimFileSystem::Fault any_fault();
  void overtake();
  bool run_any();
  void run_all();
  virtual void pass(std::chrono::milliseconds by);
  void jump();
  template <class T>
  T wait_for(Task<T> task);
  void guarded(const std::function<void()>& check);
  void throw_noted();
  void say(const std::string& what) const;

  CrashCounts& crashes_;
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
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<framelog::FrameLogStore> logs_;
  std::uint64_t tasks_ = 0;  ///< of clients, under way
  std::optional<std::string> noted_;
  bool broken_ = false;      ///< since it was opened, a fault may have ended the writing
  bool quiet_ = true;        ///< nobody overtakes the disk
  bool has_opened_ = false;  ///< ever
  int overtaking_ = 0;
};

template <class T>
T Machine::wait_for(Task<T> task) {
  std::optional<T> result;
  spawn_here(clients_, std::move(task), [&result](T value) { result.emplace(std::move(value)); });
  while (!result.has_value()) {
    if (!run_any()) throw Violation{"a task never completed"};
  }
  return *std::move(result);
}

}  // namespace penstock::sim
