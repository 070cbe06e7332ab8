#pragma once
/// The lane that streams' logs are made and removed on.

#include "core/blocking_lane.h"

namespace penstock::stream {

class BlockingLane final : public penstock::BlockingLane {
 public:
  using penstock::BlockingLane::BlockingLane;
};

}  // namespace penstock::stream
