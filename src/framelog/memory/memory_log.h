#pragma once
/// A frame log that keeps nothing: for tests and tools. Same contract as the durable engines, except durability.

#include <memory>

#include "core/clock.h"
#include "framelog/frame_log.h"

namespace penstock::framelog {

/// `clock` outlives the store and its logs.
[[nodiscard]] std::unique_ptr<FrameLogStore> make_memory_store(const Clock& clock);

}  // namespace penstock::framelog
