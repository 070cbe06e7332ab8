#pragma once
/// A change of catalog documents that is made anew when somebody else was faster.
/// Guarantee: what is committed was prepared on the versions that it names; after kCommitTriesMax tries it gives up.
/// Threads:   any.

#include <functional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::stream {

inline constexpr int kCommitTriesMax = 100;

/// Looks at what is there and says what to commit; called once a try. Nothing to change: no changes.
using PrepareChanges = std::function<Result<std::vector<catalog::Change>>()>;

/// Gives the version of the changed documents (0 when there was nothing to change). `what` is for the message.
/// Errors: those of `prepare` and of Catalog::commit, but for its conflict; unavailable when `what` changes too often.
Task<Result<catalog::Version>> commit_retrying(catalog::Catalog& catalog, PrepareChanges prepare, std::string what);

}  // namespace penstock::stream
