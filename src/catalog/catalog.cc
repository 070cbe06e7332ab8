#include "catalog/catalog.h"

#include <utility>

namespace penstock::catalog {
namespace {

std::vector<Change> one_change(Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  return changes;
}

}  // namespace

Task<Result<Version>> Catalog::put(std::string key, std::string bytes, std::optional<Version> expected) {
  co_return co_await commit(one_change(Change{.key = std::move(key), .expected = expected, .bytes = std::move(bytes)}));
}

Task<Result<Version>> Catalog::remove(std::string key, std::optional<Version> expected) {
  co_return co_await commit(one_change(Change{.key = std::move(key), .expected = expected, .bytes = std::nullopt}));
}

}  // namespace penstock::catalog
