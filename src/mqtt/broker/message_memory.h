#pragma once
/// Counts what delivered messages take of memory: once each, however many clients wait for it.
/// Threads: any.

#include <memory>

#include "mqtt/hooks.h"
#include "mqtt/session/limits.h"

namespace penstock::mqtt::broker {

/// The same message; `memory->outbound` holds its bytes until the last copy of this pointer is gone.
[[nodiscard]] MessagePtr counted(MessagePtr message, std::shared_ptr<session::MessageMemory> memory);

}  // namespace penstock::mqtt::broker
