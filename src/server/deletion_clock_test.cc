#include "server/deletion_clock.h"

#include <gtest/gtest.h>

namespace penstock::server {
namespace {

using namespace std::chrono_literals;

/// A wall clock that can be set, beside a steady one that cannot.
class SetClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return wall; }
  [[nodiscard]] SteadyTime steady() const override { return steadily; }
  void pass(std::chrono::milliseconds time) {
    wall += time;
    steadily += time;
  }
  Timestamp wall = from_unix_ms(1'700'000'000'000);
  SteadyTime steadily{5h};
};

TEST(DeletionClock, GoesWithTheWallClock) {
  SetClock clock;
  DeletionClock deletion(clock);
  EXPECT_EQ(deletion.now(), clock.wall);
  clock.pass(48h);
  EXPECT_EQ(deletion.now(), clock.wall) << "however long it was not asked";
  clock.wall += 2min;
  EXPECT_EQ(deletion.now(), clock.wall) << "a small step is trusted";
}

TEST(DeletionClock, ALeapForwardIsTrustedAfterAnHour) {
  SetClock clock;
  DeletionClock deletion(clock);
  const Timestamp before = deletion.now();
  clock.wall += 24h * 30;
  EXPECT_EQ(deletion.now(), before);
  clock.pass(59min);
  EXPECT_EQ(deletion.now(), before + 59min);
  EXPECT_TRUE(deletion.is_waiting());
  clock.pass(1min);
  static_cast<void>(deletion.now());
  EXPECT_EQ(deletion.now(), clock.wall);
  EXPECT_FALSE(deletion.is_waiting());
}

TEST(DeletionClock, AClockThatIsSetBackInTimeCostsNothing) {
  SetClock clock;
  DeletionClock deletion(clock);
  const Timestamp before = deletion.now();
  clock.wall += 24h * 30;
  EXPECT_EQ(deletion.now(), before);
  clock.pass(10min);
  EXPECT_EQ(deletion.now(), before + 10min);
  clock.wall -= 24h * 30;
  EXPECT_EQ(deletion.now(), clock.wall);
  // A second leap waits its own hour.
  clock.pass(55min);
  clock.wall += 24h;
  EXPECT_EQ(deletion.now(), clock.wall - 24h);
}

TEST(DeletionClock, BackwardsIsFollowedAtOnce) {
  SetClock clock;
  DeletionClock deletion(clock);
  clock.wall -= 24h * 365;
  EXPECT_EQ(deletion.now(), clock.wall);
}

}  // namespace
}  // namespace penstock::server
