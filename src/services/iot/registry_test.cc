#include "services/iot/registry.h"

#include <gtest/gtest.h>

namespace penstock::services::iot {
namespace {

template <class Record>
void put(Registry& registry, const std::string& key, const Record& record, catalog::Version version = 1) {
  const std::string bytes = to_document(record);
  const auto applied = registry.apply(key, version, &bytes);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
}

TEST(Registry, ADocumentReadsBackAsItWasWritten) {
  Policy policy;
  policy.name = "p";
  policy.versions = {
      {.id = 1, .document = "{\"a\": \"\\u00e9 \xC3\xA9\"}", .created = from_unix_ms(1'700'000'000'123)}};
  policy.created = from_unix_ms(1'700'000'000'123);
  Registry registry;
  put(registry, key::policy("p"), policy, 7);
  const auto read = registry.policies().find("p");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->versions.at(0).document, policy.versions.at(0).document);
  EXPECT_EQ(read->created, policy.created);
  EXPECT_EQ(registry.policies().version("p"), 7U);
  EXPECT_EQ(registry.policies().version("q"), 0U);
}

TEST(Registry, LinksAreReadFromBothEnds) {
  Registry registry;
  put(registry, key::policy_target("p", "cert/abc"), Link{});
  put(registry, key::policy_target("q", "cert/abc"), Link{});
  put(registry, key::policy_target("p", "identity/us-east-1:1-2"), Link{});
  EXPECT_EQ(registry.policy_targets().from("p").size(), 2U);
  EXPECT_EQ(registry.policy_targets().to("cert/abc").size(), 2U);
  ASSERT_TRUE(registry.apply(key::policy_target("p", "cert/abc"), 2, nullptr).has_value());
  EXPECT_EQ(registry.policy_targets().find("p", "cert/abc"), nullptr);
  EXPECT_EQ(registry.policy_targets().to("cert/abc").size(), 1U);
}

TEST(Registry, GroupsKnowTheirChildrenAndAncestors) {
  Registry registry;
  put(registry, key::thing_group("root"), ThingGroup{.name = "root", .id = "1"});
  put(registry, key::thing_group("mid"), ThingGroup{.name = "mid", .id = "2", .parent = "root"});
  put(registry, key::thing_group("leaf"), ThingGroup{.name = "leaf", .id = "3", .parent = "mid"});
  EXPECT_EQ(registry.ancestors_of("leaf"), (std::vector<std::string>{"mid", "root"}));
  EXPECT_TRUE(registry.children_of("root").contains("mid"));
  ASSERT_TRUE(registry.apply(key::thing_group("mid"), 2, nullptr).has_value());
  EXPECT_TRUE(registry.children_of("root").empty());
}

TEST(Registry, KnowsWhetherATypeIsInUse) {
  Registry registry;
  put(registry, key::thing("t"), Thing{.name = "t", .id = "1", .type = "sensor"});
  EXPECT_TRUE(registry.type_in_use("sensor"));
  put(registry, key::thing("t"), Thing{.name = "t", .id = "1"}, 2);
  EXPECT_FALSE(registry.type_in_use("sensor"));
}

TEST(Registry, RefusesWhatItCannotReadAndStaysAsItWas) {
  Registry registry;
  put(registry, key::thing("t"), Thing{.name = "t", .id = "1", .type = "sensor"});
  for (const std::string bytes : {"", "{", "[]", R"({"format":2,"name":"t","id":"1"})"}) {
    EXPECT_FALSE(registry.apply(key::thing("t"), 2, &bytes).has_value()) << bytes;
  }
  const std::string no_default = R"({"format":1,"name":"p","versions":[],"default_version":1,"next_version":2})";
  EXPECT_FALSE(registry.apply(key::policy("p"), 2, &no_default).has_value());
  const std::string good = "{}";
  EXPECT_FALSE(registry.apply("iot/strange/x", 2, &good).has_value());
  EXPECT_TRUE(registry.type_in_use("sensor"));
  EXPECT_EQ(registry.things().version("t"), 1U);
}

TEST(Registry, ListsByDateOfCreation) {
  Registry registry;
  put(registry, key::policy("b"), Policy{.name = "b", .versions = {{.document = "x"}}, .created = from_unix_ms(1)});
  put(registry, key::policy("a"), Policy{.name = "a", .versions = {{.document = "x"}}, .created = from_unix_ms(2)});
  EXPECT_EQ(registry.policies().by_date().begin()->second, "b");
}

}  // namespace
}  // namespace penstock::services::iot
