#include "stream/shard_subscription.h"

#include <gmock/gmock.h>

#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

constexpr auto* kShard0 = "shardId-000000000000";

class ShardSubscriptionTest : public StreamFixture {
 protected:
  using Subscribed = Result<std::unique_ptr<ShardSubscription>>;

  ShardSubscriptionTest() {
    create("s");
    run_sync(streams_->consumers().add(streams_->find("s")->info->uid, "s", "c", {})).value();
  }

  Subscribed subscribe(StartingPoint start = {.type = IteratorType::latest}, const std::string& shard = kShard0) {
    return run_sync(streams_->subscribe("s", "c", shard, std::move(start)));
  }

  static std::vector<std::string> data_of(const RecordPage& page) {
    std::vector<std::string> data;
    for (const ReadRecord& record : page.records) data.emplace_back(record.data);
    return data;
  }
  static std::vector<std::string> read(ShardSubscription& subscription) {
    auto page = run_sync(subscription.read());
    EXPECT_TRUE(page.has_value()) << (page ? "" : page.error().message);
    return page ? data_of(*page) : std::vector<std::string>{};
  }

  /// Starts a wait; the flag says when it is over.
  std::shared_ptr<std::atomic<bool>> begin_wait(ShardSubscription& subscription) {
    auto done = std::make_shared<std::atomic<bool>>(false);
    spawn_here(executor_, subscription.wait(), [done] { *done = true; });
    executor_.run_ready();
    return done;
  }
  void put_one(const std::string& data) { put("s", {{.partition_key = "k", .data = data}}); }

  ManualExecutor executor_;
};

TEST_F(ShardSubscriptionTest, ARecordWakesTheReader) {
  const auto subscription = subscribe().value();
  EXPECT_TRUE(read(*subscription).empty());
  const auto woken = begin_wait(*subscription);
  EXPECT_FALSE(*woken);
  put_one("a");
  executor_.run_ready();
  EXPECT_TRUE(*woken);
  EXPECT_THAT(read(*subscription), ElementsAre("a"));
  EXPECT_TRUE(read(*subscription).empty());
}

TEST_F(ShardSubscriptionTest, ARecordBetweenReadAndWaitIsNotMissed) {
  const auto subscription = subscribe().value();
  EXPECT_TRUE(read(*subscription).empty());
  put_one("a");
  EXPECT_TRUE(*begin_wait(*subscription));
}

TEST_F(ShardSubscriptionTest, AClosedShardEndsWithItsChildren) {
  const auto subscription = subscribe().value();
  put_one("a");
  run_sync(streams_->scale("s", 2)).value();
  EXPECT_TRUE(*begin_wait(*subscription));
  const auto page = run_sync(subscription->read()).value();
  EXPECT_THAT(data_of(page), ElementsAre("a"));
  EXPECT_FALSE(page.next.has_value());
  EXPECT_EQ(page.children.size(), 2U);
}

TEST_F(ShardSubscriptionTest, AnIdleReaderIsWokenWhenTheShardCloses) {
  const auto subscription = subscribe().value();
  read(*subscription);
  const auto woken = begin_wait(*subscription);
  run_sync(streams_->scale("s", 2)).value();
  executor_.run_ready();
  EXPECT_TRUE(*woken);
  EXPECT_FALSE(run_sync(subscription->read()).value().next.has_value());
}

TEST_F(ShardSubscriptionTest, DeletingTheStreamEndsIt) {
  const auto subscription = subscribe().value();
  read(*subscription);
  const auto woken = begin_wait(*subscription);
  run_sync(streams_->remove("s", true)).value();
  executor_.run_ready();
  EXPECT_TRUE(*woken);
  EXPECT_EQ(run_sync(subscription->read()).error().kind, ErrorKind::missing);
}

TEST_F(ShardSubscriptionTest, DeregisteringTheConsumerEndsIt) {
  const auto subscription = subscribe().value();
  const auto woken = begin_wait(*subscription);
  run_sync(streams_->remove_consumer("s", "c")).value();
  executor_.run_ready();
  EXPECT_TRUE(*woken);
  EXPECT_EQ(run_sync(subscription->read()).error().kind, ErrorKind::missing);
}

