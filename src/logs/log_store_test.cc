#include "logs/log_store.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "catalog/memory/memory_catalog.h"
#include "framelog/memory/memory_log.h"

namespace penstock::logs {
namespace {

class LogStoreTest : public ::testing::Test {
 protected:
  LogStoreTest() { reopen(); }

  void reopen() {
    store_.reset();
    auto opened = LogStore::open(*catalog_, *frames_, clock_, random_);
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    store_ = *std::move(opened);
  }
  void make(const std::string& group, const std::string& stream) {
    if (store_->find_group(group) == nullptr) {
      ASSERT_TRUE(run_sync(store_->create_group(group, "STANDARD", {})).has_value());
    }
    ASSERT_TRUE(run_sync(store_->create_stream(group, stream)).has_value());
  }
  void put(const std::string& group, const std::string& stream, std::int64_t ago_ms, const std::string& message) {
    const auto done = run_sync(store_->put_events(
        group, stream, {{.time = clock_.now() - std::chrono::milliseconds(ago_ms), .message = message}}));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  EventPage read(const std::string& group, EventQuery query) {
    auto page = run_sync(store_->read(group, std::move(query)));
    EXPECT_TRUE(page.has_value()) << page.error().message;
    return page ? *std::move(page) : EventPage{};
  }
  static std::vector<std::string> messages(const EventPage& page) {
    std::vector<std::string> out;
    for (const StoredEvent& event : page.events) out.push_back(event.message);
    return out;
  }
  /// All pages, oldest first or newest first; each page is in ascending order.
  std::vector<std::string> read_all(const std::string& group, EventQuery query) {
    std::vector<std::string> all;
    for (int pages = 0; pages < 10'000; ++pages) {
      const EventPage page = read(group, query);
      auto some = messages(page);
      if (query.newest) std::ranges::reverse(some);
      all.insert(all.end(), some.begin(), some.end());
      if (!page.next) return all;
      (query.newest ? query.before : query.from) = *page.next;
    }
    ADD_FAILURE() << "paging does not end";
    return all;
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<framelog::FrameLogStore> frames_ = framelog::make_memory_store(clock_);
  std::unique_ptr<LogStore> store_;
};

using Texts = std::vector<std::string>;

TEST_F(LogStoreTest, EventsComeBackInTheOrderOfTheirTimesWhateverTheOrderTheyCameIn) {
  make("g", "a");
  make("g", "b");
  put("g", "a", 10, "second");
  put("g", "b", 5, "third");
  put("g", "b", 20, "first");
  EXPECT_EQ(messages(read("g", {})), (Texts{"first", "second", "third"}));
  EXPECT_EQ(messages(read("g", {.streams = {"b"}})), (Texts{"first", "third"}));
  EXPECT_EQ(read("g", {}).stream_names, (Texts{"b", "a", "b"}));
  EXPECT_EQ(messages(read("g", {.newest = true, .events_max = 2})), (Texts{"second", "third"}));
  EXPECT_EQ(run_sync(store_->read("g", {.streams = {"none"}})).error().kind, ErrorKind::missing);
  EXPECT_EQ(run_sync(store_->read("none", {})).error().kind, ErrorKind::missing);
}

TEST_F(LogStoreTest, PagesInBothDirectionsHoldEveryEventOnce) {
  make("g", "a");
  make("g", "b");
  Texts all;
  for (int i = 0; i < 300; ++i) {  // several blocks, with times that overlap
    const std::string message = fmt::format("{:05} {}", i, std::string(4000, 'x'));
    clock_.advance(std::chrono::milliseconds(1));
    put("g", i % 3 == 0 ? "a" : "b", i % 7 == 0 ? 3 : 0, message);
  }
  for (const bool again : {false, true}) {
    if (again) reopen();
    const Texts forward = read_all("g", {.events_max = 7});
    Texts sorted = forward;
    std::ranges::sort(sorted);
    EXPECT_EQ(sorted.size(), 300U);
    EXPECT_EQ(std::ranges::unique(sorted).begin(), sorted.end());
    Texts backward = read_all("g", {.newest = true, .events_max = 11});
    std::ranges::reverse(backward);
    EXPECT_EQ(backward, forward);
    EXPECT_EQ(read_all("g", {.bytes_max = 9000, .scan_bytes_max = 1}), forward);
    EXPECT_EQ(read_all("g", {.streams = {"a"}, .events_max = 13, .scan_bytes_max = 1}).size(), 100U);
    Texts scarce = read_all(
        "g", {.newest = true, .matches = [](std::string_view m) { return m.contains("00010"); }, .scan_bytes_max = 1});
    EXPECT_EQ(scarce.size(), 1U);
  }
}

TEST_F(LogStoreTest, ABoundedScanGivesAPageThatTellsWhereToGoOn) {
  make("g", "a");
  for (int i = 0; i < 400; ++i) {
    clock_.advance(std::chrono::milliseconds(1));
    put("g", "a", 0, std::string(4000, 'x') + (i == 399 ? "needle" : ""));
  }
  const EventQuery query{.matches = [](std::string_view m) { return m.contains("needle"); }, .scan_bytes_max = 1};
  const EventPage first = read("g", query);
  EXPECT_TRUE(first.events.empty());
  ASSERT_TRUE(first.next.has_value());
  EXPECT_EQ(read_all("g", query).size(), 1U);
}

TEST_F(LogStoreTest, GroupsStreamsTagsAndTimesSurviveARestart) {
  ASSERT_TRUE(run_sync(store_->create_group("g", "INFREQUENT_ACCESS", {{"k", "v"}})).has_value());
  make("g", "a");
  put("g", "a", 1000, "x");
  ASSERT_TRUE(run_sync(store_->edit_group("g", [](GroupRecord& record) -> Result<void> {
                record.retention_days = 7;
                return {};
              })).has_value());
  reopen();
  const auto group = store_->find_group("g");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->record().retention_days, 7);
  EXPECT_EQ(group->record().log_class, "INFREQUENT_ACCESS");
  EXPECT_EQ(group->record().tags.at("k"), "v");
  EXPECT_GT(group->stored_bytes(), 0U);
  const auto stream = group->find_stream("a");
  ASSERT_TRUE(stream && stream->times);
  EXPECT_EQ(stream->times->last, clock_.now() - std::chrono::seconds(1));
  make("g", "b");  // a new stream is another one
  EXPECT_TRUE(read("g", {.streams = {"b"}}).events.empty());
}

TEST_F(LogStoreTest, ADeletedStreamIsGoneAndItsNameMayBeUsedAgain) {
  make("g", "a");
  put("g", "a", 0, "old");
  ASSERT_TRUE(run_sync(store_->remove_stream("g", "a")).has_value());
  EXPECT_TRUE(read("g", {}).events.empty());
  make("g", "a");
  put("g", "a", 0, "new");
  EXPECT_EQ(messages(read("g", {})), Texts{"new"});
  reopen();
  EXPECT_EQ(messages(read("g", {})), Texts{"new"});
}

TEST_F(LogStoreTest, ADeletedGroupIsGoneWithItsEvents) {
  make("g", "a");
  put("g", "a", 0, "old");
  ASSERT_TRUE(run_sync(store_->remove_group("g")).has_value());
  EXPECT_EQ(run_sync(store_->remove_group("g")).error().kind, ErrorKind::missing);
  EXPECT_TRUE(frames_->list()->empty());
  EXPECT_TRUE(catalog_->list("logs/").empty());
  make("g", "a");
  EXPECT_TRUE(read("g", {}).events.empty());
  EXPECT_EQ(run_sync(store_->create_group("g", "STANDARD", {})).error().kind, ErrorKind::conflict);
}

TEST_F(LogStoreTest, WhatACrashLeftBehindIsRemovedAndAMissingLogBeginsAnew) {
  make("g", "a");
  put("g", "a", 0, "x");
  ASSERT_TRUE(frames_->create("group-orphan").has_value());
  ASSERT_TRUE(run_sync(catalog_->put("logs/stream/gone/s", "{}")).has_value());
  const std::string id = "group-" + store_->find_group("g")->record().uid;
  store_.reset();
  ASSERT_TRUE(frames_->remove(id).has_value());
  reopen();
  EXPECT_EQ(*frames_->list(), Texts{id});
  EXPECT_TRUE(catalog_->list("logs/stream/gone").empty());
  EXPECT_TRUE(read("g", {}).events.empty());
}

TEST_F(LogStoreTest, RetentionHidesEventsAtOnceAndFreesThem) {
  make("g", "a");
  put("g", "a", 0, "old");
  clock_.advance(std::chrono::days(3));
  put("g", "a", 0, "new");
  EXPECT_EQ(read("g", {}).events.size(), 2U);
  ASSERT_TRUE(run_sync(store_->edit_group("g", [](GroupRecord& record) -> Result<void> {
                record.retention_days = 1;
                return {};
              })).has_value());
  EXPECT_EQ(messages(read("g", {})), Texts{"new"});
  ASSERT_TRUE(run_sync(store_->trim_expired(clock_.now())).has_value());
  EXPECT_EQ(messages(read("g", {})), Texts{"new"});
}

TEST_F(LogStoreTest, WhatFunctionsPrintMakesItsGroupAndStreamAndKeepsItsOrder) {
  for (int i = 0; i < 100; ++i)
    store_->put("/aws/lambda/f", "s", {{.time = clock_.now(), .message = fmt::format("{:03}", i)}});
  store_->flush();
  const Texts lines = messages(read("/aws/lambda/f", {}));
  EXPECT_EQ(lines.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(lines));
  EXPECT_EQ(store_->dropped_events(), 0U);
}

TEST_F(LogStoreTest, WhatWaitsIsBoundedAndWhatIsDroppedIsCounted) {
  std::vector<LogEvent> flood(40, {.time = clock_.now(), .message = std::string(1U << 20U, 'x')});
  store_->put("g", "s", flood);
  store_->flush();
  EXPECT_GT(store_->dropped_events(), 0U);
  EXPECT_EQ(read_all("g", {}).size() + store_->dropped_events(), 40U);
  store_->put("g", "s", {{.time = clock_.now(), .message = std::string((1U << 20U) + 5, 'y')}});  // is cut
  store_->flush();
  EXPECT_EQ(messages(read("g", {.newest = true, .events_max = 1})).front().size(), 1U << 20U);
}

TEST(EventKeys, TextsAreOrderedAsTheKeysAre) {
  const EventKey low{.time_ms = 5, .position = UINT64_MAX, .index = 9};
  const EventKey high{.time_ms = 6, .position = 0, .index = 0};
  EXPECT_LT(to_text(low), to_text(high));
  EXPECT_EQ(parse_key(to_text(low)), low);
  EXPECT_EQ(parse_key(to_text(kLastKey)), kLastKey);
  EXPECT_EQ(to_text(low).size(), 56U);
  EXPECT_FALSE(parse_key(std::string(56, '9')).has_value());
  EXPECT_FALSE(parse_key("12").has_value());
}

}  // namespace
}  // namespace penstock::logs
