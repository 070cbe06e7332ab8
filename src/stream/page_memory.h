#pragma once
/// The memory of one page of records, from the disk to the answer that is sent: asked of a budget before the disk is
/// read; frames that lie in the tip cache are shared with it, so such a page is only counted.
/// Threads: one coroutine at a time.

#include "stream/streams.h"

namespace penstock::stream {

class PageMemory {
 public:
  /// No budget: everything is granted.
  PageMemory(MemoryBudget* budget, PageBounds bounds) : budget_(budget), bounds_(bounds) {}

  /// Frames of the shard. Errors: those of FrameLog::read; throttled when memory did not become free soon.
  Task<Result<framelog::FramePage>> read(std::shared_ptr<framelog::FrameLog> log, ShardIndex shard, Position from,
                                         framelog::ReadLimits limits);
  /// The page is made: what it keeps. Errors: throttled.
  Task<Result<MemoryCharge>> settle(std::size_t bytes, std::size_t records);

 private:
  MemoryBudget* budget_;
  PageBounds bounds_;
  MemoryCharge charge_;
};

}  // namespace penstock::stream
