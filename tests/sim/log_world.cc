#include "log_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace penstock::sim {

LogWorld::LogWorld(std::uint64_t seed, Counts& counts, bool verbose)
    : Machine(seed, counts, verbose), counts_(counts), name_count_(1 + random_.below(2)) {
  draw_options();
  options_ = {.block_bytes = 200U << random_.below(6), .executor = &lane_};
}

Result<void> LogWorld::open_layer() {
  PENSTOCK_TRY(store_, logs::LogStore::open(*catalog_, *logs_, clock_, random_, options_));
  return {};
}

void LogWorld::note_time() {
  for (const auto& [name, model] : models_) {
    if (!model.group) continue;
    std::optional<std::int32_t> days = model.group->retention_days;
    if (model.change && model.change->kind == Kind::retention && model.change->days) {
      days = std::min(days.value_or(INT32_MAX), *model.change->days);
    }
    if (!days) continue;
    Timestamp& expired = expired_before_[model.group->uid];
    expired = std::max(expired, clock_.now() - std::chrono::days(*days));
  }
}

void LogWorld::run(int cycles) {
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

void LogWorld::step() {
  switch (random_.below(20)) {
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
    case 8:
    case 9:
    case 10:
    case 11: start_change(); break;
    default: start_put(any_name()); break;
  }
  throw_noted();
  for (std::uint64_t i = random_.below(10); i > 0; --i) {
    if (!run_any()) break;
  }
}

/// There is room again: events are taken, unless a failing disk ended the writing.
void LogWorld::heal() {
  run_all();
  files_.set_full(false);
  const std::string name = any_name();
  const auto group = look_up(name);
  if (broken_ || !files_.has_power() || !group || group->streams.empty()) return;
  const std::uint64_t before = counts_.acknowledged;
  start_put(name);
  run_all();
  if (!files_.has_power() || broken_) return;
  if (counts_.acknowledged == before) throw Violation{"a healthy disk took no event"};
  ++counts_.healed;
}

/// A bit of a closed log flips: what it hits is reported, or does not matter. Nothing wrong is shown, and the other
/// groups are what they were. This ends a run.
void LogWorld::damage_and_check() {
  const auto hit = flip_some_bit();
  if (!hit) return;
  ++counts_.flips;
  if (const auto opened = open(); !opened.has_value()) throw Violation{"damage: " + opened.error().message};
  for (std::uint64_t i = 0; i < name_count_; ++i) {
    const std::string name = fmt::format("g{}", i);
    const auto group = look_up(name);
    const bool is_hit = group && logs::log_id_of(group->uid) == *hit;
    const auto error = verify(name, true, !is_hit);
    if (!error.has_value()) continue;
    if (!is_hit || error->kind != ErrorKind::corrupt) throw Violation{"damage: " + error->message};
    ++counts_.flips_reported;
  }
}

// ---- clients

std::string LogWorld::any_name() { return fmt::format("g{}", random_.below(name_count_)); }

void LogWorld::start_put(const std::string& name) {
  const auto group = look_up(name);
  if (!group || group->streams.empty()) return;
  const auto stream =
      std::next(group->streams.begin(), static_cast<std::ptrdiff_t>(random_.below(group->streams.size())));
  std::vector<logs::LogEvent> events;
  std::vector<std::size_t> numbers;
  for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) {
    const std::uint64_t ago = random_.below(2) == 0 ? 0 : random_.below(3ULL * 24 * 3600 * 1000);
    const std::string filler = random_.text(random_.below(random_.below(20) == 0 ? 7000 : 200), "0123456789abcdef");
    const std::size_t number = events_.size();
    events_.push_back({.uid = group->uid,
                       .stream = stream->second,
                       .time = clock_.now() - std::chrono::milliseconds(ago),
                       .message = fmt::format("{} {}", number, filler)});
    numbers.push_back(number);
    events.push_back({.time = events_.back().time, .message = events_.back().message});
  }
  counts_.events += numbers.size();
  ++tasks_;
  spawn_here(clients_, store_->put_events(name, stream->first, std::move(events)),
             [this, numbers](const Result<void>& result) {
               --tasks_;
               end_put(numbers, result);
             });
}

void LogWorld::end_put(const std::vector<std::size_t>& numbers, const Result<void>& result) {
  State state = State::acked;
  if (!result.has_value()) {
    const bool is_unknown = result.error().kind == ErrorKind::outcome_unknown;
    state = is_unknown ? State::unknown : State::never;
    broken_ = broken_ || is_unknown;
    say(fmt::format("event {}: {}", numbers.front(), result.error().message));
  }
  (state == State::acked     ? counts_.acknowledged
   : state == State::unknown ? counts_.unknown
                             : counts_.refused) += numbers.size();
  for (const std::size_t number : numbers) {
    Event& event = events_[number];
    if (event.state == State::acked && state == State::never) {
      guarded([&] { throw Violation{fmt::format("event {} was read and then refused", number)}; });
    }
    if (event.state == State::started) event.state = state;
  }
}

