#include "framelog/contract_test.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "core/mutex.h"
#include "core/random.h"

namespace penstock::framelog {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> numbered(int count, const std::string& prefix = "frame ") {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

Position next(Position p) { return Position(p.get() + 1); }

TEST_P(FrameLogContract, GivesBackWhatWasAppendedInOrder) {
  const auto log = create("a");
  Position last = kBeforeAll;
  for (const std::string& bytes : numbered(50)) {
    const Appended appended = append(*log, 3, bytes);
    EXPECT_GT(appended.position, last);
    last = appended.position;
  }
  EXPECT_EQ(read_all(*log, 3), numbered(50));
  EXPECT_EQ(read_all(*log, 3, {.frames_max = 7}), numbered(50));
}

TEST_P(FrameLogContract, KeepsShardsApart) {
  const auto log = create("a");
  for (int i = 0; i < 30; ++i) append(*log, static_cast<std::uint32_t>(i % 3), "frame " + std::to_string(i / 3));
  for (std::uint32_t shard = 0; shard < 3; ++shard) EXPECT_EQ(read_all(*log, shard), numbered(10));
  EXPECT_TRUE(read_all(*log, 9).empty());
}

TEST_P(FrameLogContract, StartsOfAppendsDecideTheOrder) {
  const auto log = create("a");
  std::vector<Task<Result<Appended>>> tasks;
  for (std::string& bytes : numbered(500)) tasks.push_back(log->append(ShardIndex(0), std::move(bytes)));
  const auto results = run_sync(when_all(std::move(tasks)));
  for (std::size_t i = 1; i < results.size(); ++i) {
    ASSERT_TRUE(results[i].has_value());
    EXPECT_GT(results[i]->position, results[i - 1]->position);
    EXPECT_GE(results[i]->time, results[i - 1]->time);
  }
  EXPECT_EQ(read_all(*log, 0), numbered(500));
}

TEST_P(FrameLogContract, FramesOfManyThreadsAreAllThereEachInItsOrder) {
  const auto log = create("a");
  constexpr int kThreads = 4;
  constexpr int kFrames = 100;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kFrames; ++i) append(*log, 0, std::to_string(t) + "/" + std::to_string(i));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto frames = read_all(*log, 0);
  ASSERT_EQ(frames.size(), kThreads * kFrames);
  for (int t = 0; t < kThreads; ++t) {
    const std::string prefix = std::to_string(t) + "/";
    std::vector<std::string> own;
    std::ranges::copy_if(frames, std::back_inserter(own), [&](const auto& f) { return f.starts_with(prefix); });
    EXPECT_EQ(own, numbered(kFrames, prefix));
  }
}

TEST_P(FrameLogContract, EverythingIsThereAfterReopening) {
  auto log = create("a");
  append(*log, 0, "first");
  const Position old = append(*log, 1, "other").position;
  log = reopen("a");
  EXPECT_EQ(read_all(*log, 0), std::vector<std::string>{"first"});
  EXPECT_GT(append(*log, 0, "second").position, old);
  log = reopen("a");
  EXPECT_EQ(read_all(*log, 0), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(read_all(*log, 1), std::vector<std::string>{"other"});
}

TEST_P(FrameLogContract, BytesOfEveryKindAndSizeSurvive) {
  SeededRandom random(11);
  auto log = create("a");
  std::vector<std::string> frames;
  for (const std::size_t size : {1, 7, 8, 9, 511, 512, 513, 4095, 4096, 4097, 65'536, 300'001, 2'000'000}) {
    std::string bytes(size, '\0');
    if (size % 2 == 1) random.fill(std::as_writable_bytes(std::span(bytes)));
    append(*log, 0, bytes);
    frames.push_back(std::move(bytes));
  }
  EXPECT_EQ(read_all(*log, 0), frames);
  log = reopen("a");
  EXPECT_EQ(read_all(*log, 0), frames);
}

TEST_P(FrameLogContract, RefusesEmptyAndOversizedFrames) {
  const auto log = create("a");
  EXPECT_EQ(run_sync(log->append(ShardIndex(0), "")).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run_sync(log->append(ShardIndex(0), std::string(kFrameBytesMax + 1, 'x'))).error().kind,
            ErrorKind::invalid);
  const std::string biggest(kFrameBytesMax, 'x');
  append(*log, 0, biggest);
  EXPECT_EQ(read_all(*log, 0), std::vector<std::string>{biggest});
}

TEST_P(FrameLogContract, PagesKeepToTheirLimitsButHoldAtLeastOneFrame) {
  const auto log = create("a");
  for (int i = 0; i < 10; ++i) append(*log, 0, std::string(100, 'x'));
  EXPECT_EQ(read(*log, 0, kBeforeAll, {.frames_max = 4}).frames.size(), 4U);
  EXPECT_EQ(read(*log, 0, kBeforeAll, {.bytes_max = 350}).frames.size(), 3U);
  EXPECT_EQ(read(*log, 0, kBeforeAll, {.bytes_max = 1}).frames.size(), 1U);
  EXPECT_FALSE(read(*log, 0, kBeforeAll, {.frames_max = 9}).at_tip);
  EXPECT_TRUE(read(*log, 0, kBeforeAll, {.frames_max = 10}).at_tip);
}

TEST_P(FrameLogContract, TellsWhereTheTipIs) {
  auto log = create("a");
  FramePage page = read(*log, 0, kBeforeAll);
  EXPECT_TRUE(page.at_tip);
  EXPECT_EQ(page.shard_tip, kBeforeAll);
  append(*log, 0, "x");
  rig_->clock().advance(milliseconds(5));
  const Appended last = append(*log, 0, "y");
  append(*log, 1, "elsewhere");
  for (int round = 0; round < 2; ++round) {
    page = read(*log, 0, kBeforeAll);
    EXPECT_TRUE(page.at_tip);
    EXPECT_EQ(page.shard_tip, last.position);
    EXPECT_EQ(page.shard_tip_time, last.time);
    page = read(*log, 0, next(last.position));
    EXPECT_TRUE(page.frames.empty());
    EXPECT_TRUE(page.at_tip);
    log = reopen("a");
  }
}

TEST_P(FrameLogContract, TimesComeFromTheClockAndNeverDecrease) {
  auto log = create("a");
  const Timestamp start = rig_->clock().now();
  EXPECT_EQ(append(*log, 0, "x").time, start);
  rig_->clock().set(start - milliseconds(1000));
  EXPECT_EQ(append(*log, 0, "y").time, start);
  log = reopen("a");
  EXPECT_EQ(append(*log, 1, "z").time, start);
  rig_->clock().set(start + milliseconds(7));
  EXPECT_EQ(append(*log, 1, "z").time, start + milliseconds(7));
}

TEST_P(FrameLogContract, FindsAPositionByTime) {
  auto log = create("a");
  const Timestamp start = rig_->clock().now();
  EXPECT_EQ(*run_sync(log->position_at(ShardIndex(0), start)), Position(1));
  std::vector<Appended> appended;
  for (int i = 0; i < 300; ++i) {
    rig_->clock().set(start + milliseconds(i * 10));
    appended.push_back(append(*log, 0, std::string(1000, 'x')));
    append(*log, 1, "between");
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; i += 7) {
      EXPECT_EQ(*run_sync(log->position_at(ShardIndex(0), start + milliseconds(i * 10))),
                appended[static_cast<std::size_t>(i)].position);
      EXPECT_EQ(*run_sync(log->position_at(ShardIndex(0), start + milliseconds(i * 10 - 9))),
                appended[static_cast<std::size_t>(i)].position);
    }
    EXPECT_EQ(*run_sync(log->position_at(ShardIndex(0), start + milliseconds(3000))), next(appended.back().position));
    log = reopen("a");
  }
}

TEST_P(FrameLogContract, TheTipIsTheNewestFrame) {
  auto log = create("a");
  EXPECT_EQ(log->tip(ShardIndex(0)), kBeforeAll);
  append(*log, 0, "x");
  const Position last = append(*log, 0, "y").position;
  append(*log, 1, "z");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log->tip(ShardIndex(0)), last);
    EXPECT_EQ(log->tip(ShardIndex(7)), kBeforeAll);
    log = reopen("a");
  }
}

