#include "consumers/lane.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "consumers/lane_fixture.h"

namespace penstock::consumers {
namespace {

/// A lane over records 1..n, all of which are there and have arrived at the start.
class LaneTest : public ::testing::Test {
 protected:
  void open(LaneRules rules, LaneCheckpoint from = {}) { lane_.emplace(rules, std::move(from)); }
  Now now() const { return test_now(ms_); }
  void add(std::uint64_t number, std::int64_t arrival_ms = 0, std::size_t bytes = 100) {
    records_.push_back(test_record(number, from_unix_ms(kTestStartMs + arrival_ms), "k", bytes));
  }
  void add_upto(std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) add(i);
  }
  LaneCheckpoint reopened() const { return lane_->checkpoint(); }

  /// The next step that is not reading.
  Step next() {
    while (true) {
      Step step = lane_->next(now());
      const auto* read = std::get_if<ReadMore>(&step);
      if (read == nullptr) return step;
      LanePage page{.records = {}, .next = read->from, .at_tip = true, .ended = closed_, .horizon = horizon_};
      for (const LaneRecord& record : records_) {
        if (record.place < read->from) continue;
        page.records.push_back(record);
        page.next = after(record.place);
      }
      lane_->on_page(std::move(page), now());
    }
  }
  /// The numbers of the batch that is to be invoked now; empty when it is something else.
  std::vector<std::uint64_t> batch() {
    const Step step = next();
    const auto* invoke = std::get_if<InvokeBatch>(&step);
    return invoke != nullptr ? numbers(invoke->records) : std::vector<std::uint64_t>{};
  }
  std::vector<std::uint64_t> discarded() {
    const Step step = next();
    const auto* discard = std::get_if<Discard>(&step);
    return discard != nullptr ? numbers(discard->records) : std::vector<std::uint64_t>{};
  }
  static std::vector<std::uint64_t> numbers(std::span<const LaneRecord> records) {
    std::vector<std::uint64_t> out;
    for (const LaneRecord& record : records) out.push_back(record.place.position);
    return out;
  }
  void succeed() { lane_->on_answer({.succeeded = true}, now()); }
  void fail() { lane_->on_answer({.function_error = "Unhandled"}, now()); }
  void fail_from(std::size_t index) { lane_->on_answer({.first_failed = index}, now()); }
  void wait(std::int64_t ms) { ms_ += ms; }
  bool sleeps() { return std::holds_alternative<Sleep>(next()); }

  std::optional<Lane> lane_;
  std::vector<LaneRecord> records_;
  std::int64_t ms_ = 0;
  bool closed_ = false;
  Timestamp horizon_{};
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(LaneTest, RecordsComeInOrderInBatchesOfTheSize) {
  add_upto(5);
  open({.records_max = 2});
  EXPECT_EQ(batch(), (Numbers{1, 2}));
  succeed();
  EXPECT_EQ(batch(), (Numbers{3, 4}));
  succeed();
  EXPECT_EQ(batch(), (Numbers{5}));
  succeed();
  EXPECT_TRUE(sleeps());
  EXPECT_EQ(lane_->checkpoint().done, after({.position = 5}));
}

TEST_F(LaneTest, AnEventTakesNoMoreThanItsBytes) {
  for (std::uint64_t i = 1; i <= 3; ++i) add(i, 0, 400);
  open({.records_max = 100, .bytes_max = 1000});
  EXPECT_EQ(batch(), (Numbers{1, 2}));
}

TEST_F(LaneTest, ABatchingWindowGathersUntilItIsOver) {
  add(1);
  open({.records_max = 3, .batching_window = milliseconds(1000)});
  EXPECT_TRUE(sleeps());
  wait(500);
  add(2);
  lane_->on_bell();
  EXPECT_TRUE(sleeps());
  wait(500);
  EXPECT_EQ(batch(), (Numbers{1, 2}));
  succeed();
  add(3);
  add(4);
  add(5);
  lane_->on_bell();
  EXPECT_EQ(batch(), (Numbers{3, 4, 5})) << "a full batch does not wait";
}

TEST_F(LaneTest, WithoutMemoryWhatWaitsIsHandedOver) {
  open({.records_max = 10, .batching_window = milliseconds(1000)});
  EXPECT_FALSE(lane_->on_no_memory()) << "nothing waits";
  add_upto(3);
  EXPECT_TRUE(sleeps());
  EXPECT_TRUE(lane_->on_no_memory());
  EXPECT_EQ(batch(), (Numbers{1, 2, 3}));
  succeed();
  add(4);
  lane_->on_bell();
  EXPECT_TRUE(sleeps()) << "the next batch waits for its window again";
}

TEST_F(LaneTest, AFailedBatchIsRetriedAsOftenAsAllowedAndThenDiscarded) {
  add_upto(2);
  open({.retries_max = 2});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(batch(), (Numbers{1, 2}));
    fail();
    wait(60'000);
  }
  const Step step = next();
  const auto* discard = std::get_if<Discard>(&step);
  ASSERT_NE(discard, nullptr);
  EXPECT_EQ(discard->reason, DiscardReason::retries_exhausted);
  EXPECT_EQ(discard->invocations, 3);
  ASSERT_NE(discard->last, nullptr);
  EXPECT_EQ(discard->last->function_error, "Unhandled");
  EXPECT_EQ(lane_->checkpoint().done, Place{}) << "not yet";
  lane_->on_discarded();
  EXPECT_EQ(lane_->checkpoint().done, after({.position = 2}));
}

TEST_F(LaneTest, RetriesWaitLongerAndLonger) {
  add(1);
  open({.backoff_first = milliseconds(100), .backoff_max = milliseconds(300)});
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(batch(), (Numbers{1}));
    fail();
    const Step step = next();
    ASSERT_TRUE(std::holds_alternative<Sleep>(step));
    waits.push_back(std::get<Sleep>(step).at_most->count());
    wait(waits.back());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{100, 200, 300, 300}));
}

