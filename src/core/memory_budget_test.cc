#include "core/memory_budget.h"

#include <gtest/gtest.h>

#include "core/manual_timers.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

class MemoryBudgetTest : public testing::Test {
 protected:
  using Taken = std::shared_ptr<std::optional<std::optional<MemoryCharge>>>;

  /// Empty until the wish is settled.
  Taken ask(std::size_t bytes, std::chrono::milliseconds patience = 1s) {
    auto out = std::make_shared<std::optional<std::optional<MemoryCharge>>>();
    spawn_here(executor_, budget_.take(bytes, patience),
               [out](std::optional<MemoryCharge> charge) { out->emplace(std::move(charge)); });
    return out;
  }

  ManualClock clock_;
  ManualTimers timers_{clock_};
  ManualExecutor executor_;
  MemoryBudget budget_{100, timers_};
};

TEST_F(MemoryBudgetTest, WhatIsFreeIsGivenAtOnceAndComesBack) {
  {
    const Taken first = ask(60);
    ASSERT_TRUE(first->has_value() && (*first)->has_value());
    EXPECT_EQ(budget_.bytes(), 60U);
    (**first)->shrink_to(10);
    EXPECT_EQ(budget_.bytes(), 10U);
    (**first)->shrink_to(50);
    EXPECT_EQ(budget_.bytes(), 10U) << "a charge never grows";
    EXPECT_FALSE(budget_.is_full());
  }
  EXPECT_EQ(budget_.bytes(), 0U);
}

TEST_F(MemoryBudgetTest, WhoeverCameFirstIsServedFirstAlsoWhenItWantsMore) {
  Taken holder = ask(80);
  const Taken large = ask(90);
  const Taken small = ask(10);
  EXPECT_FALSE(large->has_value());
  EXPECT_FALSE(small->has_value()) << "it must not overtake";
  EXPECT_TRUE(budget_.is_full());
  holder->reset();
  executor_.run_ready();
  ASSERT_TRUE(large->has_value() && (*large)->has_value());
  ASSERT_TRUE(small->has_value() && (*small)->has_value());
  EXPECT_EQ(budget_.bytes(), 100U);
  EXPECT_EQ(timers_.waiting(), 0U);
}

TEST_F(MemoryBudgetTest, PatienceEndsAndLetsThoseBehindPass) {
  Taken holder = ask(80);
  const Taken large = ask(90, 100ms);
  const Taken small = ask(10, 10s);
  clock_.advance(100ms);
  timers_.fire_due();
  executor_.run_ready();
  ASSERT_TRUE(large->has_value());
  EXPECT_FALSE((*large)->has_value());
  ASSERT_TRUE(small->has_value() && (*small)->has_value());
  EXPECT_EQ(budget_.bytes(), 90U);
}

TEST_F(MemoryBudgetTest, AWishBeyondTheBoundGetsAllThereIs) {
  Taken holder = ask(1);
  const Taken all = ask(1000);
  EXPECT_FALSE(all->has_value());
  holder->reset();
  executor_.run_ready();
  ASSERT_TRUE(all->has_value() && (*all)->has_value());
  EXPECT_EQ((**all)->bytes(), 100U);
}

TEST_F(MemoryBudgetTest, WhatIsInUseAlreadyIsCountedOverTheBound) {
  MemoryCharge over = budget_.count(150);
  EXPECT_TRUE(budget_.is_full());
  const Taken waits = ask(1);
  EXPECT_FALSE(waits->has_value());
  over = MemoryCharge();
  executor_.run_ready();
  EXPECT_TRUE(waits->has_value() && (*waits)->has_value());
}

}  // namespace
}  // namespace penstock
