#pragma once
/// What every FrameLog engine must do. An engine's test file instantiates the suite:
///   INSTANTIATE_TEST_SUITE_P(Embedded, FrameLogContract, ::testing::Values(&make_rig));

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "framelog/frame_log.h"

namespace penstock::framelog {

/// An engine under test with the ground it stands on.
class FrameLogRig {
 public:
  virtual ~FrameLogRig() = default;
  virtual FrameLogStore& store() = 0;
  virtual ManualClock& clock() = 0;
  /// Closes the store and opens it again on the same storage.
  virtual void reopen() = 0;
};

using MakeFrameLogRig = std::unique_ptr<FrameLogRig> (*)();

class FrameLogContract : public ::testing::TestWithParam<MakeFrameLogRig> {
 protected:
  FrameLogContract() : rig_(GetParam()()) {}

  std::shared_ptr<FrameLog> create(const std::string& id) {
    auto log = rig_->store().create(id);
    EXPECT_TRUE(log.has_value()) << (log.has_value() ? "" : log.error().message);
    return log.has_value() ? *log : nullptr;
  }
  std::shared_ptr<FrameLog> reopen(const std::string& id) {
    rig_->reopen();
    auto log = rig_->store().open(id);
    EXPECT_TRUE(log.has_value()) << (log.has_value() ? "" : log.error().message);
    return log.has_value() ? *log : nullptr;
  }
  static Appended append(FrameLog& log, std::uint32_t shard, std::string bytes) {
    auto appended = run_sync(log.append(ShardIndex(shard), std::move(bytes)));
    EXPECT_TRUE(appended.has_value()) << (appended.has_value() ? "" : appended.error().message);
    return appended.value_or(Appended{});
  }
  static FramePage read(FrameLog& log, std::uint32_t shard, Position from, ReadLimits limits = {}) {
    auto page = run_sync(log.read(ShardIndex(shard), from, limits));
    EXPECT_TRUE(page.has_value()) << (page.has_value() ? "" : page.error().message);
    return page.value_or(FramePage{});
  }
  /// Every frame of the shard, page by page.
  static std::vector<std::string> read_all(FrameLog& log, std::uint32_t shard, ReadLimits limits = {}) {
    std::vector<std::string> out;
    Position from = kBeforeAll;
    for (;;) {
      const FramePage page = read(log, shard, from, limits);
      for (const StoredFrame& frame : page.frames) out.push_back(*frame.bytes);
      if (page.frames.empty()) return out;
      from = Position(page.frames.back().position.get() + 1);
    }
  }

  std::unique_ptr<FrameLogRig> rig_;
};

}  // namespace penstock::framelog