TEST_F(LaneTest, BisectingFindsTheBadRecordAndLosesNoOther) {
  add_upto(8);
  open({.retries_max = 0, .bisects = true});
  Numbers succeeded;
  Numbers gone;
  while (true) {
    const Step step = next();
    if (std::holds_alternative<Sleep>(step)) break;
    if (const auto* discard = std::get_if<Discard>(&step)) {
      gone = numbers(discard->records);
      lane_->on_discarded();
      continue;
    }
    const Numbers tried = numbers(std::get<InvokeBatch>(step).records);
    if (std::ranges::find(tried, 6U) != tried.end()) {
      fail();
    } else {
      succeeded.insert(succeeded.end(), tried.begin(), tried.end());
      succeed();
    }
  }
  EXPECT_EQ(gone, (Numbers{6}));
  EXPECT_EQ(succeeded, (Numbers{1, 2, 3, 4, 5, 7, 8}));
}

TEST_F(LaneTest, AReportedFailureIsRetriedFromThere) {
  add_upto(5);
  open({.retries_max = 1});
  EXPECT_EQ(batch(), (Numbers{1, 2, 3, 4, 5}));
  fail_from(2);
  EXPECT_EQ(lane_->checkpoint().done, after({.position = 2}));
  wait(1000);
  EXPECT_EQ(batch(), (Numbers{3, 4, 5}));
  fail_from(0);
  wait(1000);
  EXPECT_EQ(discarded(), (Numbers{3, 4, 5}));
}

TEST_F(LaneTest, BisectingSplitsAtTheReportedRecordWithoutTakingARetry) {
  add_upto(5);
  open({.retries_max = 0, .bisects = true});
  EXPECT_EQ(batch(), (Numbers{1, 2, 3, 4, 5}));
  fail_from(2);
  wait(1000);
  EXPECT_EQ(batch(), (Numbers{3, 4, 5}));
  fail_from(0);
  wait(1000);
  EXPECT_EQ(batch(), (Numbers{3, 4}));
}

TEST_F(LaneTest, ThrottlingTakesNoRetry) {
  add(1);
  open({.retries_max = 0});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(batch(), (Numbers{1}));
    lane_->on_not_invoked(now());
    wait(60'000);
  }
}