void LogWorld::start_change() {
  const std::string name = any_name();
  Model& model = models_[name];
  if (model.change) return;  // one at a time, so that it is known what it must lead to
  Change change;
  auto task = any_change(name, change);
  model.change = change;
  note_time();
  say(fmt::format("{}: change of kind {} begins", name, static_cast<int>(change.kind)));
  ++counts_.changes;
  ++tasks_;
  spawn_here(clients_, std::move(task), [this, name](const Result<void>& result) {
    --tasks_;
    say(fmt::format("{}: change: {}", name, result.has_value() ? "done" : result.error().message));
    guarded([&] { end_change(name, result); });
  });
}

Task<Result<void>> LogWorld::any_change(const std::string& name, Change& change) {
  const auto group = look_up(name);
  if (!group) {
    change.kind = Kind::create;
    return store_->create_group(name, "STANDARD", {});
  }
  change.stream = fmt::format("s{}", random_.below(3));
  const bool has_stream = group->streams.contains(change.stream);
  const std::uint64_t kind = random_.below(12);
  if (kind == 0) {
    change.kind = Kind::remove;
    return store_->remove_group(name);
  }
  if (kind < 4) {
    change.kind = Kind::retention;
    if (random_.below(4) != 0) change.days = static_cast<std::int32_t>(1 + random_.below(3));
    return store_->edit_group(name, [days = change.days](logs::GroupRecord& record) -> Result<void> {
      record.retention_days = days;
      return {};
    });
  }
  change.kind = has_stream ? Kind::drop_stream : Kind::add_stream;
  return has_stream ? store_->remove_stream(name, change.stream) : store_->create_stream(name, change.stream);
}

void LogWorld::start_trim() {
  if (std::exchange(trimming_, true)) return;
  ++tasks_;
  spawn_here(clients_, store_->trim_expired(clock_.now()), [this](const Result<void>& result) {
    --tasks_;
    trimming_ = false;
    if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) broken_ = true;
  });
}

// ---- the oracle

std::optional<LogWorld::Group> LogWorld::look_up(const std::string& name) const {
  const auto group = store_->find_group(name);
  if (group == nullptr) return std::nullopt;
  const logs::GroupRecord record = group->record();
  Group found{.uid = record.uid, .retention_days = record.retention_days, .streams = {}};
  for (const logs::StreamInfo& stream : group->list_streams("")) found.streams.emplace(stream.name, stream.id);
  return found;
}

bool LogWorld::may_have_expired(const Event& event) const {
  const auto expired = expired_before_.find(event.uid);
  return expired != expired_before_.end() && event.time < expired->second;
}

bool LogWorld::took_place(const Change& change, const std::optional<Group>& before, const std::optional<Group>& found) {
  if (change.kind == Kind::remove) return !found.has_value();
  if (!found) return false;
  if (change.kind == Kind::create) return !before && !found->retention_days && found->streams.empty();
  if (!before) return false;
  Group expected = *before;
  if (change.kind == Kind::retention) expected.retention_days = change.days;
  if (change.kind == Kind::drop_stream) expected.streams.erase(change.stream);
  if (change.kind == Kind::add_stream) {
    const auto at = found->streams.find(change.stream);
    if (at == found->streams.end()) return false;
    expected.streams.insert(*at);
  }
  return *found == expected;
}

void LogWorld::end_change(const std::string& name, const Result<void>& result) {
  Model& model = models_[name];
  note_time();
  const auto found = look_up(name);
  if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) {
    ++counts_.changes_unknown;
    broken_ = true;
    model.change->is_unknown = true;
    return;
  }
  const bool is_right = result.has_value() ? took_place(*model.change, model.group, found) : model.group == found;
  if (!is_right) {
    throw Violation{fmt::format("{}: a change of kind {} was {}, but does not show so", name,
                                static_cast<int>(model.change->kind), result.has_value() ? "done" : "refused")};
  }
  if (result.has_value()) ++counts_.changes_done;
  adopt(name, found);
}

void LogWorld::adopt(const std::string& name, const std::optional<Group>& found) {
  Model& model = models_[name];
  for (const auto& [stream, id] : found.value_or(Group{}).streams) {
    const bool is_known = model.group && model.group->streams.contains(stream) && model.group->streams.at(stream) == id;
    if (is_known) continue;
    const bool has_events = std::ranges::any_of(events_, [&](const Event& event) {
      return event.uid == found->uid && event.stream == id && event.state == State::acked && !may_have_expired(event);
    });
    if (has_events) throw Violation{fmt::format("{}: the new {} has events of an old stream", name, stream)};
  }
  model.group = found;
  model.change.reset();
  note_time();
}

