#pragma once
/// A Streams over memory engines and a clock moved by hand. For tests only.

#include <gtest/gtest.h>

#include "catalog/memory/memory_catalog.h"
#include "framelog/memory/memory_log.h"
#include "stream/streams.h"

namespace penstock::stream {

class StreamFixture : public ::testing::Test {
 protected:
  StreamFixture() { reopen(); }

  /// What a restart does: everything but the catalog and the logs is made anew.
  void reopen() {
    streams_.reset();
    auto opened = Streams::open(settings_, *catalog_, *logs_, clock_, random_);
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    streams_ = std::move(*opened);
  }

  void create(const std::string& name, std::uint32_t shards = 1) {
    const auto created = run_sync(streams_->create({.name = name, .shard_count = shards}));
    ASSERT_TRUE(created.has_value()) << created.error().message;
  }

  PutOutcomes put(const std::string& name, std::vector<PutEntry> entries) {
    auto outcomes = run_sync(put_records(*streams_, name, std::move(entries)));
    EXPECT_TRUE(outcomes.has_value()) << (outcomes ? "" : outcomes.error().message);
    return outcomes ? std::move(*outcomes) : PutOutcomes{};
  }

  Result<ShardIterator> iterator(const std::string& name, const std::string& shard_id, StartingPoint start = {}) {
    return run_sync(streams_->make_iterator(name, shard_id, std::move(start)));
  }

  RecordPage read(const ShardIterator& from, std::size_t limit = 10'000) {
    auto page = run_sync(streams_->read(from, limit));
    EXPECT_TRUE(page.has_value()) << (page ? "" : page.error().message);
    return page ? std::move(*page) : RecordPage{};
  }

  /// The data of everything readable in a shard.
  std::vector<std::string> read_all(const std::string& name, const std::string& shard_id, std::size_t limit = 10'000) {
    std::vector<std::string> data;
    auto at = iterator(name, shard_id);
    EXPECT_TRUE(at.has_value()) << (at ? "" : at.error().message);
    while (at.has_value()) {
      RecordPage page = read(*at, limit);
      for (const ReadRecord& record : page.records) data.emplace_back(record.data);
      if (!page.next || page.millis_behind_latest == 0) break;
      at = *page.next;
    }
    return data;
  }

  Settings settings_{.account = "123456789012", .region = "eu-central-1"};
  ManualClock clock_;
  SeededRandom random_{11};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<framelog::FrameLogStore> logs_ = framelog::make_memory_store(clock_);
  std::unique_ptr<Streams> streams_;
};

}  // namespace penstock::stream
