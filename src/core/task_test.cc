#include "core/task.h"

#include <gtest/gtest.h>

#include <thread>

namespace penstock {
namespace {

Task<int> plain(int value) { co_return value; }

Task<int> sum_of(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total += co_await plain(i);
  co_return total;
}

Task<Result<int>> failing() { co_return fail(ErrorKind::missing, "gone"); }

Task<Result<int>> forwards_error() {
  PENSTOCK_CO_TRY(const int value, co_await failing());
  co_return value + 1;
}

Task<int> wait_for(Completion<int> completion) { co_return co_await completion; }

TEST(Task, RunsAChainWithoutGrowingTheStack) { EXPECT_EQ(run_sync(sum_of(20'000)), 199'990'000); }

TEST(Task, CarriesErrorsAsValues) {
  const auto result = run_sync(forwards_error());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::missing);
}

TEST(Completion, ResumesTheWaiterOnItsOwnExecutor) {
  const Completion<int> completion;
  std::thread setter([completion] { completion.set(7); });
  EXPECT_EQ(run_sync(wait_for(completion)), 7);
  setter.join();
}

TEST(Completion, SetBeforeTheWaitIsNotLost) {
  const Completion<int> completion;
  completion.set(3);
  EXPECT_EQ(run_sync(wait_for(completion)), 3);
}

TEST(WhenAll, KeepsTheOrderOfTheTasks) {
  std::vector<Completion<int>> open(3);
  std::vector<Task<int>> tasks;
  for (const auto& completion : open) tasks.push_back(wait_for(completion));
  std::thread setter([open] {
    open[2].set(2);
    open[0].set(0);
    open[1].set(1);
  });
  EXPECT_EQ(run_sync(when_all(std::move(tasks))), (std::vector<int>{0, 1, 2}));
  setter.join();
}

}  // namespace
}  // namespace penstock