TEST_F(ShardSubscriptionTest, ASecondSubscriptionTakesOverAfterFiveSeconds) {
  const auto first = subscribe().value();
  clock_.advance(milliseconds(4999));
  EXPECT_EQ(subscribe().error().kind, ErrorKind::conflict);
  EXPECT_TRUE(read(*first).empty()) << "a refused call disturbs nothing";
  clock_.advance(milliseconds(1));
  const auto woken = begin_wait(*first);
  const auto second = subscribe().value();
  executor_.run_ready();
  EXPECT_TRUE(*woken);
  EXPECT_EQ(run_sync(first->read()).error().kind, ErrorKind::conflict);
  put_one("a");
  EXPECT_THAT(read(*second), ElementsAre("a"));
  EXPECT_EQ(subscribe().error().kind, ErrorKind::conflict) << "five seconds from the second call";
}

TEST_F(ShardSubscriptionTest, AnEndedSubscriptionStillHoldsItsPlaceForFiveSeconds) {
  subscribe().value().reset();
  EXPECT_EQ(streams_->subscriptions().count(), 0U);
  EXPECT_EQ(subscribe().error().kind, ErrorKind::conflict);
}

TEST_F(ShardSubscriptionTest, GoesOnFromItsProgressWithoutGapOrRepetition) {
  put_one("a");
  const auto first = subscribe({.type = IteratorType::trim_horizon}).value();
  EXPECT_THAT(read(*first), ElementsAre("a"));
  const std::string progress = first->progress();
  put_one("b");
  for (const auto type : {IteratorType::after_sequence_number, IteratorType::at_sequence_number}) {
    clock_.advance(seconds(5));
    const auto again = subscribe({.type = type, .sequence_number = progress}).value();
    EXPECT_THAT(read(*again), ElementsAre("b"));
  }
}

TEST_F(ShardSubscriptionTest, TheProgressOfAnEmptyShardIsBeforeItsFirstRecord) {
  for (const auto begin : {IteratorType::latest, IteratorType::trim_horizon}) {
    clock_.advance(seconds(5));
    const auto first = subscribe({.type = begin}).value();
    EXPECT_TRUE(read(*first).empty());
    const std::string progress = first->progress();
    put_one("x");
    clock_.advance(seconds(5));
    const auto again = subscribe({.type = IteratorType::after_sequence_number, .sequence_number = progress}).value();
    EXPECT_THAT(read(*again), ElementsAre("x"));
    run_sync(streams_->remove("s", true)).value();
    create("s");
  }
}

TEST_F(ShardSubscriptionTest, APageIsBoundedHoweverMuchWaits) {
  const std::string large(700U << 10U, 'x');
  for (int i = 0; i < 4; ++i) put_one(large);
  const auto subscription = subscribe({.type = IteratorType::trim_horizon}).value();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(read(*subscription).size(), 1U);
  EXPECT_TRUE(read(*subscription).empty());
}

TEST_F(ShardSubscriptionTest, RefusesWhatAnIteratorWouldRefuse) {
  EXPECT_EQ(subscribe({.type = IteratorType::latest}, "shardId-000000000009").error().kind, ErrorKind::missing);
  EXPECT_EQ(subscribe({.type = IteratorType::at_timestamp}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(streams_->subscriptions().count(), 0U);
}

TEST(SubscriptionBook, DoesNotGrowWithSubscriptionsThatEnded) {
  SubscriptionBook book(milliseconds(5000));
  SteadyTime now{};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    now += seconds(5);
    ASSERT_TRUE(book.enter({.uid = "u", .consumer = "c", .shard = ShardIndex{i}}, now).has_value());
  }
  EXPECT_EQ(book.count(), 0U);
  EXPECT_LE(book.entry_count(), 64U);
}

}  // namespace
}  // namespace penstock::stream