TEST_P(FrameLogContract, TrimmingDropsOnlyOldFramesAndKeepsTheTips) {
  auto log = create("a");
  const Timestamp start = rig_->clock().now();
  append(*log, 5, "long ago");
  const Position quiet = append(*log, 5, "the last of its shard").position;
  for (int i = 0; i < 64; ++i) append(*log, 0, std::string(100'000, 'o'));
  rig_->clock().set(start + milliseconds(60'000));
  for (int i = 0; i < 10; ++i) append(*log, 0, std::string(100'000, 'n'));
  ASSERT_TRUE(run_sync(log->trim_before(start + milliseconds(1))).has_value());
  for (int round = 0; round < 2; ++round) {
    const auto held = read_all(*log, 0);
    EXPECT_LT(held.size(), 74U) << "nothing was freed";
    ASSERT_GE(held.size(), 10U);
    for (std::size_t i = held.size() - 10; i < held.size(); ++i) EXPECT_EQ(held[i].front(), 'n');
    EXPECT_EQ(log->tip(ShardIndex(5)), quiet);
    EXPECT_TRUE(read(*log, 5, kBeforeAll).frames.empty());
    EXPECT_TRUE(read(*log, 5, kBeforeAll).at_tip);
    EXPECT_EQ(read(*log, 5, kBeforeAll).shard_tip, quiet);
    log = reopen("a");
  }
}

TEST_P(FrameLogContract, PositionsAreNotUsedAgainAfterEverythingWasTrimmed) {
  auto log = create("a");
  Position last = append(*log, 0, "x").position;
  for (int round = 0; round < 3; ++round) {
    rig_->clock().advance(milliseconds(10'000));
    ASSERT_TRUE(run_sync(log->trim_before(rig_->clock().now())).has_value());
    log = reopen("a");
    const Position now = append(*log, 0, "x").position;
    EXPECT_GT(now, last);
    last = now;
  }
}

TEST_P(FrameLogContract, AWatcherIsToldOfEveryAppendOfItsShard) {
  const auto log = create("a");
  Mutex mutex;
  CondVar rung;
  Position seen = kBeforeAll;
  auto subscription = log->watch(ShardIndex(1), [&](Position last) {
    const MutexLock lock(mutex);
    EXPECT_GT(last, seen);
    seen = last;
    rung.notify_all();
  });
  append(*log, 0, "not watched");
  for (int i = 0; i < 10; ++i) {
    const Position appended = append(*log, 1, "watched").position;
    const MutexLock lock(mutex);
    while (seen < appended) rung.wait(mutex);
    EXPECT_EQ(seen, appended);
  }
  subscription.reset();
  const Position before = seen;
  append(*log, 1, "after the end");
  EXPECT_EQ(seen, before);
}

TEST_P(FrameLogContract, StoreNamesItsLogs) {
  EXPECT_EQ(rig_->store().open("b").error().kind, ErrorKind::missing);
  const auto a = create("a");
  create("b-2");
  EXPECT_EQ(rig_->store().create("a").error().kind, ErrorKind::conflict);
  EXPECT_EQ(*rig_->store().open("a"), a);
  EXPECT_EQ(rig_->store().create("Not/An/Id").error().kind, ErrorKind::invalid);
  EXPECT_EQ(rig_->store().create("..").error().kind, ErrorKind::invalid);
  EXPECT_EQ(*rig_->store().list(), (std::vector<std::string>{"a", "b-2"}));
  rig_->reopen();
  EXPECT_EQ(*rig_->store().list(), (std::vector<std::string>{"a", "b-2"}));
}

TEST_P(FrameLogContract, ARemovedLogIsGoneAndItsFramesAnswerUnavailable) {
  const auto log = create("a");
  append(*log, 0, "x");
  ASSERT_TRUE(rig_->store().remove("a").has_value());
  EXPECT_TRUE(rig_->store().remove("a").has_value());
  EXPECT_EQ(run_sync(log->append(ShardIndex(0), "y")).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(rig_->store().open("a").error().kind, ErrorKind::missing);
  EXPECT_TRUE(rig_->store().list()->empty());
  rig_->reopen();
  EXPECT_TRUE(rig_->store().list()->empty());
}

TEST_P(FrameLogContract, RemovingDuringAppendsFailsThemCleanly) {
  const auto log = create("a");
  std::atomic<bool> removed = false;
  std::thread appender([&] {
    for (;;) {
      const auto result = run_sync(log->append(ShardIndex(0), std::string(1000, 'x')));
      if (result.has_value()) continue;
      EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
      if (removed) return;
    }
  });
  append(*log, 1, "under way");
  ASSERT_TRUE(rig_->store().remove("a").has_value());
  removed = true;
  appender.join();
}

TEST_P(FrameLogContract, ALogThatOutlivesItsStoreAnswersUnavailable) {
  const auto log = create("a");
  append(*log, 0, "x");
  rig_->reopen();
  EXPECT_EQ(run_sync(log->append(ShardIndex(0), "y")).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace penstock::framelog
