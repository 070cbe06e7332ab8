#include "services/iot/iot_core.h"

#include <gtest/gtest.h>

#include "catalog/memory/memory_catalog.h"
#include "services/iot/errors.h"

namespace penstock::services::iot {
namespace {

class IotCoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<IotCore> open() {
    auto authority = pki::Authority::create(clock_, random_, {});
    PENSTOCK_ASSERT(authority.has_value());
    auto core = IotCore::open({.catalog = *catalog_,
                               .clock = clock_,
                               .random = random_,
                               .account = "123456789012",
                               .region = "eu-central-1",
                               .authority = *authority});
    PENSTOCK_ASSERT(core.has_value());
    return std::move(*core);
  }

  static std::vector<catalog::Change> write(const Thing& thing, catalog::Version expected) {
    return {{.key = key::thing(thing.name), .expected = expected, .bytes = to_document(thing)}};
  }

  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
};

TEST_F(IotCoreTest, AChangeIsSeenAtOnceAndAfterReopening) {
  auto core = open();
  const auto done = run_sync(core->change([](const Registry& registry) -> ApiResult<std::vector<catalog::Change>> {
    return write({.name = "t", .id = "1"}, registry.things().version("t"));
  }));
  ASSERT_TRUE(done.has_value());
  EXPECT_NE(core->read([](const Registry& registry) { return registry.things().find("t"); }), nullptr);
  core.reset();
  EXPECT_NE(open()->read([](const Registry& registry) { return registry.things().find("t"); }), nullptr);
}

TEST_F(IotCoreTest, ARefusedPlanChangesNothing) {
  auto core = open();
  const std::uint64_t epoch = core->authorisation_epoch();
  const auto done = run_sync(core->change(
      [](const Registry&) -> ApiResult<std::vector<catalog::Change>> { return std::unexpected(not_found("no")); }));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, "ResourceNotFoundException");
  EXPECT_EQ(core->authorisation_epoch(), epoch);
}

TEST_F(IotCoreTest, APlanRunsAgainWhenAnotherNodeWasFaster) {
  auto core = open();
  int runs = 0;
  const auto done = run_sync(core->change([&](const Registry& registry) -> ApiResult<std::vector<catalog::Change>> {
    // The first run plans against a version that is no longer true.
    return write({.name = "t", .id = "1"}, ++runs == 1 ? 99 : registry.things().version("t"));
  }));
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(runs, 2);
}

TEST_F(IotCoreTest, ChangesSeeEachOther) {
  auto core = open();
  const auto add_one = [&]() -> Task<ApiResult<void>> {
    return core->change([](const Registry& registry) -> ApiResult<std::vector<catalog::Change>> {
      const auto old = registry.things().find("t");
      const std::int64_t version = old == nullptr ? 1 : old->version + 1;
      return write({.name = "t", .id = "1", .version = version}, registry.things().version("t"));
    });
  };
  std::vector<Task<ApiResult<void>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(add_one());
  for (const auto& done : run_sync(when_all(std::move(tasks)))) EXPECT_TRUE(done.has_value());
  EXPECT_EQ(core->read([](const Registry& registry) { return registry.things().find("t")->version; }), 20);
}

TEST_F(IotCoreTest, ArnsGoBothWays) {
  auto core = open();
  EXPECT_EQ(core->arn("thing/t"), "arn:aws:iot:eu-central-1:123456789012:thing/t");
  EXPECT_EQ(core->resource_of(core->arn("thing/t")), "thing/t");
  EXPECT_EQ(core->resource_of("arn:aws:iot:eu-central-1:999999999999:thing/t"), std::nullopt);
  EXPECT_EQ(core->arn("identity/eu-central-1:1-2"), "eu-central-1:1-2");
}

TEST_F(IotCoreTest, DoesNotOpenOnACorruptDocument) {
  ASSERT_TRUE(run_sync(catalog_->put(key::thing("t"), "{nonsense")).has_value());
  auto authority = pki::Authority::create(clock_, random_, {});
  const auto core = IotCore::open({.catalog = *catalog_,
                                   .clock = clock_,
                                   .random = random_,
                                   .account = "123456789012",
                                   .region = "eu-central-1",
                                   .authority = *authority});
  ASSERT_FALSE(core.has_value());
  EXPECT_EQ(core.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace penstock::services::iot
