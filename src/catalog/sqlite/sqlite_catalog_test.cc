// What only a durable engine can show: restarts, full disks, failing syncs, shared syncs.

#include "catalog/sqlite/sqlite_catalog.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "catalog/sqlite/failing_vfs.h"

namespace penstock::catalog {
namespace {

class SqliteCatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("penstock_sqlite_" + std::to_string(getpid()) +
                                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "catalog.db").string();
  }
  void TearDown() override {
    faults_.full = false;
    faults_.sync_fails = false;
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    catalog_.reset();
    auto opened = open_sqlite_catalog(path_, {.vfs = kFailingVfsName});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    catalog_ = std::move(*opened);
  }
  Result<Version> put(std::string key, std::string bytes, std::optional<Version> expected = std::nullopt) {
    return run_sync(catalog_->put(std::move(key), std::move(bytes), expected));
  }

  DiskFaults& faults_ = failing_vfs();
  std::filesystem::path folder_;
  std::string path_;
  std::unique_ptr<SqliteFileCatalog> catalog_;
};

TEST_F(SqliteCatalogTest, DocumentsAndVersionsOutliveARestart) {
  open();
  const Version first = *put("a", "1");
  const Version gone = *put("gone", "2");
  const Version removed = *run_sync(catalog_->remove("gone", gone));
  open();
  EXPECT_EQ(catalog_->get("a")->version, first);
  EXPECT_EQ(*catalog_->get("a")->bytes, "1");
  EXPECT_FALSE(catalog_->get("gone").has_value());
  EXPECT_GT(*put("b", "3"), removed) << "a version must not be given out twice, not even a deletion's";
}

TEST_F(SqliteCatalogTest, AcknowledgedCommitsAreInTheFilesBeforeAnyCleanClose) {
  open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "v").has_value());
  // What a killed process leaves: the files as they are now.
  const std::string copy = (folder_ / "copy.db").string();
  std::filesystem::copy_file(path_, copy);
  std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
  auto recovered = open_sqlite_catalog(copy);
  ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
  EXPECT_EQ((*recovered)->list("k").size(), 50U);
}

TEST_F(SqliteCatalogTest, AFullDiskRefusesAndLosesNothing) {
  open();
  ASSERT_TRUE(put("kept", "1").has_value());
  faults_.full = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(put("kept", "2").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(*catalog_->get("kept")->bytes, "1");
  faults_.full = false;
  ASSERT_TRUE(put("later", "3").has_value());
  open();
  EXPECT_EQ(*catalog_->get("kept")->bytes, "1");
  EXPECT_EQ(*catalog_->get("later")->bytes, "3");
}

TEST_F(SqliteCatalogTest, AFailedSyncIsAnUnknownOutcomeAndEndsWriting) {
  open();
  ASSERT_TRUE(put("kept", "1").has_value());
  faults_.sync_fails = true;
  EXPECT_EQ(put("kept", "2").error().kind, ErrorKind::outcome_unknown);
  faults_.sync_fails = false;
  EXPECT_EQ(put("other", "3").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(*catalog_->get("kept")->bytes, "1");
}

Task<Result<Version>> open_gate(std::atomic<bool>* gate) {
  *gate = true;
  gate->notify_all();
  co_return Version{0};
}

TEST_F(SqliteCatalogTest, CommitsThatWaitTogetherShareASync) {
  open();
  std::atomic<bool> gate = false;
  const auto blocking = catalog_->watch("first", [&](const Event&) { gate.wait(false); });
  constexpr int kCommits = 400;
  std::vector<Task<Result<Version>>> tasks;
  tasks.push_back(catalog_->put("first", "v"));
  for (int i = 0; i < kCommits; ++i) tasks.push_back(catalog_->put("k" + std::to_string(i), "v"));
  tasks.push_back(open_gate(&gate));
  const int before = faults_.syncs;
  for (const auto& result : run_sync(when_all(std::move(tasks)))) EXPECT_TRUE(result.has_value());
  EXPECT_LE(faults_.syncs - before, 6)
      << "two or three groups, each with one sync (the first syncs the log's header too)";
  EXPECT_EQ(catalog_->list("k").size(), static_cast<std::size_t>(kCommits));
}

TEST_F(SqliteCatalogTest, ACopyHoldsWhatOneMomentFound) {
  open();
  ASSERT_TRUE(put("before", "1").has_value());
  const std::string path = (folder_ / "copy.db").string();
  bool committed = false;
  std::thread committer;
  const auto copied = run_sync(catalog_->copy_to(path, [&] {
    // A commit that comes while the copy is made waits for it.
    std::atomic<bool> started = false;
    committer = std::thread([&] {
      started = true;
      started.notify_all();
      committed = put("after", "2").has_value();
    });
    started.wait(false);
    return Result<void>();
  }));
  committer.join();
  ASSERT_TRUE(copied.has_value()) << copied.error().message;
  EXPECT_TRUE(committed);
  const auto copy = open_sqlite_catalog(path);
  ASSERT_TRUE(copy.has_value()) << copy.error().message;
  EXPECT_EQ((*copy)->get("before")->version, catalog_->get("before")->version);
  EXPECT_FALSE((*copy)->get("after").has_value());
  EXPECT_EQ(*catalog_->get("after")->bytes, "2");
}

TEST_F(SqliteCatalogTest, ACopyThatFailsHarmsNothing) {
  open();
  ASSERT_TRUE(put("kept", std::string(100'000, 'x')).has_value());
  const std::string path = (folder_ / "copy.db").string();
  const auto refused = run_sync(catalog_->copy_to(path, [] { return fail(ErrorKind::throttled, "not now"); }));
  EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
  EXPECT_FALSE(std::filesystem::exists(path));
  faults_.full = true;
  EXPECT_EQ(run_sync(catalog_->copy_to(path, [] { return Result<void>(); })).error().kind, ErrorKind::unavailable);
  faults_.full = false;
  EXPECT_TRUE(put("later", "3").has_value());
  std::ofstream(path) << "somebody's";
  EXPECT_EQ(run_sync(catalog_->copy_to(path, [] { return Result<void>(); })).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(put("later", "4").has_value());
}

TEST_F(SqliteCatalogTest, TheLogIsFoldedIntoTheMainFile) {
  open();
  const std::string bytes(500'000, 'x');
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(put("same", bytes).has_value());
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 12U * 1024 * 1024);
}

TEST_F(SqliteCatalogTest, ASecondProcessIsKeptOut) {
  open();
  const auto second = open_sqlite_catalog(path_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
}

TEST_F(SqliteCatalogTest, RefusesFilesThatAreNotItsOwn) {
  std::ofstream(path_) << std::string(8192, 'z');
  EXPECT_EQ(open_sqlite_catalog(path_).error().kind, ErrorKind::corrupt);
  std::filesystem::remove(path_);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE somebodys(x)", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_EQ(open_sqlite_catalog(path_).error().kind, ErrorKind::corrupt);
}

TEST_F(SqliteCatalogTest, RefusesANewerFormat) {
  open();
  catalog_.reset();
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &file), SQLITE_OK);
  sqlite3_exec(file, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(file);
  const auto opened = open_sqlite_catalog(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("made by a newer Penstock"), std::string::npos);
  EXPECT_NE(opened.error().message.find("format 99"), std::string::npos);
}

}  // namespace
}  // namespace penstock::catalog
