#include "consumers/shard_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/source_access.h"
#include "telemetry/log.h"

namespace penstock::consumers {

namespace {

constexpr std::size_t kPageBytes = 1U << 20U;
constexpr std::size_t kPageBytesWhenShort = 64U << 10U;  ///< while half of the memory for records is taken
constexpr std::size_t kRecordBytes = sizeof(stream::ReadRecord) + sizeof(LaneRecord);
constexpr std::size_t kRoomLeft = 1U << 20U;  ///< what a small page may be charged with

std::uint64_t fnv_1a(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0000'0100'0000'01b3ULL;
  return hash;
}

}  // namespace

std::size_t lane_of(std::string_view partition_key, std::size_t lanes) {
  if (lanes == 1) return 0;
  const std::uint64_t hash = fnv_1a(partition_key);
  return static_cast<std::size_t>((hash ^ (hash >> 32U)) % lanes);
}

ShardReader::ShardReader(Start start, Executor& executor, std::function<void(bool)> on_end)
    : run_(std::move(start.run)),
      parts_(run_->parts),
      stream_uid_(std::move(start.stream_uid)),
      shard_(start.shard),
      executor_(executor),
      on_end_(std::move(on_end)) {
  origin_ = {.event_source_arn = run_->mapping.event_source_arn,
             .stream_arn = stream_arn_of(run_->mapping.event_source_arn),
             .region = parts_.region,
             .role_arn = {},
             .shard_id = stream::format_shard_id(shard_)};
  LaneRules rules = lane_rules(run_->mapping.options);
  // The role's ARN is not known yet; it has a bound (IAM: 20 to 2048 characters), but counts for each record anyway.
  rules.bytes_max = functions::kPayloadBytesMax - event_overhead_bytes(origin_);
  for (const LaneCheckpoint& lane : start.checkpoint.lanes) {
    lanes_.push_back(std::make_unique<LaneState>());
    lanes_.back()->lane.emplace(rules, lane);
  }
  checkpoints_ =
      std::make_shared<CheckpointWriter>(parts_, run_->mapping.uuid, stream_uid_, shard_, std::move(start.checkpoint));
}

void ShardReader::start() {
  spawn(executor_, run(shared_from_this()), [] {});
}

void ShardReader::stop() {
  stopping_ = true;
  ring_all();
}

void ShardReader::ring_all() {
  for (const auto& lane : lanes_) lane->bell->ring();
}

Now ShardReader::now() const { return {.wall = parts_.clock.now(), .steady = parts_.clock.steady()}; }

Timestamp ShardReader::horizon() const {
  const auto view = parts_.streams.find(run_->source.stream);
  if (!view || view->info->uid != stream_uid_) return Timestamp{};
  return view->info->trim_horizon(parts_.clock.now());
}

void ShardReader::report(const Error& error) { run_->progress->note_result(fmt::format("PROBLEM: {}", error.message)); }

Task<void> ShardReader::run(std::shared_ptr<ShardReader> self) {
  bool ended = false;
  while (!self->stopping_) {
    const Result<void> ready = co_await self->prepare();
    if (ready) {
      ended = co_await self->run_lanes();
      break;
    }
    self->report(ready.error());
    co_await self->sleep(0, self->parts_.problem_interval);
  }
  self->watch_.reset();
  self->subscription_.reset();
  co_await self->checkpoints_->flush();
  // The memory that their records are charged to may not outlive what on_end sets going.
  for (const auto& lane : self->lanes_) lane->lane.reset();
  self->on_end_(ended);
}

/// The role may read, the place to begin is known, and what is appended rings.
Task<Result<void>> ShardReader::prepare() {
  PENSTOCK_CO_TRY_VOID(refresh_role());
  PENSTOCK_CO_TRY_VOID(check_source_access(parts_, origin_.role_arn, origin_.event_source_arn));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_source(parts_, origin_.event_source_arn));
  if (view.info->uid != stream_uid_) co_return fail(ErrorKind::missing, "The stream was made anew.");
  if (!run_->source.consumer.empty()) PENSTOCK_CO_TRY_VOID(co_await subscribe());
  const auto ring = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ring_all();
  };
  PENSTOCK_CO_TRY(watch_, parts_.streams.watch_shard(run_->source.stream, shard_, ring));
  for (const auto& lane : lanes_) {
    PENSTOCK_CO_TRY_VOID(parts_.streams.watch_changes(run_->source.stream, lane->bell));
  }
  co_return Result<void>{};
}

/// Enhanced fan-out: the consumer's one standing in the shard. Records are read by the lanes themselves.
Task<Result<void>> ShardReader::subscribe() {
  subscription_.reset();
  auto subscription = co_await parts_.streams.subscribe(run_->source.stream, run_->source.consumer, origin_.shard_id,
                                                        {.type = stream::IteratorType::latest});
  if (!subscription) co_return std::unexpected(std::move(subscription).error());
  subscription_ = std::move(*subscription);
  co_return Result<void>{};
}

Result<void> ShardReader::refresh_role() {
  PENSTOCK_TRY(origin_.role_arn, execution_role(parts_, run_->mapping.options));
  return {};
}

