// Log groups on the embedded engine: what they leave on the disk, and what a restore does to their logs.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog/memory/memory_catalog.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/position_leap.h"
#include "logs/log_store.h"
#include "os/sim_file_system.h"

namespace penstock::logs {
namespace {

class LogStorageTest : public ::testing::Test {
 protected:
  LogStorageTest() {
    static_cast<void>(files_.make_directories("logs"));
    static_cast<void>(files_.sync_directory(""));
    open();
  }
  void open() {
    frames_ = framelog::embedded_store(files_, "logs", clock_, random_,
                                       {.segment_bytes_max = 256U << 10U, .segment_bytes_first = 64U << 10U});
    auto opened = LogStore::open(*catalog_, *frames_, clock_, random_, {.block_bytes = block_bytes_});
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    store_ = *std::move(opened);
  }
  void close() {
    store_.reset();
    frames_.reset();
  }
  void make(const std::string& group, const std::string& stream) {
    ASSERT_TRUE(run_sync(store_->create_group(group, "STANDARD", {})).has_value());
    ASSERT_TRUE(run_sync(store_->create_stream(group, stream)).has_value());
  }
  /// One event a millisecond, about 4 KiB each.
  void put(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(std::chrono::milliseconds(1));
      const std::string message = fmt::format("{:05}{}", events_++, std::string(4000, '.'));
      ASSERT_TRUE(run_sync(store_->put_events("g", "s", {{.time = clock_.now(), .message = message}})).has_value());
    }
  }
  void keep_for_a_day() {
    ASSERT_TRUE(run_sync(store_->edit_group("g", [](GroupRecord& record) -> Result<void> {
                  record.retention_days = 1;
                  return {};
                })).has_value());
  }
  /// Of all files below the folder.
  std::uint64_t bytes_in(const std::string& folder) {
    std::uint64_t bytes = 0;
    for (const std::string& name : files_.list(folder).value_or(std::vector<std::string>())) {
      const auto entry = files_.look_at(folder + "/" + name);
      if (!entry) continue;
      bytes += entry->kind == os::EntryKind::folder ? bytes_in(folder + "/" + name) : entry->bytes;
    }
    return bytes;
  }
  /// The numbers of all events, in the order in which they are read.
  std::vector<int> read_all() {
    std::vector<int> all;
    EventQuery query;
    while (true) {
      const auto page = run_sync(store_->read("g", query));
      EXPECT_TRUE(page.has_value());
      if (!page) return all;
      for (const StoredEvent& event : page->events) all.push_back(std::stoi(event.message.substr(0, 5)));
      if (!page->next) return all;
      query.from = *page->next;
    }
  }
  static std::vector<int> numbers(int from, int to) {
    std::vector<int> all;
    for (int i = from; i < to; ++i) all.push_back(i);
    return all;
  }

  std::uint64_t block_bytes_ = kBlockBytes;
  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<framelog::EmbeddedFrameLogs> frames_;
  std::unique_ptr<LogStore> store_;
  int events_ = 0;
};

TEST_F(LogStorageTest, WhatRetentionLetsExpireGivesItsSpaceBack) {
  make("g", "s");
  keep_for_a_day();
  put(400);
  const std::uint64_t full = bytes_in("logs");
  EXPECT_GT(full, 400U * 4000U);
  clock_.advance(std::chrono::hours(23));
  put(10);
  ASSERT_TRUE(run_sync(store_->trim_expired(clock_.now())).has_value());
  EXPECT_GT(bytes_in("logs"), 400U * 4000U) << "a day is not over";
  clock_.advance(std::chrono::hours(4));  // and two that events may be in the future
  ASSERT_TRUE(run_sync(store_->trim_expired(clock_.now())).has_value());
  EXPECT_LT(bytes_in("logs"), full / 3);
  EXPECT_EQ(read_all(), numbers(400, 410));
  close();
  open();
  EXPECT_EQ(read_all(), numbers(400, 410));
}

TEST_F(LogStorageTest, AGroupThatIsDeletedGivesItsSpaceBack) {
  const std::uint64_t empty = bytes_in("logs");
  make("g", "s");
  put(100);
  ASSERT_TRUE(run_sync(store_->remove_group("g")).has_value());
  close();  // files are unlinked in the background
  EXPECT_EQ(bytes_in("logs"), empty);
}

TEST_F(LogStorageTest, ANewStreamHasNoEventsOfADeletedOne) {
  close();
  block_bytes_ = 10'000;
  open();
  make("g", "s");
  put(100);
  ASSERT_TRUE(run_sync(store_->remove_stream("g", "s")).has_value());
  close();
  open();
  ASSERT_TRUE(run_sync(store_->create_stream("g", "s")).has_value());
  EXPECT_EQ(read_all(), numbers(0, 0));
  put(1);
  EXPECT_EQ(read_all(), numbers(100, 101));
}

TEST_F(LogStorageTest, AGroupThatCannotBeReadBackHarmsNoOther) {
  make("broken", "s");
  make("g", "s");
  put(10);
  const std::string log = "logs/" + log_id_of(store_->find_group("broken")->record().uid);
  close();
  for (const std::string& name : *files_.list(log)) files_.flip_bit(log + "/" + name, 0, 0);
  open();
  EXPECT_EQ(read_all(), numbers(0, 10));
  put(1);
  const auto page = run_sync(store_->read("broken", {}));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().kind, ErrorKind::corrupt);
  const auto refused = run_sync(store_->put_events("broken", "s", {{.time = clock_.now(), .message = "m"}}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
  ASSERT_TRUE(run_sync(store_->trim_expired(clock_.now())).has_value());
  ASSERT_TRUE(run_sync(store_->remove_group("broken")).has_value());
  EXPECT_FALSE(files_.list(log).has_value());
}

TEST_F(LogStorageTest, EventsGoOnBehindTheLeapOfARestore) {
  make("g", "s");
  put(200);  // several blocks of the index
  const std::string uid = store_->find_group("g")->record().uid;
  for (int restores = 1; restores <= 2; ++restores) {
    close();
    ASSERT_TRUE(framelog::leap_positions(files_, "logs/" + log_id_of(uid), {}).has_value());
    open();
    EXPECT_EQ(read_all(), numbers(0, events_));
    put(200);
    EXPECT_EQ(read_all(), numbers(0, events_));
    close();
    open();
    EXPECT_EQ(read_all(), numbers(0, events_));
  }
}

}  // namespace
}  // namespace penstock::logs
