#pragma once
/// A machine with streams on it, clients that put, read and change streams, and an oracle (stream_oracle.h).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machine.h"
#include "stream/streams.h"
#include "stream_oracle.h"

namespace penstock::sim {

struct StreamCounts : CrashCounts {
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

class StreamWorld final : public Machine {
 public:
  using Counts = StreamCounts;
  StreamWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~StreamWorld() override { end(); }
  /// Opens, works, ends somehow; `cycles` times over. Throws Violation.
  void run(int cycles);

 private:
  // The world: stream_world.cc
  Result<void> open_layer() override;
  void drop_layer() override { streams_.reset(); }
  [[nodiscard]] bool is_open() const override { return streams_ != nullptr; }
  void note_time() override { oracle_.note_time(clock_.now()); }
  void step() override;
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
  stream::Settings settings_;
  StreamOracle oracle_;
  std::unique_ptr<stream::Streams> streams_;
  std::uint64_t name_count_;
  bool trimming_ = false;
};

}  // namespace penstock::sim