void LogWorld::settle_group(const std::string& name) {
  Model& model = models_[name];
  const auto found = look_up(name);
  const bool is_right = found == model.group || (model.change && took_place(*model.change, model.group, found));
  if (!is_right) throw Violation{fmt::format("{} is not what it was", name)};
  adopt(name, found);
}

std::size_t LogWorld::check_event(const Group& group, const logs::StoredEvent& read,
                                  const std::string& stream_name) const {
  std::size_t number = 0;
  std::from_chars(read.message.data(), read.message.data() + read.message.size(), number);
  const bool is_known = number < events_.size() && events_[number].message == read.message;
  if (!is_known) throw Violation{"an event that nobody wrote: " + read.message.substr(0, 40)};
  const Event& event = events_[number];
  const auto stream = group.streams.find(stream_name);
  if (event.uid != group.uid || stream == group.streams.end() || stream->second != event.stream ||
      read.stream != event.stream) {
    throw Violation{fmt::format("event {} is in a stream that it was not written to", number)};
  }
  if (event.state == State::never) throw Violation{fmt::format("event {} was refused, and is there", number)};
  if (read.key.time_ms != to_unix_ms(event.time)) throw Violation{fmt::format("event {} has another time", number)};
  const bool is_over = group.retention_days && event.time < clock_.now() - std::chrono::days(*group.retention_days);
  if (is_over) throw Violation{fmt::format("event {} is past its retention, and shown", number)};
  return number;
}

/// All pages, in either direction.
Result<LogWorld::Numbers> LogWorld::read_group(const std::string& name, const Group& group, logs::EventQuery query) {
  Numbers found;
  std::optional<logs::EventKey> last;
  while (true) {
    query.events_max = 1 + random_.below(30);
    query.scan_bytes_max = 100U << random_.below(8);
    PENSTOCK_TRY(const logs::EventPage page, wait_for(store_->read(name, query)));
    counts_.read_back += page.events.size();
    for (std::size_t i = 0; i < page.events.size(); ++i) {
      const std::size_t at = query.newest ? page.events.size() - 1 - i : i;
      const logs::StoredEvent& event = page.events[at];
      const bool in_order = !last || (query.newest ? event.key < *last : event.key > *last);
      if (!in_order) throw Violation{fmt::format("{}: events out of order", name)};
      last = event.key;
      found.emplace(check_event(group, event, page.stream_names[at]), page.stream_names[at]);
    }
    if (!page.next) return found;
    (query.newest ? query.before : query.from) = *page.next;
  }
}

/// What was read, and what should have been.
void LogWorld::settle_events(const Group& group, const Numbers& found, bool after_start, bool is_whole) {
  for (std::size_t number = 0; number < events_.size(); ++number) {
    Event& event = events_[number];
    if (event.uid != group.uid) continue;
    if (found.contains(number)) {
      event.state = State::acked;
      continue;
    }
    if (!is_whole) continue;
    const bool has_stream = std::ranges::any_of(group.streams, [&](const auto& s) { return s.second == event.stream; });
    const bool may_be_gone = !has_stream || may_have_expired(event);
    if (event.state == State::acked && !may_be_gone) throw Violation{fmt::format("event {} is lost", number)};
    if (event.state == State::unknown && after_start && !may_be_gone) event.state = State::never;
  }
}

std::optional<Error> LogWorld::verify(const std::string& name, bool after_start, bool is_whole) {
  note_time();
  if (after_start) settle_group(name);
  const auto group = look_up(name);
  if (!group) return std::nullopt;
  const auto all = read_group(name, *group, {});
  if (!all.has_value()) return all.error();
  const auto back = read_group(name, *group, {.newest = true});
  if (!back.has_value()) return back.error();
  if (*all != *back) throw Violation{name + ": the two directions do not hold the same"};
  settle_events(*group, *all, after_start, is_whole);
  for (const auto& [stream, id] : group->streams) {
    const auto some = read_group(name, *group, {.streams = {stream}});
    if (!some.has_value()) return some.error();
    const auto count = static_cast<std::size_t>(
        std::ranges::count_if(*all, [&](const auto& event) { return event.second == stream; }));
    if (some->size() != count) throw Violation{fmt::format("{}: {} is not whole when read alone", name, stream)};
  }
  return std::nullopt;
}

/// Every group. Nobody else works meanwhile.
void LogWorld::verify_all(bool after_start) {
  const bool was_quiet = std::exchange(quiet_, true);
  for (std::uint64_t i = 0; i < name_count_ && files_.has_power(); ++i) {
    const std::string name = fmt::format("g{}", i);
    const std::uint64_t errors = files_.error_count();
    const auto error = verify(name, after_start, true);
    if (error.has_value() && files_.has_power() && files_.error_count() == errors) {
      throw Violation{fmt::format("reading {}: {}", name, error->message)};
    }
  }
  quiet_ = was_quiet;
}

}  // namespace penstock::sim
