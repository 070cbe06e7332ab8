#pragma once
/// Published versions.

#include <optional>
#include <string>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"

namespace penstock::services::lambda {

/// Adds to `changes` a version that is what `function.latest` is, and counts `function.next_version` up (the caller
/// writes the function).
[[nodiscard]] functions::VersionRecord publish(const functions::FunctionStore& store,
                                               functions::FunctionRecord& function,
                                               const std::optional<std::string>& description, Changes& changes);

}  // namespace penstock::services::lambda
