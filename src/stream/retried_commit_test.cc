#include "stream/retried_commit.h"

#include <gtest/gtest.h>

#include "catalog/memory/memory_catalog.h"

namespace penstock::stream {
namespace {

using Changes = std::vector<catalog::Change>;

class RetriedCommitTest : public ::testing::Test {
 protected:
  void write(const std::string& text) { run_sync(catalog_->put("k", text)).value(); }
  [[nodiscard]] std::string stored() const { return *catalog_->get("k")->bytes; }
  /// Appends to what is there.
  [[nodiscard]] Changes append(const std::string& text) const {
    const auto document = catalog_->get("k");
    return {{.key = "k", .expected = document->version, .bytes = *document->bytes + text}};
  }
  auto commit(PrepareChanges prepare) { return run_sync(commit_retrying(*catalog_, std::move(prepare), "k")); }

  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
};

TEST_F(RetriedCommitTest, PreparesAnewWhenSomebodyElseWasFaster) {
  write("a");
  int tries = 0;
  const auto version = commit([&]() -> Result<Changes> {
    Changes changes = append("z");
    if (++tries < 3) write(stored() + "b");
    return changes;
  });
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(stored(), "abbz");
  EXPECT_EQ(*version, catalog_->get("k")->version);
}

TEST_F(RetriedCommitTest, GivesUpAfterABoundedNumberOfTries) {
  write("a");
  int tries = 0;
  const auto version = commit([&]() -> Result<Changes> {
    ++tries;
    Changes changes = append("z");
    write("b");
    return changes;
  });
  EXPECT_EQ(version.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(version.error().message, "k changes too often");
  EXPECT_EQ(tries, kCommitTriesMax);
}

TEST_F(RetriedCommitTest, TheCallersOwnErrorsAndNothingToChangeEndIt) {
  write("a");
  int tries = 0;
  const auto refused = commit([&]() -> Result<Changes> {
    ++tries;
    return fail(ErrorKind::conflict, "taken");
  });
  EXPECT_EQ(refused.error().message, "taken");
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(*commit([]() -> Result<Changes> { return Changes{}; }), 0U);
  EXPECT_EQ(stored(), "a");
}

}  // namespace
}  // namespace penstock::stream
