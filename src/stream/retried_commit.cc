#include "stream/retried_commit.h"

namespace penstock::stream {

Task<Result<catalog::Version>> commit_retrying(catalog::Catalog& catalog, PrepareChanges prepare, std::string what) {
  for (int tries = 0; tries < kCommitTriesMax; ++tries) {
    PENSTOCK_CO_TRY(std::vector<catalog::Change> changes, prepare());
    if (changes.empty()) co_return catalog::Version{0};
    const auto committed = co_await catalog.commit(std::move(changes));
    if (committed.has_value() || committed.error().kind != ErrorKind::conflict) co_return committed;
  }
  co_return fail(ErrorKind::unavailable, what + " changes too often");
}

}  // namespace penstock::stream