Task<bool> ShardReader::run_lanes() {
  std::vector<Task<bool>> lanes;
  lanes.reserve(lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes.push_back(run_lane(i));
  const std::vector<bool> ended = co_await when_all(std::move(lanes));
  co_return std::ranges::all_of(ended, [](bool lane) { return lane; });
}

Task<bool> ShardReader::run_lane(std::size_t index) {
  Lane& lane = *lanes_[index]->lane;
  while (!stopping_) {
    lane.on_horizon(horizon());
    const Step next = lane.next(now());
    checkpoints_->note(index, lane.checkpoint(), executor_);
    if (std::holds_alternative<Ended>(next)) co_return true;
    co_await step(index, next);
    checkpoints_->note(index, lane.checkpoint(), executor_);
  }
  co_return false;
}

Task<void> ShardReader::step(std::size_t index, const Step& step) {
  if (const auto* more = std::get_if<ReadMore>(&step)) {
    co_await read(index, more->from);
  } else if (const auto* batch = std::get_if<InvokeBatch>(&step)) {
    co_await invoke(index, *batch);
  } else if (const auto* given_up = std::get_if<Discard>(&step)) {
    co_await discard(index, *given_up);
  } else if (const auto* rest = std::get_if<Sleep>(&step)) {
    co_await sleep(index, rest->at_most);
  }
}

Task<void> ShardReader::sleep(std::size_t index, std::optional<milliseconds> at_most) {
  LaneState& state = *lanes_[index];
  std::optional<TimerId> timer;
  if (at_most) timer = parts_.timers.after(*at_most, [bell = state.bell] { bell->ring(); });
  if (!stopping_) co_await state.bell->wait();
  if (timer) parts_.timers.cancel(*timer);
  state.lane->on_bell();
}

Task<void> ShardReader::read(std::size_t index, Place from) {
  Lane& lane = *lanes_[index]->lane;
  // Lanes that wait for full batches must not keep the memory that each of them needs to get there.
  if (memory_is_over(3) && lane.on_no_memory()) co_return;
  auto page = co_await read_page(index, from);
  if (page) {
    lane.on_page(page_for(index, *page), now());
    co_return;
  }
  const ErrorKind kind = page.error().kind;
  if (kind == ErrorKind::throttled) {
    lane.on_failed_step(now());  // the shard's read limit, or no memory: nobody's fault
    co_return;
  }
  report(page.error());
  co_await sleep(index, parts_.problem_interval);
}

Task<Result<std::shared_ptr<const ShardReader::Page>>> ShardReader::read_page(std::size_t index, Place from) {
  PENSTOCK_CO_TRY_VOID(refresh_role());
  PENSTOCK_CO_TRY_VOID(check_read_access(parts_, origin_.role_arn, origin_.event_source_arn));
  if (const auto found = pages_.find(from); found != pages_.end()) {
    if (auto page = found->second.lock()) co_return page;
    pages_.erase(found);
  }
  PENSTOCK_CO_TRY(stream::RecordPage records, co_await fetch(from));
  auto page = std::make_shared<Page>();
  page->ended = !records.next.has_value();
  page->at_tip = records.millis_behind_latest == 0;
  page->next = from;
  if (records.next) {
    page->next = {.position = records.next->position.get(), .index = records.next->index};
  } else if (!records.records.empty()) {
    const auto last = stream::parse_sequence_number(records.records.back().sequence_number);
    page->next = after({.position = last->position.get(), .index = last->index});
  }
  if (index == 0 && subscription_) subscription_->note_event(records, parts_.clock.steady());
  // A page is charged as what GetRecords makes of it; here it is its frames and views of them.
  records.memory.shrink_to(2 * records.bytes + records.records.size() * kRecordBytes);
  page->records = std::move(records);
  if (lanes_.size() > 1 && !page->at_tip && !page->ended) {
    std::erase_if(pages_, [](const auto& entry) { return entry.second.expired(); });
    pages_[from] = page;
  }
  co_return std::shared_ptr<const Page>(std::move(page));
}

/// More than that many quarters of the memory for records is taken.
bool ShardReader::memory_is_over(std::size_t quarters) const {
  const MemoryBudget* budget = parts_.records;
  return budget != nullptr && (budget->is_full() || budget->bytes() / quarters > budget->bytes_max() / 4);
}

Task<Result<stream::RecordPage>> ShardReader::fetch(Place from) {
  stream::ShardIterator at{.stream_name = run_->source.stream,
                           .uid = stream_uid_,
                           .shard = shard_,
                           .position = stream::Position{from.position},
                           .index = from.index,
                           .made = parts_.clock.now()};
  stream::PageBounds bounds{.bytes_max = kPageBytes};
  MemoryBudget* budget = parts_.records;
  if (memory_is_over(2)) bounds.bytes_max = kPageBytesWhenShort;
  // A function that does not get on must not keep others from their records: a small page is always to be had.
  if (budget != nullptr && (budget->is_full() || budget->bytes() + kRoomLeft > budget->bytes_max())) budget = nullptr;
  if (run_->source.consumer.empty()) co_return co_await parts_.streams.read(std::move(at), bounds, budget);
  if (subscription_->state()->end != stream::SubscriptionState::End::none) {
    PENSTOCK_CO_TRY_VOID(find_source(parts_, origin_.event_source_arn));
    PENSTOCK_CO_TRY_VOID(co_await subscribe());
  }
  co_return co_await parts_.streams.read_page(std::move(at), bounds, budget);
}

LanePage ShardReader::page_for(std::size_t index, const std::shared_ptr<const Page>& page) const {
  LanePage out{.next = page->next, .at_tip = page->at_tip, .ended = page->ended, .horizon = horizon()};
  std::uint64_t filtered = 0;
  for (const stream::ReadRecord& record : page->records.records) {
    if (lane_of(record.partition_key, lanes_.size()) != index) continue;
    const auto number = stream::parse_sequence_number(record.sequence_number);
    LaneRecord mine{.place = {.position = number->position.get(), .index = number->index},
                    .sequence_number = record.sequence_number,
                    .arrival = record.arrival,
                    .partition_key = record.partition_key,
                    .data = record.data,
                    .keeps = page};
    if (!run_->filter.passes(mine, origin_)) {
      ++filtered;
      continue;
    }
    mine.event_bytes = record_event_bytes(mine, origin_);
    out.records.push_back(std::move(mine));
  }
  run_->progress->records_filtered += filtered;
  return out;
}

Task<void> ShardReader::invoke(std::size_t index, const InvokeBatch& batch) {
  Lane& lane = *lanes_[index]->lane;
  MappingProgress& progress = *run_->progress;
  if (auto role = refresh_role(); !role) {
    report(role.error());
    lane.on_not_invoked(now());
    co_return;
  }
  const MappingOptions& options = run_->mapping.options;
  ++progress.invocations;
  progress.records_invoked += batch.records.size();
  if (!batch.records.empty()) {
    progress.iterator_age_ms = std::max<std::int64_t>(0, (now().wall - batch.records.back().arrival).count());
  }
  const auto result = co_await parts_.invoker.invoke({.function = options.function_name,
                                                      .qualifier = options.function_qualifier,
                                                      .payload = render_event(batch, origin_),
                                                      .request_id = parts_.random.uuid()});
  // An event that cannot be handed over at all (too large) fails like one that the function did not take.
  const bool refused = !result && result.error().kind == ErrorKind::invalid;
  if (!result) {
    ++progress.failed_invocations;
    report(result.error());
    if (refused) {
      lane.on_answer({.function_error = "Unhandled"}, now());
    } else {
      lane.on_not_invoked(now());
    }
    co_return;
  }
  BatchAnswer answer = judge(*result, batch);
  if (answer.succeeded) {
    progress.records_succeeded += batch.records.size();
    progress.note_result("OK");
  } else {
    ++progress.failed_invocations;
    progress.note_result("PROBLEM: Function call failed");
  }
  lane.on_answer(std::move(answer), now());
}

BatchAnswer ShardReader::judge(const functions::InvocationResult& result, const InvokeBatch& batch) const {
  BatchAnswer answer;
  if (result.function_error.empty()) {
    answer = read_answer(
        result.payload, batch,
        {.reports_failures = run_->mapping.options.reports_failures, .has_window = batch.window != nullptr});
  } else {
    answer.function_error = result.function_error;
  }
  answer.executed_version = result.executed_version;
  return answer;
}

functions::DestinationRecord ShardReader::discarded_record(const Discard& discard) const {
  const Timestamp time = parts_.clock.now();
  const std::string& destination = run_->mapping.options.on_failure;
  return {.document = render_discarded({.discard = discard,
                                        .request_id = parts_.random.uuid(),
                                        .function_arn = run_->mapping.function_arn,
                                        .now = time,
                                        .with_payload = destination.starts_with("arn:aws:s3:::")},
                                       origin_),
          .object_key = discarded_key(run_->mapping.uuid, origin_.shard_id, time, parts_.random.uuid())};
}

Task<void> ShardReader::discard(std::size_t index, const Discard& discard) {
  Lane& lane = *lanes_[index]->lane;
  const std::string& destination = run_->mapping.options.on_failure;
  if (!destination.empty()) {
    const auto sent = co_await parts_.destinations.send(destination, origin_.role_arn, discarded_record(discard));
    // What the stream has let expire is not held up for ever by a destination that takes nothing.
    const bool expired = discard.records.back().arrival < horizon();
    if (!sent && !expired) {
      report(sent.error());
      lane.on_failed_step(now());
      co_return;
    }
  }
  telemetry::log(telemetry::Level::warn, "a mapping gave records up",
                 {{"mapping", run_->mapping.uuid},
                  {"shard", origin_.shard_id},
                  {"records", static_cast<std::int64_t>(discard.records.size())},
                  {"first", std::string_view(discard.records.front().sequence_number)},
                  {"reason", discard.reason == DiscardReason::too_old ? "age" : "retries"}});
  run_->progress->records_discarded += discard.records.size();
  lane.on_discarded();
}

}  // namespace penstock::consumers
