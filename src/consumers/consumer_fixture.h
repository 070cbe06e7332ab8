#pragma once
/// Mappings over memory engines, a clock moved by hand and a function that the test plays. For tests only.

#include <gmock/gmock.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/json.h"
#include "consumers/event_source_mappings.h"
#include "core/encoding/base64.h"
#include "core/manual_timers.h"
#include "stream/stream_fixture.h"

namespace penstock::consumers {

/// A function as the test wants it: `answer` says what an event gets.
class FakeInvoker final : public functions::Invoker {
 public:
  using Answer = std::function<Result<functions::InvocationResult>(const boost::json::object& event)>;

  Task<Result<functions::InvocationResult>> invoke(functions::Invocation invocation) override {
    events.push_back(invocation.payload);
    const auto parsed = codec::parse_json(invocation.payload);
    Result<functions::InvocationResult> result =
        answer ? answer(parsed->as_object()) : functions::InvocationResult{.payload = "null"};
    if (result) result->executed_version = "$LATEST";
    if (held) {
      const Completion<bool> go;
      waiting.push_back(go);
      co_await go;
    }
    co_return result;
  }
  void release() {
    for (const auto& go : std::exchange(waiting, {})) go.set(true);
  }

  /// The data of the records of each event.
  [[nodiscard]] std::vector<std::vector<std::string>> batches() const {
    std::vector<std::vector<std::string>> out;
    for (const std::string& event : events) out.push_back(data_of(codec::parse_json(event)->as_object()));
    return out;
  }
  static std::vector<std::string> data_of(const boost::json::object& event) {
    std::vector<std::string> out;
    for (const auto& record : event.at("Records").as_array()) {
      out.push_back(*base64_decode(record.at("kinesis").at("data").as_string()));
    }
    return out;
  }

  Answer answer;
  bool held = false;
  std::vector<std::string> events;
  std::vector<Completion<bool>> waiting;
};

class FakeDestinations final : public functions::Destinations {
 public:
  [[nodiscard]] Result<void> check(std::string_view, std::string_view) const override { return {}; }
  Task<Result<void>> send(std::string arn, std::string, functions::DestinationRecord record) override {
    if (broken) co_return fail(ErrorKind::unavailable, "The destination is down.");
    sent.emplace_back(std::move(arn), std::move(record));
    co_return Result<void>{};
  }
  bool broken = false;
  std::vector<std::pair<std::string, functions::DestinationRecord>> sent;
};

class FakeFunctions final : public functions::FunctionDirectory {
 public:
  [[nodiscard]] Result<functions::Resolved> resolve(std::string_view name, std::string_view) const override {
    if (name != "f") return fail(ErrorKind::missing, "Function not found: " + std::string(name));
    auto version = std::make_shared<functions::FunctionVersion>();
    version->name = name;
    version->role_arn = "arn:aws:iam::123456789012:role/consumer";
    functions::Resolved resolved;
    resolved.version = version;
    return resolved;
  }
  void watch(std::function<void(std::string_view)>) override {}
};

class FakeAuthorizer final : public iam::Authorizer {
 public:
  [[nodiscard]] iam::Decision authorize(const iam::Principal&, const iam::Question& question) const override {
    const bool denied = denied_actions.contains(std::string(question.action));
    return {.allowed = !denied, .explicit_deny = denied, .reason = "because the test says so"};
  }
  [[nodiscard]] Result<iam::Principal> assume_as_service(std::string_view role, std::string_view,
                                                         std::string_view session) const override {
    iam::Principal principal;
    principal.kind = iam::PrincipalKind::assumed_role;
    principal.arn = "arn:aws:sts::123456789012:assumed-role/consumer/" + std::string(session);
    principal.role_arn = role;
    return principal;
  }
  std::set<std::string> denied_actions;
};

class ConsumerFixture : public stream::StreamFixture {
 protected:
  static constexpr auto* kSource = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
  static constexpr auto* kFunctionArn = "arn:aws:lambda:eu-central-1:123456789012:function:f";

  ConsumerFixture() { open_mappings(); }
  ~ConsumerFixture() override { close_mappings(); }

  void open_mappings() {
    auto opened = EventSourceMappings::open({.catalog = *catalog_,
                                             .streams = *streams_,
                                             .authorizer = authorizer_,
                                             .functions = functions_,
                                             .invoker = invoker_,
                                             .destinations = destinations_,
                                             .clock = clock_,
                                             .random = random_,
                                             .timers = timers_,
                                             .account = "123456789012",
                                             .region = "eu-central-1",
                                             .resource_policy = {},
                                             .next_executor = [this]() -> Executor& { return executor_; },
                                             .records = memory_ ? &*memory_ : nullptr});
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    mappings_ = std::move(*opened);
    mappings_->start();
    settle();
  }
  void close_mappings() {
    if (!mappings_) return;
    mappings_->begin_stop();
    invoker_.held = false;
    for (int i = 0; i < 100 && !mappings_->stop(std::chrono::milliseconds(0)); ++i) {
      invoker_.release();
      settle();
      advance(std::chrono::milliseconds(100));
    }
    mappings_.reset();
  }
  /// What a restart does; the invocations under way finish first.
  void restart() {
    close_mappings();
    reopen();
    open_mappings();
  }

  /// Runs until nothing happens any more without time passing.
  void settle() {
    while (executor_.run_ready() + timers_.fire_due() > 0) {
    }
  }
  void advance(std::chrono::milliseconds by) {
    clock_.advance(by);
    settle();
  }
  /// Time in small steps, so that retries and checkpoints have theirs.
  void pass(std::chrono::milliseconds time, std::chrono::milliseconds by = std::chrono::milliseconds(100)) {
    for (; time.count() > 0; time -= by) advance(by);
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    spawn_here(executor_, std::move(task), [&out](T value) { out.emplace(std::move(value)); });
    for (int i = 0; i < 100 && !out; ++i) {
      settle();
      if (!out) advance(std::chrono::milliseconds(100));
    }
    return std::move(*out);
  }

  [[nodiscard]] Mapping draft(StartingPosition position = StartingPosition::trim_horizon) const {
    Mapping mapping;
    mapping.event_source_arn = kSource;
    mapping.function_arn = kFunctionArn;
    mapping.starting_position = position;
    mapping.options.function_name = "f";
    return mapping;
  }
  std::string map(Mapping mapping) {
    auto made = run(mappings_->create(std::move(mapping)));
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    settle();
    return made ? made->mapping.uuid : "";
  }
  void put_data(const std::vector<std::string>& data, const std::string& key = "k") {
    std::vector<stream::PutEntry> entries;
    for (const std::string& one : data) entries.push_back({.partition_key = key, .data = one});
    put("s", std::move(entries));
    settle();
  }
  [[nodiscard]] std::string state_of(const std::string& uuid) const {
    const auto view = mappings_->find(uuid);
    return view ? view->state : "gone";
  }
  [[nodiscard]] std::string result_of(const std::string& uuid) const {
    return mappings_->find(uuid)->last_processing_result;
  }

  FakeAuthorizer authorizer_;
  FakeFunctions functions_;
  FakeInvoker invoker_;
  FakeDestinations destinations_;
  ManualTimers timers_{clock_};
  ManualExecutor executor_;
  std::optional<MemoryBudget> memory_;  ///< for records; none: as much as they like
  std::unique_ptr<EventSourceMappings> mappings_;
};

}  // namespace penstock::consumers