TEST_F(LaneTest, RecordsThatAreTooOldAreDiscardedAndTheOthersAreNot) {
  add(1, 0);
  add(2, 0);
  add(3, 50'000);
  open({.age_max = milliseconds(60'000)});
  wait(60'001);
  const Step step = next();
  const auto* discard = std::get_if<Discard>(&step);
  ASSERT_NE(discard, nullptr);
  EXPECT_EQ(discard->reason, DiscardReason::too_old);
  EXPECT_EQ(numbers(discard->records), (Numbers{1, 2}));
  EXPECT_EQ(discard->last, nullptr);
  lane_->on_discarded();
  EXPECT_EQ(batch(), (Numbers{3}));
}

TEST_F(LaneTest, RecordsThatExpireInTheStreamEndTheirRetries) {
  add(1);
  open({});
  EXPECT_EQ(batch(), (Numbers{1}));
  fail();
  wait(60'000);
  EXPECT_EQ(batch(), (Numbers{1}));
  horizon_ = from_unix_ms(kTestStartMs + 1);
  lane_->on_horizon(horizon_);
  EXPECT_EQ(discarded(), (Numbers{1}));
}

TEST_F(LaneTest, ARestartGoesOnWithTheSameBatchesAndTheRetriesTheyHad) {
  add_upto(4);
  open({.retries_max = 1, .bisects = true});
  EXPECT_EQ(batch(), (Numbers{1, 2, 3, 4}));
  fail();
  EXPECT_EQ(batch(), (Numbers{1, 2}));
  succeed();
  EXPECT_EQ(batch(), (Numbers{3, 4}));
  fail();
  EXPECT_EQ(batch(), (Numbers{3}));
  fail();
  add(5);
  open({.retries_max = 1, .bisects = true}, reopened());
  EXPECT_EQ(batch(), (Numbers{3}));
  fail();
  EXPECT_EQ(discarded(), (Numbers{3})) << "one retry before the restart and one after it would be too many";
  lane_->on_discarded();
  EXPECT_EQ(batch(), (Numbers{4}));
  succeed();
  EXPECT_EQ(batch(), (Numbers{5}));
}

TEST_F(LaneTest, TheEndOfAShardIsReachedWhenEverythingIsSettled) {
  add_upto(2);
  closed_ = true;
  open({.records_max = 1});
  EXPECT_EQ(batch(), (Numbers{1}));
  succeed();
  EXPECT_EQ(batch(), (Numbers{2}));
  EXPECT_FALSE(lane_->checkpoint().ended);
  succeed();
  EXPECT_TRUE(std::holds_alternative<Ended>(next()));
  EXPECT_TRUE(lane_->checkpoint().ended);
  open({}, reopened());
  EXPECT_TRUE(std::holds_alternative<Ended>(next()));
}

// ---- windows; the test's start lies 20 s after a full minute

constexpr std::int64_t kWindowMs = 10'000;

TEST_F(LaneTest, AWindowCarriesItsStateAndEndsWithAnInvocationOfItsOwn) {
  add(1, 0);
  add(2, 5'000);
  add(3, 10'000);
  ms_ = 11'000;
  open({.records_max = 1, .tumbling_window = milliseconds(kWindowMs)});
  for (const auto& [number, before, behind] :
       {std::tuple(1U, "{}", R"({"n":1})"), std::tuple(2U, R"({"n":1})", R"({"n":2})")}) {
    const Step step = next();
    const auto& invoke = std::get<InvokeBatch>(step);
    EXPECT_EQ(numbers(invoke.records), (Numbers{number}));
    EXPECT_EQ(invoke.window->state, before);
    EXPECT_EQ(invoke.window->start, from_unix_ms(kTestStartMs));
    EXPECT_FALSE(invoke.ends_window);
    lane_->on_answer({.succeeded = true, .state = behind}, now());
  }
  {
    const Step step = next();
    const auto& last = std::get<InvokeBatch>(step);
    EXPECT_TRUE(last.records.empty());
    EXPECT_TRUE(last.ends_window);
    EXPECT_EQ(last.window->state, R"({"n":2})");
    succeed();
  }
  const Step step = next();
  const auto& invoke = std::get<InvokeBatch>(step);
  EXPECT_EQ(numbers(invoke.records), (Numbers{3}));
  EXPECT_EQ(invoke.window->state, "{}");
  EXPECT_EQ(invoke.window->start, from_unix_ms(kTestStartMs + kWindowMs));
}

TEST_F(LaneTest, AWindowEndsByTheClockWhenNothingMoreCame) {
  add(1, 0);
  open({.tumbling_window = milliseconds(kWindowMs)});
  EXPECT_EQ(batch(), (Numbers{1}));
  lane_->on_answer({.succeeded = true, .state = "{}"}, now());
  const Step step = next();
  ASSERT_TRUE(std::holds_alternative<Sleep>(step));
  wait(std::get<Sleep>(step).at_most->count());
  const Step last = next();
  ASSERT_TRUE(std::holds_alternative<InvokeBatch>(last));
  EXPECT_TRUE(std::get<InvokeBatch>(last).ends_window);
  fail();
  wait(60'000);
  EXPECT_TRUE(std::get<InvokeBatch>(next()).ends_window) << "until it succeeds";
  succeed();
  EXPECT_TRUE(sleeps());
}

TEST_F(LaneTest, AStateThatIsTooLargeEndsTheWindowEarlyAndIsNotKept) {
  add(1, 0);
  add(2, 0);
  open({.records_max = 1, .tumbling_window = milliseconds(kWindowMs)});
  EXPECT_EQ(batch(), (Numbers{1}));
  const std::string large(kStateBytesMax + 1, 'x');
  lane_->on_answer({.succeeded = true, .state = large}, now());
  EXPECT_EQ(lane_->checkpoint().done, Place{}) << "a restart begins before the batch that made it";
  const Step step = next();
  const auto& early = std::get<InvokeBatch>(step);
  EXPECT_TRUE(early.ends_early);
  EXPECT_FALSE(early.ends_window);
  EXPECT_EQ(early.window->state.size(), large.size());
  succeed();
  EXPECT_EQ(lane_->checkpoint().done, after({.position = 1}));
  const Step again = next();
  EXPECT_EQ(std::get<InvokeBatch>(again).window->state, "{}");
  EXPECT_EQ(std::get<InvokeBatch>(again).window->start, from_unix_ms(kTestStartMs));
}

TEST_F(LaneTest, ARestartKeepsTheWindowAndItsState) {
  add(1, 0);
  open({.tumbling_window = milliseconds(kWindowMs)});
  EXPECT_EQ(batch(), (Numbers{1}));
  lane_->on_answer({.succeeded = true, .state = R"({"n":1})"}, now());
  add(2, 1'000);
  ms_ = 1'000;
  open({.tumbling_window = milliseconds(kWindowMs)}, reopened());
  const Step step = next();
  EXPECT_EQ(numbers(std::get<InvokeBatch>(step).records), (Numbers{2}));
  EXPECT_EQ(std::get<InvokeBatch>(step).window->state, R"({"n":1})");
}

}  // namespace
}  // namespace penstock::consumers
