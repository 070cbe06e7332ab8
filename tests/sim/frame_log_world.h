#pragma once
/// One simulated machine with one frame log on it, and an oracle that knows what the log may and must hold.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "os/sim_file_system.h"
#include "simulated_parts.h"

namespace penstock::sim {

struct Counts {
  std::uint64_t losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_closes = 0;
  std::uint64_t appends = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t trims = 0;
  std::uint64_t flips = 0;
  std::uint64_t flips_reported = 0;
  std::uint64_t bad_sectors = 0;
  std::uint64_t bad_sectors_refused = 0;
};

class FrameLogWorld {
 public:
  FrameLogWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~FrameLogWorld();
  /// Opens, works, ends somehow; `cycles` times over. Throws Violation.
  void run(int cycles);

 private:
  enum class State : std::uint8_t {
    started,  ///< nobody knows yet
    acked,    ///< must be there
    unknown,  ///< may be there; the next recovery decides for ever
    never,    ///< must not be there
  };
  struct Entry {
    std::string payload;
    State state = State::started;
    framelog::Position position;
    Timestamp time{};
    std::uint64_t ack_step = 0;
  };
  struct Shard {
    std::vector<Entry> entries;
  };

  void open();
  void open_after_faults();
  void close_cleanly();
  void crash();
  os::SimFileSystem::Fault any_fault();
  void work();
  void step();
  void start_appends();
  void start_trim();
  void check_some_read();
  void run_some(std::uint64_t jobs);
  void run_all();
  void settle_unknown();
  void verify(bool after_recovery, std::uint64_t may_miss_from_step);
  void verify_shard(std::uint32_t index, bool after_recovery, std::uint64_t may_miss_from_step);
  std::optional<Error> read_back(std::uint32_t index, bool after_recovery, std::uint64_t may_miss_from_step);
  void check_frame(std::uint32_t index, const framelog::StoredFrame& frame, std::size_t& next, bool& any,
                   bool after_recovery, std::uint64_t may_miss_from_step);
  void check_skipped(std::uint32_t index, std::size_t begin, std::size_t end, bool any, bool after_recovery,
                     std::uint64_t may_miss_from_step);
  struct Place {
    std::string path;
    std::uint64_t offset;
  };
  std::optional<Place> any_place();
  void read_past_bad_sector();
  void damage_and_check(bool sealed);
  std::string make_payload(std::uint32_t shard, std::size_t number);
  std::uint64_t last_ack_step() const;
  void say(const std::string& what) const;
  [[noreturn]] void violated(const std::string& what) const;
  void note_violation(std::string what);
  bool run_one(SimExecutor& executor);
  void overtake();

  Counts& counts_;
  const bool verbose_;
  SeededRandom random_;
  os::SimFileSystem files_;
  SimClock clock_;
  SimExecutor storage_;
  SimExecutor clients_;
  framelog::EmbeddedOptions options_;
  std::unique_ptr<framelog::FrameLogStore> store_;
  std::shared_ptr<framelog::FrameLog> log_;
  std::map<std::uint32_t, Shard> shards_;
  Timestamp trimmed_before_{};
  framelog::Position highest_seen_;
  std::uint64_t shard_count_;
  std::uint64_t big_one_in_;
  std::optional<std::string> noted_;
  bool ending_ = false;
  int overtaking_ = 0;     ///< jobs that run while the disk is busy with another
  bool poisoned_ = false;  ///< since the log was opened
};

}  // namespace penstock::sim
