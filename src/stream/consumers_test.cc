#include "stream/consumers.h"

#include <gmock/gmock.h>

#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class ConsumersTest : public StreamFixture {
 protected:
  Consumers& consumers() { return streams_->consumers(); }
  std::string uid() { return streams_->find("s")->info->uid; }
  Result<Consumer> add(const std::string& name, Consumers::Tags tags = {}) {
    return run_sync(consumers().add(uid(), "s", name, std::move(tags)));
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const Consumer& consumer : consumers().list(uid()).value()) names.push_back(consumer.name);
    return names;
  }
};

TEST_F(ConsumersTest, AreKeptOverARestartInTheOrderOfTheirNames) {
  create("s");
  add("b", {{"team", "plants"}}).value();
  add("a").value();
  reopen();
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  EXPECT_EQ(consumers().tags(uid(), "b")->at("team"), "plants");
  EXPECT_EQ(to_unix_ms((*consumers().find(uid(), "a"))->created) % 1000, 0);
}

TEST_F(ConsumersTest, ANameIsTakenOnceAndAStreamHasOnlySoMany) {
  settings_.consumers.per_stream = {.choice = Limit::Choice::number, .number = 2};
  reopen();
  create("s");
  add("a").value();
  EXPECT_EQ(add("a").error().kind, ErrorKind::conflict);
  add("b").value();
  EXPECT_EQ(add("c").error().kind, ErrorKind::throttled);
  run_sync(streams_->remove_consumer("s", "a")).value();
  add("c").value();
  EXPECT_EQ(run_sync(streams_->remove_consumer("s", "a")).error().kind, ErrorKind::missing);
}

TEST_F(ConsumersTest, StatesLastAsLongAsTheSettingsSay) {
  settings_.consumers.creating = settings_.consumers.deleting = milliseconds(500);
  reopen();
  create("s");
  EXPECT_EQ(add("a")->status, ConsumerStatus::creating);
  for (const auto* name : {"b", "c", "d", "e"}) add(name).value();
  EXPECT_EQ(add("f").error().kind, ErrorKind::throttled) << "five in CREATING at once";
  clock_.advance(milliseconds(500));
  EXPECT_EQ((*consumers().find(uid(), "a"))->status, ConsumerStatus::active);
  add("f").value();
  run_sync(streams_->remove_consumer("s", "a")).value();
  EXPECT_EQ((*consumers().find(uid(), "a"))->status, ConsumerStatus::deleting);
  EXPECT_EQ(run_sync(streams_->remove_consumer("s", "a")).error().kind, ErrorKind::conflict);
  clock_.advance(milliseconds(500));
  EXPECT_FALSE(consumers().find(uid(), "a")->has_value());
  EXPECT_EQ(add("a")->status, ConsumerStatus::creating);
}

TEST_F(ConsumersTest, TagsAreOfOneRegistrationOnly) {
  create("s");
  add("a", {{"k", "v"}}).value();
  run_sync(consumers().add_tags(uid(), "s", "a", {{"l", "w"}})).value();
  run_sync(consumers().remove_tags(uid(), "s", "a", {"k"})).value();
  EXPECT_EQ(consumers().tags(uid(), "a"), (Consumers::Tags{{"l", "w"}}));
  run_sync(streams_->remove_consumer("s", "a")).value();
  add("a").value();
  EXPECT_TRUE(consumers().tags(uid(), "a")->empty());
  EXPECT_EQ(run_sync(consumers().add_tags(uid(), "s", "none", {})).error().kind, ErrorKind::missing);
  Consumers::Tags many;
  for (int i = 0; i < 51; ++i) many.emplace(std::to_string(i), "");
  EXPECT_EQ(run_sync(consumers().add_tags(uid(), "s", "a", many)).error().kind, ErrorKind::invalid);
}

TEST_F(ConsumersTest, AStreamTakesItsConsumersWithIt) {
  create("s");
  add("a", {{"k", "v"}}).value();
  EXPECT_EQ(run_sync(streams_->remove("s")).error().kind, ErrorKind::conflict);
  run_sync(streams_->remove("s", true)).value();
  EXPECT_TRUE(catalog_->list("stream-consumer").empty()) << "nothing is left in the catalog";
  create("s");
  EXPECT_TRUE(names().empty());
}

TEST_F(ConsumersTest, WhatAStreamThatIsNotThereLeftIsRemovedAtStart) {
  create("s");
  add("a", {{"k", "v"}}).value();
  run_sync(catalog_->remove("stream/123456789012/s")).value();
  reopen();
  EXPECT_TRUE(catalog_->list("stream-consumer").empty());
}

TEST_F(ConsumersTest, DocumentsThatDoNotReadAreCorruptAndNotEmpty) {
  create("s");
  add("a", {{"k", "v"}}).value();
  run_sync(catalog_->put("stream-consumer-tags/123456789012/" + uid() + "/a", R"({"format":1,"tags":{"k":5}})"))
      .value();
  EXPECT_EQ(consumers().tags(uid(), "a").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(run_sync(consumers().add_tags(uid(), "s", "a", {{"l", "w"}})).error().kind, ErrorKind::corrupt);
  run_sync(catalog_->put("stream-consumers/123456789012/" + uid(), R"({"format":1,"consumers":[["a"]]})")).value();
  EXPECT_EQ(consumers().list(uid()).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(consumers().find(uid(), "a").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(add("b").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(run_sync(streams_->remove("s")).error().kind, ErrorKind::corrupt);
  EXPECT_TRUE(run_sync(streams_->remove("s", true)).has_value()) << "the way out";
}

}  // namespace
}  // namespace penstock::stream
