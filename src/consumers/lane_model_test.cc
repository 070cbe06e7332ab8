// A lane against an oracle: random rules, records, failures, partial failures, throttling, discards that are refused,
// windows, restarts at any step. The oracle knows each record's fate: settled once, in order, never skipped, and no
// invocation outside the rules.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "consumers/lane.h"
#include "consumers/lane_fixture.h"

namespace penstock::consumers {
namespace {

constexpr std::uint64_t kRecords = 60;
constexpr int kStepsMax = 20'000;

class LaneModel {
 public:
  explicit LaneModel(std::uint64_t seed) : random_(seed) {
    rules_.records_max = 1 + below(12);
    rules_.bytes_max = below(3) == 0 ? 450 : 6U << 20U;
    rules_.batching_window = milliseconds(below(2) == 0 ? 0 : 300);
    if (below(2) == 0) rules_.retries_max = static_cast<int>(below(4));
    if (below(3) == 0) rules_.age_max = milliseconds(60'000);
    rules_.bisects = below(2) == 0;
    if (below(2) == 0) rules_.tumbling_window = milliseconds(10'000);
    lane_.emplace(rules_, LaneCheckpoint{});
    poison_chance_ = below(3) == 0 ? 0 : 12;
  }

  void run() {
    for (int i = 0; i < kStepsMax && !ended_; ++i) {
      produce();
      if (below(40) == 0) restart();
      step();
      check_checkpoint();
      note_durable();
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_TRUE(ended_) << "it gets to the end";
    EXPECT_EQ(settled_, made_) << "every record was settled";
    EXPECT_TRUE(world_.in_state.empty()) << "every window was ended";
    EXPECT_EQ(world_.counted.size() + world_.given_up.size(), made_) << "each in one window, or given up, once";
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Now now() const { return test_now(ms_); }

  void produce() {
    ms_ += static_cast<std::int64_t>(below(200));
    while (made_ < kRecords && below(3) == 0) {
      ++made_;
      records_.push_back(test_record(made_, now().wall, "k", 100));
      if (poison_chance_ > 0 && below(poison_chance_) == 0) poison_.insert(made_);
      lane_->on_bell();
    }
    // With retries without an end, a record that always fails would hold the lane for ever.
    if (made_ == kRecords) {
      closed_ = true;
      lane_->on_bell();
      if (!rules_.retries_max && ms_ > 200'000) poison_.clear();
    }
  }

  /// What a durable checkpoint stands for: which records ended up where, as the function saw it.
  struct World {
    LaneCheckpoint checkpoint;
    std::set<std::uint64_t> in_state{};  ///< counted by the open window's state
    std::set<std::uint64_t> counted{};   ///< by windows that ended; without windows: succeeded
    std::set<std::uint64_t> given_up{};
  };

  void note_durable() {
    if (below(3) != 0) return;  // commits come behind
    kept_ = world_;
    kept_.checkpoint = lane_->checkpoint();
  }
  /// From the newest checkpoint, or from one that was made durable a while ago: what came since is done again.
  void restart() {
    if (below(2) == 0) {
      kept_ = world_;
      kept_.checkpoint = lane_->checkpoint();
    }
    world_ = kept_;
    lane_.emplace(rules_, kept_.checkpoint);
  }

  static std::uint64_t count_in(const std::string& state) {
    const std::size_t colon = state.find(':');
    return colon == std::string::npos ? 0 : std::stoull(state.substr(colon + 1));
  }

  void step() {
    const Step next = lane_->next(now());
    if (const auto* more = std::get_if<ReadMore>(&next)) {
      read(more->from);
    } else if (const auto* batch = std::get_if<InvokeBatch>(&next)) {
      invoke(*batch);
    } else if (const auto* given_up = std::get_if<Discard>(&next)) {
      discard(*given_up);
    } else if (const auto* rest = std::get_if<Sleep>(&next)) {
      if (rest->at_most) ms_ += rest->at_most->count();
      if (below(4) == 0) lane_->on_bell();
    } else {
      ended_ = true;
    }
  }

  void read(Place from) {
    if (below(10) == 0) return lane_->on_failed_step(now());
    LanePage page{.next = from};
    const std::size_t limit = 1 + below(20);
    for (const LaneRecord& record : records_) {
      if (record.place < from || page.records.size() == limit) continue;
      page.records.push_back(record);
      page.next = after(record.place);
    }
    const bool all = records_.empty() || page.next > records_.back().place;
    page.at_tip = all;
    page.ended = all && closed_;
    lane_->on_page(std::move(page), now());
  }

  void invoke(const InvokeBatch& batch) {
    check_batch(batch);
    if (testing::Test::HasFatalFailure()) return;
    if (below(8) == 0) return lane_->on_not_invoked(now());
    if (batch.ends_window || batch.ends_early) {
      if (below(4) == 0) return lane_->on_answer({.function_error = "Unhandled"}, now());
      ASSERT_EQ(count_in(batch.window->state), world_.in_state.size()) << "the state of exactly the window's records";
      world_.counted.merge(world_.in_state);
      world_.in_state.clear();
      return lane_->on_answer({.succeeded = true}, now());
    }
    for (const LaneRecord& record : batch.records) ++tried_[record.place.position];
    const auto bad = std::ranges::find_if(
        batch.records, [&](const LaneRecord& record) { return poison_.contains(record.place.position); });
    const bool flaky = below(10) == 0;
    const auto good = static_cast<std::size_t>(bad - batch.records.begin());
    BatchAnswer answer{.succeeded = bad == batch.records.end() && !flaky};
    std::size_t succeeded = answer.succeeded ? batch.records.size() : 0;
    if (!answer.succeeded && below(2) == 0) {
      // ReportBatchItemFailures, on the first bad one or on one before it.
      answer.first_failed = flaky ? below(good + (bad == batch.records.end() ? 0 : 1)) : good;
      succeeded = *answer.first_failed;
    } else if (!answer.succeeded) {
      answer.function_error = "Unhandled";
    }
    if (batch.window != nullptr && (answer.succeeded || answer.first_failed)) {
      answer.state = R"({"n":)" + std::to_string(count_in(batch.window->state) + succeeded) + "}";
    }
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < succeeded; ++i) numbers.push_back(batch.records[i].place.position);
    lane_->on_answer(answer, now());
    for (const std::uint64_t number : numbers) {
      settle(number);
      (rules_.tumbling_window > milliseconds(0) ? world_.in_state : world_.counted).insert(number);
    }
  }

  void check_batch(const InvokeBatch& batch) {
    if (batch.ends_window || batch.ends_early) {
      ASSERT_TRUE(batch.records.empty());
      return;
    }
    ASSERT_FALSE(batch.records.empty());
    ASSERT_LE(batch.records.size(), rules_.records_max);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const LaneRecord& record = batch.records[i];
      bytes += record.event_bytes;
      if (i > 0) ASSERT_EQ(record.place.position, batch.records[i - 1].place.position + 1) << "no record is skipped";
      if (rules_.age_max) ASSERT_LE(now().wall - record.arrival, *rules_.age_max);
      if (batch.window != nullptr) {
        ASSERT_GE(record.arrival, batch.window->start);
        ASSERT_LT(record.arrival, batch.window->end());
      }
    }
    if (batch.records.size() > 1) ASSERT_LE(bytes, rules_.bytes_max);
    // In order: nothing is handed over before all that lies before it is settled.
    ASSERT_LE(batch.records.front().place.position, settled_ + 1);
    ASSERT_EQ(rules_.tumbling_window > milliseconds(0), batch.window != nullptr);
  }

  void discard(const Discard& discard) {
    ASSERT_FALSE(discard.records.empty());
    ASSERT_LE(discard.records.front().place.position, settled_ + 1);
    if (discard.reason == DiscardReason::too_old) {
      ASSERT_TRUE(rules_.age_max.has_value());
      for (const LaneRecord& record : discard.records) ASSERT_GT(now().wall - record.arrival, *rules_.age_max);
    } else {
      ASSERT_TRUE(rules_.retries_max.has_value());
      for (const LaneRecord& record : discard.records) {
        ASSERT_GT(tried_[record.place.position], *rules_.retries_max) << "all its retries were made";
      }
      if (rules_.bisects) ASSERT_EQ(discard.records.size(), 1) << "bisecting gives up single records";
    }
    if (below(3) == 0) return lane_->on_failed_step(now());
    std::vector<std::uint64_t> numbers;
    for (const LaneRecord& record : discard.records) numbers.push_back(record.place.position);
    lane_->on_discarded();
    for (const std::uint64_t number : numbers) {
      settle(number);
      world_.given_up.insert(number);
    }
  }

  void settle(std::uint64_t number) {
    if (number <= settled_) return;  // handed over again after a restart
    ASSERT_EQ(number, settled_ + 1);
    settled_ = number;
  }

  /// A restart may never begin behind something that is not settled.
  void check_checkpoint() { ASSERT_LE(lane_->checkpoint().done, after({.position = settled_})); }

  std::mt19937_64 random_;
  LaneRules rules_;
  std::optional<Lane> lane_;
  World world_;
  World kept_;
  std::vector<LaneRecord> records_;
  std::set<std::uint64_t> poison_;
  std::uint64_t poison_chance_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t settled_ = 0;
  std::map<std::uint64_t, int> tried_;
  std::int64_t ms_ = 0;
  bool closed_ = false;
  bool ended_ = false;
};

TEST(LaneModelTest, RandomFailuresWindowsAndRestartsAgreeWithAnOracle) {
  constexpr std::uint64_t kSeeds = 1500;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    LaneModel(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace penstock::consumers
