#include "functions/runtime/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "functions/runtime/process_watch.h"
#include "functions/runtime/runtime_api.h"
#include "telemetry/log.h"

namespace penstock::functions::runtime {

namespace {

using State = Environment::State;

/// After its answer a runtime asks for the next invocation in well under this; one that does not is not waited for.
constexpr std::chrono::milliseconds kFinishingMax{25};
constexpr std::uint32_t kSlots = 10'000'000;
constexpr std::size_t kEndedGroupsMax = 4096;

}  // namespace

std::string version_key(const FunctionVersion& function) {
  return fmt::format("{}:{}", function.name, function.version);
}

std::map<std::string, std::size_t> EnvironmentPool::ready() const {
  std::map<std::string, std::size_t> out;
  for (const auto& [pointer, member] : all_) {
    const State state = member.environment->state();
    if (state == State::idle || state == State::busy || state == State::finishing) ++out[member.group];
  }
  return out;
}

EnvironmentPool::EnvironmentPool(const EnvironmentParts& parts, Observers observers)
    : parts_(parts),
      observers_(std::move(observers)),
      next_slot_(static_cast<std::uint32_t>(parts.random.below(kSlots))),
      self_(std::make_shared<EnvironmentPool*>(this)) {}

EnvironmentPool::~EnvironmentPool() { *self_ = nullptr; }

std::size_t EnvironmentPool::in_flight_of(const std::string& function) const {
  const auto at = in_flight_by_function_.find(function);
  return at == in_flight_by_function_.end() ? 0 : at->second;
}

std::size_t EnvironmentPool::in_flight_of_version(const std::string& key) const {
  const auto at = in_flight_by_version_.find(key);
  return at == in_flight_by_version_.end() ? 0 : at->second;
}

void EnvironmentPool::add(WorkPtr work) {
  ++in_flight_;
  ++in_flight_by_function_[work->invocation.function];
  ++in_flight_by_version_[version_key(*work->resolved.version)];
  if (is_stopping_) return on_done(std::move(work), fail(ErrorKind::unavailable, "the server stops"));
  const std::string key = version_key(*work->resolved.version);
  Group& group = groups_[key];
  adopt(group, key, work->resolved.version);
  group.warm_wanted = static_cast<std::size_t>(std::max(0, work->resolved.provisioned_concurrency));
  group.waiting.push_back(std::move(work));
  balance(key);
}

/// Environments of an older revision end when they are not busy; busy ones when they are done.
void EnvironmentPool::adopt(Group& group, const std::string& key, FunctionVersionPtr function) {
  const bool is_new = group.function == nullptr || group.function->revision_id != function->revision_id;
  group.function = std::move(function);
  if (!is_new) return;
  std::vector<std::shared_ptr<Environment>> old;
  for (const auto& [pointer, member] : all_) {
    const State state = member.environment->state();
    if (member.group == key && state != State::busy && state != State::gone &&
        member.environment->function()->revision_id != group.function->revision_id) {
      old.push_back(member.environment);
    }
  }
  for (const auto& environment : old) environment->retire();
}

void EnvironmentPool::refresh(const std::string& name,
                              const std::function<Result<Resolved>(std::string_view version)>& resolve) {
  std::vector<std::string> keys;
  for (const auto& [key, group] : groups_) {
    if (group.function != nullptr && group.function->name == name) keys.push_back(key);
  }
  for (const std::string& key : keys) {
    Group& group = groups_[key];
    auto resolved = resolve(group.function->version);
    if (resolved.has_value()) {
      adopt(group, key, resolved->version);
      group.warm_wanted = static_cast<std::size_t>(std::max(0, resolved->provisioned_concurrency));
    } else if (resolved.error().kind == ErrorKind::missing) {
      group.warm_wanted = 0;
      std::vector<std::shared_ptr<Environment>> old;
      for (const auto& [pointer, member] : all_) {
        if (member.group == key && member.environment->state() == State::idle) old.push_back(member.environment);
      }
      for (const auto& environment : old) environment->retire();
    }
    balance(key);
  }
}

void EnvironmentPool::keep_warm(const Resolved& resolved) {
  if (is_stopping_ || resolved.provisioned_concurrency <= 0) return;
  const std::string key = version_key(*resolved.version);
  Group& group = groups_[key];
  adopt(group, key, resolved.version);
  group.warm_wanted = static_cast<std::size_t>(resolved.provisioned_concurrency);
  balance(key);
}

EnvironmentPool::Group* EnvironmentPool::group_of(const Environment& environment) {
  const auto at = all_.find(&environment);
  if (at == all_.end()) return nullptr;
  const auto group = groups_.find(at->second.group);
  return group == groups_.end() ? nullptr : &group->second;
}

/// The one that was used last: the others may then become old and go.
std::shared_ptr<Environment> EnvironmentPool::idle_of(const std::string& key, const Group& group) {
  std::shared_ptr<Environment> best;
  for (const auto& [pointer, member] : all_) {
    if (member.group != key || member.environment->state() != State::idle) continue;
    if (member.environment->function()->revision_id != group.function->revision_id) continue;
    if (!best || member.environment->since() > best->since()) best = member.environment;
  }
  return best;
}

std::size_t EnvironmentPool::coming_of(const std::string& key, const Group& group) const {
  const SteadyTime now = parts_.clock.steady();
  return static_cast<std::size_t>(std::ranges::count_if(all_, [&](const auto& entry) {
    const Environment& environment = *entry.second.environment;
    if (entry.second.group != key || environment.function()->revision_id != group.function->revision_id) return false;
    const State state = environment.state();
    return state == State::starting || state == State::initializing ||
           (state == State::finishing && now - environment.since() < kFinishingMax);
  }));
}

std::size_t EnvironmentPool::usable_of(const std::string& key, const Group& group) const {
  return static_cast<std::size_t>(std::ranges::count_if(all_, [&](const auto& entry) {
    const Environment& environment = *entry.second.environment;
    return entry.second.group == key && environment.state() != State::gone &&
           environment.function()->revision_id == group.function->revision_id;
  }));
}

/// Whether one more environment may be: perhaps in the place of one that idles.
bool EnvironmentPool::make_room() {
  std::size_t living = 0;
  std::shared_ptr<Environment> oldest;
  for (const auto& [pointer, member] : all_) {
    const State state = member.environment->state();
    if (state != State::gone) ++living;
    if (state == State::idle && (!oldest || member.environment->since() < oldest->since())) oldest = member.environment;
  }
  if (living < parts_.options.concurrency_max) return true;
  if (!oldest) return false;
  oldest->retire();
  return true;
}

/// Each environment is a user of its own, and processes of one that was killed may take their time to go: a slot comes
/// again only after all others.
std::uint32_t EnvironmentPool::free_slot() {
  std::set<std::uint32_t> taken;
  for (const auto& [pointer, member] : all_) taken.insert(member.environment->slot());
  do {
    next_slot_ = (next_slot_ + 1) % kSlots;
  } while (taken.contains(next_slot_));
  return next_slot_;
}

void EnvironmentPool::start_one(const std::string& key, Group& group, bool provisioned) {
  const auto language = parts_.interpreters.check(group.function->runtime);
  if (!language.has_value()) {
    while (!group.waiting.empty()) {
      WorkPtr work = std::move(group.waiting.front());
      group.waiting.pop_front();
      on_done(std::move(work), std::unexpected(language.error()));
    }
    return;
  }
  auto environment = std::make_shared<Environment>(parts_, *this, group.function, *language, free_slot(), provisioned);
  all_.emplace(environment.get(), Member{environment, key});
  observers_.on_start(*group.function);
  environment->start();
}

void EnvironmentPool::balance(const std::string& key) {
  const auto found = groups_.find(key);
  if (found == groups_.end() || is_stopping_) return;
  Group& group = found->second;
  while (!group.waiting.empty()) {
    const auto environment = idle_of(key, group);
    if (!environment) break;
    if (environment->is_worn(parts_.clock.now())) {
      environment->retire();
      continue;
    }
    WorkPtr work = std::move(group.waiting.front());
    group.waiting.pop_front();
    environment->assign(std::move(work));
  }
  std::size_t coming = coming_of(key, group);
  if (!group.waiting.empty() && coming > 0 && !std::exchange(group.will_balance, true)) balance_later(key);
  for (; coming < group.waiting.size() && make_room(); ++coming) start_one(key, group, false);
  for (std::size_t usable = usable_of(key, group); usable < group.warm_wanted && make_room(); ++usable) {
    start_one(key, group, true);
  }
  if (group.waiting.empty() && group.warm_wanted == 0 && usable_of(key, group) == 0) {
    const bool in_use = std::ranges::any_of(all_, [&](const auto& entry) { return entry.second.group == key; });
    if (!in_use) groups_.erase(key);
  }
}

void EnvironmentPool::balance_later(const std::string& key) {
  auto timer = std::make_shared<boost::asio::steady_timer>(parts_.loop.context(), kFinishingMax);
  timer->async_wait([timer, self = self_, key](const boost::system::error_code& cancelled) {
    if (cancelled || *self == nullptr) return;
    EnvironmentPool& pool = **self;
    if (const auto group = pool.groups_.find(key); group != pool.groups_.end()) group->second.will_balance = false;
    pool.balance(key);
  });
}

void EnvironmentPool::on_idle(Environment& environment) {
  const auto at = all_.find(&environment);
  if (at == all_.end()) return;
  const Group* group = group_of(environment);
  if (is_stopping_ || group == nullptr || environment.function()->revision_id != group->function->revision_id) {
    return environment.retire();
  }
  balance(std::string(at->second.group));
  balance_all_waiting();
}

void EnvironmentPool::balance_all_waiting() {
  std::vector<std::string> keys;
  for (const auto& [key, group] : groups_) {
    if (!group.waiting.empty()) keys.push_back(key);
  }
  for (const std::string& key : keys) balance(key);
}

void EnvironmentPool::on_done(WorkPtr work, Result<InvocationResult> result) {
  --in_flight_;
  const auto at = in_flight_by_function_.find(work->invocation.function);
  if (--at->second == 0) in_flight_by_function_.erase(at);
  const auto version = in_flight_by_version_.find(version_key(*work->resolved.version));
  if (--version->second == 0) in_flight_by_version_.erase(version);
  observers_.on_done(*work, result);
  work->done.set(std::move(result));
}

void EnvironmentPool::on_failed(Environment& environment, StartFailure failure) {
  Group* group = group_of(environment);
  if (group == nullptr) return;
  // As many may go on waiting as others are still on their way; the one at the front has waited longest.
  const auto at = all_.find(&environment);
  const std::string key = at->second.group;
  if (!group->waiting.empty() && group->waiting.size() > coming_of(key, *group)) {
    WorkPtr work = std::move(group->waiting.front());
    group->waiting.pop_front();
    if (failure.error_type == "Sandbox.Timedout") {
      failure.document = timed_out_document(work->invocation.request_id, environment.function()->timeout);
    }
    environment.answer_for(std::move(work), failure);
  }
  // A function whose start fails is not started over and over for provisioned concurrency's sake alone.
  if (group->waiting.empty()) group->warm_wanted = 0;
}

void EnvironmentPool::on_gone(Environment& environment) {
  const auto at = all_.find(&environment);
  if (at == all_.end()) return;
  const auto keep = at->second.environment;
  const std::string key = at->second.group;
  if (auto group = environment.take_group(); group && !group->try_remove() && ended_groups_.size() < kEndedGroupsMax) {
    ended_groups_.push_back(std::move(group));
  }
  all_.erase(at);
  balance(key);
  balance_all_waiting();
}

void EnvironmentPool::tick() {
  std::vector<std::shared_ptr<Environment>> living;
  for (const auto& [pointer, member] : all_) living.push_back(member.environment);
  if (parts_.groups != nullptr) {
    for (const auto& environment : living) {
      if (environment->state() != State::idle) environment->check_memory();
    }
  } else {
    watch_processes();
  }
  std::erase_if(ended_groups_, [](const auto& group) { return group->try_remove(); });
  expire_idle();
  end_unfinished();
}

/// A runtime that gave its answer and never asks for another invocation takes a place for nothing.
void EnvironmentPool::end_unfinished() {
  const SteadyTime now = parts_.clock.steady();
  std::vector<std::shared_ptr<Environment>> stuck;
  for (const auto& [pointer, member] : all_) {
    const Environment& environment = *member.environment;
    if (environment.state() == State::finishing && now - environment.since() > environment.function()->timeout) {
      stuck.push_back(member.environment);
    }
  }
  for (const auto& environment : stuck) environment->retire();
}

/// Reading /proc takes its time: not on the loop.
void EnvironmentPool::watch_processes() {
  const bool any = std::ranges::any_of(all_, [](const auto& entry) {
    const State state = entry.second.environment->state();
    return entry.second.environment->process() != nullptr && state != State::idle && state != State::gone;
  });
  if (!any || std::exchange(is_watching_, true)) return;
  parts_.spawner.post([self = self_, &loop = parts_.loop] {
    auto table = std::make_shared<ProcessTable>(ProcessTable::read());
    loop.post([self, table] {
      if (*self == nullptr) return;
      EnvironmentPool& pool = **self;
      pool.is_watching_ = false;
      std::vector<std::shared_ptr<Environment>> living;
      for (const auto& [pointer, member] : pool.all_) living.push_back(member.environment);
      for (const auto& environment : living) {
        const os::Child* process = environment->process();
        if (process == nullptr || environment->state() == State::gone) continue;
        const TreeUse use = table->use_of(process->pid);
        environment->note_use(use.memory_bytes, use.processes);
      }
    });
  });
}

void EnvironmentPool::expire_idle() {
  const SteadyTime now = parts_.clock.steady();
  std::map<std::string, std::size_t> left;
  std::vector<std::shared_ptr<Environment>> old;
  for (const auto& [pointer, member] : all_) {
    if (member.environment->state() != State::gone) ++left[member.group];
  }
  for (const auto& [pointer, member] : all_) {
    if (member.environment->state() != State::idle) continue;
    const auto group = groups_.find(member.group);
    const std::size_t wanted = group == groups_.end() ? 0 : group->second.warm_wanted;
    const bool is_old = now - member.environment->since() >= parts_.options.idle_max && left[member.group] > wanted;
    if (!is_old && !member.environment->is_worn(parts_.clock.now())) continue;
    --left[member.group];
    old.push_back(member.environment);
  }
  for (const auto& environment : old) environment->retire();
}

void EnvironmentPool::retire_all() {
  is_stopping_ = true;
  for (auto& [key, group] : groups_) {
    while (!group.waiting.empty()) {
      WorkPtr work = std::move(group.waiting.front());
      group.waiting.pop_front();
      on_done(std::move(work), fail(ErrorKind::unavailable, "the server stops"));
    }
  }
  std::vector<std::shared_ptr<Environment>> living;
  for (const auto& [pointer, member] : all_) living.push_back(member.environment);
  for (const auto& environment : living) environment->retire();
}

}  // namespace penstock::functions::runtime
