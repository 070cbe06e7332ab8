#pragma once
/// A machine with log groups on it (LogStore), clients that write, read and change them, and an oracle.
/// An event: acknowledged or seen, it is there once, unchanged, in its stream, until its retention is over or its
/// stream is deleted. A change: as in stream_oracle.h.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "logs/log_store.h"
#include "machine.h"

namespace penstock::sim {

struct LogCounts : CrashCounts {
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t read_back = 0;
  std::uint64_t changes = 0;
  std::uint64_t changes_done = 0;
  std::uint64_t changes_unknown = 0;
  std::uint64_t healed = 0;
  std::uint64_t flips = 0;
  std::uint64_t flips_reported = 0;
};

class LogWorld final : public Machine {
 public:
  using Counts = LogCounts;
  LogWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~LogWorld() override { end(); }
  /// Opens, works, ends somehow; `cycles` times over. Throws Violation.
  void run(int cycles);

 private:
  enum class State : std::uint8_t {
    started,  ///< nobody knows yet
    acked,    ///< must be there
    unknown,  ///< may be there; the next start decides for ever
    never,    ///< must not be there
  };
  struct Event {
    std::string uid;  ///< of the group
    logs::StreamId stream = 0;
    Timestamp time{};
    std::string message;
    State state = State::started;
  };
  /// A group as it shows, or should.
  struct Group {
    std::string uid;
    std::optional<std::int32_t> retention_days;
    std::map<std::string, logs::StreamId> streams;
    bool operator==(const Group&) const = default;
  };
  struct Change {
    enum class Kind : std::uint8_t { create, remove, add_stream, drop_stream, retention };
    Kind kind{};
    std::string stream{};
    std::optional<std::int32_t> days{};
    bool is_unknown = false;
  };
  using Kind = Change::Kind;
  struct Model {
    std::optional<Group> group;  ///< nullopt: there is none of that name
    std::optional<Change> change;
  };
  using Numbers = std::map<std::size_t, std::string>;  ///< of events, and the streams that they were read from

  // The world
  Result<void> open_layer() override;
  void drop_layer() override { store_.reset(); }
  [[nodiscard]] bool is_open() const override { return store_ != nullptr; }
  void note_time() override;
  void step() override;
  void heal();
  void damage_and_check();

  // Clients
  std::string any_name();
  void start_put(const std::string& name);
  void end_put(const std::vector<std::size_t>& numbers, const Result<void>& result);
  void start_change();
  [[nodiscard]] Task<Result<void>> any_change(const std::string& name, Change& change);
  void start_trim();

  // The oracle
  [[nodiscard]] std::optional<Group> look_up(const std::string& name) const;
  [[nodiscard]] bool may_have_expired(const Event& event) const;
  [[nodiscard]] static bool took_place(const Change& change, const std::optional<Group>& before,
                                       const std::optional<Group>& found);
  void end_change(const std::string& name, const Result<void>& result);
  void settle_group(const std::string& name);
  /// From now on the group is as found.
  void adopt(const std::string& name, const std::optional<Group>& found);
  void verify_all(bool after_start);
  /// The error that ended the reading.
  std::optional<Error> verify(const std::string& name, bool after_start, bool is_whole);
  [[nodiscard]] Result<Numbers> read_group(const std::string& name, const Group& group, logs::EventQuery query);
  std::size_t check_event(const Group& group, const logs::StoredEvent& read, const std::string& stream_name) const;
  void settle_events(const Group& group, const Numbers& found, bool after_start, bool is_whole);

  Counts& counts_;
  std::uint64_t name_count_;
  logs::LogStoreOptions options_;
  std::unique_ptr<logs::LogStore> store_;
  std::map<std::string, Model> models_;
  std::vector<Event> events_;
  std::map<std::string, Timestamp> expired_before_;  ///< by uid: what was older may be gone
  bool trimming_ = false;
};

}  // namespace penstock::sim
