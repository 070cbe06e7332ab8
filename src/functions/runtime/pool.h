#pragma once
/// Which environment runs which invocation. Used by local_invoker.cc.
/// Threads: the loop's alone. Bounds: concurrency_max invocations under way, and as many environments; more only while
///          those that were killed end.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "functions/runtime/environment.h"

namespace penstock::functions::runtime {

/// "NAME:VERSION".
[[nodiscard]] std::string version_key(const FunctionVersion& function);

class EnvironmentPool final : public EnvironmentOwner {
 public:
  /// Who counts.
  struct Observers {
    std::function<void(const Work& work, const Result<InvocationResult>& result)> on_done;
    std::function<void(const FunctionVersion& function)> on_start;  ///< of an environment
  };

  EnvironmentPool(const EnvironmentParts& parts, Observers observers);
  ~EnvironmentPool() override;

  /// Answers in time, whatever happens.
  void add(WorkPtr work);
  /// What is known of the function may be old: `resolve(version)` tells the revision and the environments that are to
  /// be kept warm; an error: it is gone.
  void refresh(const std::string& name, const std::function<Result<Resolved>(std::string_view version)>& resolve);
  /// Starts what is missing of a version's provisioned environments.
  void keep_warm(const Resolved& resolved);
  /// Once a tick: memory, idle environments, control groups whose processes have ended.
  void tick();
  void retire_all();

  [[nodiscard]] std::size_t environment_count() const { return all_.size(); }
  /// By "NAME:VERSION": those that are idle or busy.
  [[nodiscard]] std::map<std::string, std::size_t> ready() const;
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t in_flight_of(const std::string& function) const;
  [[nodiscard]] std::size_t in_flight_of_version(const std::string& key) const;  ///< "NAME:VERSION"

  void on_idle(Environment& environment) override;
  void on_done(WorkPtr work, Result<InvocationResult> result) override;
  void on_failed(Environment& environment, StartFailure failure) override;
  void on_gone(Environment& environment) override;

 private:
  /// The environments of one version.
  struct Group {
    FunctionVersionPtr function;  ///< the newest revision
    std::deque<WorkPtr> waiting;
    std::size_t warm_wanted = 0;
    bool will_balance = false;  ///< balance_later is under way
  };
  struct Member {
    std::shared_ptr<Environment> environment;
    std::string group;
  };

  [[nodiscard]] Group* group_of(const Environment& environment);
  void balance(const std::string& key);
  /// There may be room now for those that found none.
  void balance_all_waiting();
  void balance_later(const std::string& key);
  void adopt(Group& group, const std::string& key, FunctionVersionPtr function);
  [[nodiscard]] std::shared_ptr<Environment> idle_of(const std::string& key, const Group& group);
  /// Counts the group's environments that will soon be idle, those in `finishing` only for a short while.
  [[nodiscard]] std::size_t coming_of(const std::string& key, const Group& group) const;
  [[nodiscard]] std::size_t usable_of(const std::string& key, const Group& group) const;
  [[nodiscard]] bool make_room();
  void start_one(const std::string& key, Group& group, bool provisioned);
  [[nodiscard]] std::uint32_t free_slot();
  void expire_idle();
  void end_unfinished();
  void watch_processes();

  const EnvironmentParts& parts_;
  Observers observers_;
  std::map<std::string, Group> groups_;
  std::map<const Environment*, Member> all_;  ///< until their processes have ended
  std::map<std::string, std::size_t> in_flight_by_function_;
  std::map<std::string, std::size_t> in_flight_by_version_;
  std::size_t in_flight_ = 0;
  std::vector<std::unique_ptr<ControlGroup>> ended_groups_;
  std::uint32_t next_slot_;
  bool is_watching_ = false;
  bool is_stopping_ = false;
  /// Gone with the pool: what is posted and timed asks it first.
  std::shared_ptr<EnvironmentPool*> self_;
};

}  // namespace penstock::functions::runtime
