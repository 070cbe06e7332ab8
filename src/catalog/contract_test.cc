// One suite over every catalog engine: what catalog.h promises.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/memory/memory_catalog.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace penstock::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Engine {
  std::string name;
  std::unique_ptr<Catalog> (*make)(const std::string& folder);
};

class Contract : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + test->name();
    for (char& c : name) c = c == '/' ? '_' : c;
    folder_ = std::filesystem::temp_directory_path() / ("penstock_catalog_" + std::to_string(getpid()) + name);
    std::filesystem::create_directories(folder_);
    catalog_ = GetParam().make(folder_.string());
    ASSERT_NE(catalog_, nullptr);
  }
  void TearDown() override {
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result<Version> put(std::string key, std::string bytes, std::optional<Version> expected = std::nullopt) {
    return run_sync(catalog_->put(std::move(key), std::move(bytes), expected));
  }
  [[nodiscard]] std::string text(std::string_view key) const {
    const auto found = catalog_->get(key);
    return found ? *found->bytes : "(none)";
  }
  [[nodiscard]] std::vector<std::string> keys(std::string_view prefix, std::string_view after = {},
                                              std::size_t limit = SIZE_MAX) const {
    std::vector<std::string> out;
    for (const Document& document : catalog_->list(prefix, after, limit)) out.push_back(document.key);
    return out;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_P(Contract, GivesBackWhatWasPut) {
  EXPECT_FALSE(catalog_->get("a/1").has_value());
  const auto version = put("a/1", R"({"format":1})");
  ASSERT_TRUE(version.has_value());
  const auto found = catalog_->get("a/1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->version, *version);
  EXPECT_EQ(*found->bytes, R"({"format":1})");
  EXPECT_EQ(found->key, "a/1");
}

TEST_P(Contract, KeepsBytesOfAnyKind) {
  const std::string bytes("\0\xff'\n\"", 5);
  ASSERT_TRUE(put("bytes", bytes).has_value());
  EXPECT_EQ(text("bytes"), bytes);
  ASSERT_TRUE(put("empty", "").has_value());
  EXPECT_EQ(text("empty"), "");
}

TEST_P(Contract, VersionsGrowWithEveryChangeAnywhere) {
  const auto first = put("a", "1");
  const auto second = put("b", "1");
  const auto third = put("a", "2");
  const auto fourth = run_sync(catalog_->remove("a"));
  const auto fifth = put("a", "3");
  EXPECT_LT(*first, *second);
  EXPECT_LT(*second, *third);
  EXPECT_LT(*third, *fourth);
  EXPECT_LT(*fourth, *fifth);
}

TEST_P(Contract, PutIfVersion) {
  const auto first = put("a", "1", 0);
  ASSERT_TRUE(first.has_value());
  const auto again = put("a", "other", 0);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(text("a"), "1");
  ASSERT_TRUE(put("a", "2", *first).has_value());
  EXPECT_EQ(put("a", "3", *first).error().kind, ErrorKind::conflict);
  EXPECT_EQ(run_sync(catalog_->remove("a", *first)).error().kind, ErrorKind::conflict);
  EXPECT_EQ(text("a"), "2");
}

TEST_P(Contract, RemovedIsGoneAndMayComeBack) {
  ASSERT_TRUE(put("a", "1").has_value());
  ASSERT_TRUE(run_sync(catalog_->remove("a")).has_value());
  EXPECT_FALSE(catalog_->get("a").has_value());
  EXPECT_THAT(keys("a"), IsEmpty());
  ASSERT_TRUE(put("a", "2", 0).has_value());
  EXPECT_EQ(text("a"), "2");
}

TEST_P(Contract, CommitsAllOrNothing) {
  ASSERT_TRUE(put("a", "1").has_value());
  std::vector<Change> changes = {{.key = "b", .expected = std::nullopt, .bytes = "new"},
                                 {.key = "a", .expected = 0, .bytes = "must not be"}};
  EXPECT_EQ(run_sync(catalog_->commit(changes)).error().kind, ErrorKind::conflict);
  EXPECT_FALSE(catalog_->get("b").has_value());
  changes[1].expected = catalog_->get("a")->version;
  const auto version = run_sync(catalog_->commit(changes));
  ASSERT_TRUE(version.has_value());
  EXPECT_EQ(catalog_->get("a")->version, *version);
  EXPECT_EQ(catalog_->get("b")->version, *version);
}

TEST_P(Contract, ListsInKeyOrderByPrefixInPages) {
  for (const char* key : {"x/b", "x/a", "x/c/1", "xy", "w", "x/a/1"}) ASSERT_TRUE(put(key, "v").has_value());
  EXPECT_THAT(keys("x/"), ElementsAre("x/a", "x/a/1", "x/b", "x/c/1"));
  EXPECT_THAT(keys("x/", "x/a/1"), ElementsAre("x/b", "x/c/1"));
  EXPECT_THAT(keys("x/", "x/aa", 1), ElementsAre("x/b"));
  EXPECT_THAT(keys("x/", "a"), ElementsAre("x/a", "x/a/1", "x/b", "x/c/1"));
  EXPECT_THAT(keys("x/", "z"), IsEmpty());
  EXPECT_THAT(keys(""), ElementsAre("w", "x/a", "x/a/1", "x/b", "x/c/1", "xy"));
}

TEST_P(Contract, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(put("", "v").error().kind, ErrorKind::invalid);
  EXPECT_EQ(put(std::string(1025, 'k'), "v").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(put(std::string(1024, 'k'), "v").has_value());
  EXPECT_EQ(put("k", std::string(1024 * 1024 + 1, 'v')).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(put("k", std::string(1024 * 1024, 'v')).has_value());
  std::vector<Change> twice = {{.key = "t", .expected = {}, .bytes = "1"}, {.key = "t", .expected = {}, .bytes = "2"}};
  EXPECT_EQ(run_sync(catalog_->commit(twice)).error().kind, ErrorKind::invalid);
}

TEST_P(Contract, WatchersSeeEveryLaterChangeInOrderBeforeItIsAcknowledged) {
  ASSERT_TRUE(put("w/before", "0").has_value());
  std::vector<std::string> seen;  // written on the catalog's thread, read after the commits were acknowledged
  auto watching = catalog_->watch("w/", [&](const Event& event) {
    seen.push_back(event.key + "=" + (event.bytes ? *event.bytes : "-") + "@" + std::to_string(event.version));
  });
  const Version first = *put("w/1", "a");
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(put("other", "b").has_value());
  const Version second = *run_sync(catalog_->remove("w/1"));
  EXPECT_THAT(seen, ElementsAre("w/1=a@" + std::to_string(first), "w/1=-@" + std::to_string(second)));
  watching.reset();
  ASSERT_TRUE(put("w/2", "c").has_value());
  EXPECT_EQ(seen.size(), 2U);
}

TEST_P(Contract, CompareAndSetFromManyThreadsLosesNothing) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  ASSERT_TRUE(put("counter", "0").has_value());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int done = 0; done < kRounds;) {
        const auto now = catalog_->get("counter");
        const auto next = std::to_string(std::stoi(*now->bytes) + 1);
        const auto result = run_sync(catalog_->put("counter", next, now->version));
        if (result.has_value()) {
          ++done;
        } else {
          ASSERT_EQ(result.error().kind, ErrorKind::conflict);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(text("counter"), std::to_string(kThreads * kRounds));
}

TEST_P(Contract, CommitsOnTheirWayTogetherEachGetTheirOwnOutcome) {
  std::vector<Task<Result<Version>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(catalog_->put("only-one", std::to_string(i), 0));
  for (int i = 0; i < 20; ++i) tasks.push_back(catalog_->put("many/" + std::to_string(i), "v", 0));
  const auto results = run_sync(when_all(std::move(tasks)));
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].has_value(), i == 0 || i >= 20) << i;
    if (i > 0) {
      if (results[i].has_value()) EXPECT_GT(*results[i], *results[0]);
    }
  }
  EXPECT_EQ(text("only-one"), "0");
}

INSTANTIATE_TEST_SUITE_P(Engines, Contract,
                         ::testing::Values(Engine{"memory", [](const std::string&) { return make_memory_catalog(); }},
                                           Engine{"sqlite",
                                                  [](const std::string& folder) -> std::unique_ptr<Catalog> {
                                                    auto opened = open_sqlite_catalog(folder + "/catalog.db");
                                                    return opened.has_value() ? std::move(*opened) : nullptr;
                                                  }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock::catalog
