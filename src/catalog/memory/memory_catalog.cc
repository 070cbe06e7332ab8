#include "catalog/memory/memory_catalog.h"

#include <utility>

#include "catalog/document_table.h"

namespace penstock::catalog {
namespace {

class MemoryCatalog final : public Catalog {
 public:
  [[nodiscard]] std::optional<Document> get(std::string_view key) const override { return table_.get(key); }
  [[nodiscard]] std::vector<Document> list(std::string_view prefix, std::string_view after,
                                           std::size_t limit) const override {
    return table_.list(prefix, after, limit);
  }
  Task<Result<Version>> commit(std::vector<Change> changes) override { co_return commit_now(std::move(changes)); }
  [[nodiscard]] std::unique_ptr<Subscription> watch(std::string prefix,
                                                    std::function<void(const Event&)> on_change) override {
    return table_.watch(std::move(prefix), std::move(on_change));
  }

 private:
  Result<Version> commit_now(std::vector<Change> changes) EXCLUDES(commit_mutex_) {
    PENSTOCK_TRY_VOID(check_bounds(changes));
    const MutexLock lock(commit_mutex_);
    PENSTOCK_TRY_VOID(Staging(table_).check(changes));
    const Version version = ++last_;
    table_.apply(version, std::move(changes));
    return version;
  }

  DocumentTable table_;
  Mutex commit_mutex_;
  Version last_ GUARDED_BY(commit_mutex_) = 0;
};

}  // namespace

std::unique_ptr<Catalog> make_memory_catalog() { return std::make_unique<MemoryCatalog>(); }

}  // namespace penstock::catalog
