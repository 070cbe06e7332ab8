#include <gmock/gmock.h>

#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto* kShard0 = "shardId-000000000000";

class StreamEncryption : public StreamFixture {
 protected:
  StreamEncryption() {
    give_keys({"m1"});
    create("s");
  }
  /// A key's bytes follow from its id.
  static MasterKey master(const std::string& id) {
    std::string bytes = id;
    bytes.resize(kAeadKeyBytes, '.');
    return {.id = id, .key = SecretBytes(bytes)};
  }
  void give_keys(const std::vector<std::string>& ids) {
    std::vector<MasterKey> keys;
    for (const std::string& id : ids) keys.push_back(master(id));
    settings_.master_keys = std::make_shared<MasterKeys>(std::move(keys));
    reopen();
  }
  void start(const std::string& key_id = "alias/a") {
    const auto done = run_sync(streams_->start_encryption("s", key_id));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  void stop() { ASSERT_TRUE(run_sync(streams_->stop_encryption("s")).has_value()); }
  bool put_is_encrypted(const std::string& data) {
    const auto outcomes = put("s", {{.partition_key = "the key", .data = data}});
    return outcomes.at(0)->encrypted;
  }
  std::vector<std::shared_ptr<const std::string>> stored() {
    const auto log = logs_->open("s-" + streams_->find("s")->info->uid).value();
    std::vector<std::shared_ptr<const std::string>> frames;
    for (const auto& frame : run_sync(log->read(ShardIndex{0}, Position{0}, {}))->frames) frames.push_back(frame.bytes);
    return frames;
  }
  std::vector<bool> flags() {
    std::vector<bool> flags;
    for (const ReadRecord& record : read(*iterator("s", kShard0)).records) flags.push_back(record.encrypted);
    return flags;
  }
  Result<RecordPage> try_read() { return run_sync(streams_->read(*iterator("s", kShard0), 100)); }
  Result<PutOutcomes> try_put() { return run_sync(put_records(*streams_, "s", {{.partition_key = "k", .data = "x"}})); }
};

TEST_F(StreamEncryption, WhatIsPutWhileItIsOnIsStoredEncryptedAndReadBack) {
  EXPECT_FALSE(put_is_encrypted("before"));
  start();
  EXPECT_EQ(streams_->find("s")->info->encryption_key_id, "alias/a");
  EXPECT_TRUE(put_is_encrypted("during"));
  EXPECT_TRUE(put_is_encrypted(""));
  stop();
  EXPECT_FALSE(put_is_encrypted("after"));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(read_all("s", kShard0), ElementsAre("before", "during", "", "after"));
    EXPECT_THAT(flags(), ElementsAre(false, true, true, false));
    reopen();
  }
  const auto frames = stored();
  EXPECT_THAT(*frames[0], HasSubstr("before"));
  EXPECT_THAT(*frames[1], testing::Not(HasSubstr("during")));
  EXPECT_THAT(*frames[1], testing::Not(HasSubstr("the key"))) << "partition keys are encrypted too";
  EXPECT_THAT(*frames[3], HasSubstr("after"));
}

TEST_F(StreamEncryption, KeysTurnAndTheOldStaysReadable) {
  start();
  for (int day = 0; day < 3; ++day) {
    put_is_encrypted(std::to_string(day));
    clock_.advance(std::chrono::hours(7));
  }
  start("alias/b");
  put_is_encrypted("b");
  give_keys({"m2", "m1"});
  put_is_encrypted("m2");
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("0", "1", "2", "b", "m2"));
  EXPECT_EQ(catalog_->list("stream-keys/").size(), 3U);
}

TEST_F(StreamEncryption, PagesCutThroughEncryptedFrames) {
  start();
  std::vector<PutEntry> entries;
  std::vector<std::string> wanted;
  for (int i = 0; i < 25; ++i) {
    wanted.push_back(std::to_string(i));
    entries.push_back({.partition_key = "k", .data = wanted.back()});
  }
  put("s", std::move(entries));
  EXPECT_EQ(read_all("s", kShard0, 7), wanted);
}

TEST_F(StreamEncryption, WithoutTheMasterKeyNothingIsWrittenOrRead) {
  put_is_encrypted("plain");
  start();
  put_is_encrypted("secret");
  give_keys({});
  EXPECT_EQ(try_put().error().kind, ErrorKind::denied);
  EXPECT_THAT(try_put().error().message, HasSubstr("master key m1"));
  const auto page = try_read();
  ASSERT_TRUE(page.has_value()) << "what lies before is given";
  EXPECT_EQ(page->records.size(), 1U);
  EXPECT_GT(page->millis_behind_latest, 0);
  const auto behind = run_sync(streams_->read(*page->next, 100));
  EXPECT_EQ(behind.error().kind, ErrorKind::denied);
  EXPECT_THAT(behind.error().message, HasSubstr("master key m1"));
  EXPECT_EQ(run_sync(streams_->start_encryption("s", "alias/b")).error().kind, ErrorKind::denied);
  give_keys({"m1"});
  EXPECT_THAT(read_all("s", kShard0), ElementsAre("plain", "secret"));
  EXPECT_TRUE(put_is_encrypted("more"));
}

TEST_F(StreamEncryption, TheFirstMasterKeyIsMadeWhenItIsNeededButNeverInPlaceOfALostOne) {
  int made = 0;
  const auto make = [&]() -> Result<MasterKey> {
    ++made;
    return master("made" + std::to_string(made));
  };
  settings_.master_keys = std::make_shared<MasterKeys>(std::vector<MasterKey>{}, make);
  reopen();
  EXPECT_EQ(made, 0);
  start();
  start("alias/b");
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(put_is_encrypted("x"));
  settings_.master_keys = std::make_shared<MasterKeys>(std::vector<MasterKey>{}, make);
  reopen();
  const auto refused = run_sync(streams_->start_encryption("s", "alias/c"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_THAT(refused.error().message, HasSubstr("master key made1"));
  EXPECT_EQ(made, 1);
}

TEST_F(StreamEncryption, AChangedFrameIsCorruptAndNeverServed) {
  put_is_encrypted("plain");
  start();
  put_is_encrypted("secret");
  // The same frames in another stream's log, one with a bit turned: what somebody with the disk could do.
  std::string frame = *stored()[1];
  frame.back() = static_cast<char>(frame.back() ^ 1);
  const auto log = logs_->open("s-" + streams_->find("s")->info->uid).value();
  run_sync(log->append(ShardIndex{0}, frame)).value();
  const auto page = try_read();
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->records.size(), 2U);
  const auto behind = run_sync(streams_->read(*page->next, 100));
  EXPECT_EQ(behind.error().kind, ErrorKind::corrupt);
  EXPECT_THAT(behind.error().message, HasSubstr("stream s"));
}

TEST_F(StreamEncryption, AStreamThatGoesTakesItsKeysAlong) {
  start();
  put_is_encrypted("x");
  EXPECT_EQ(catalog_->list("stream-keys/").size(), 1U);
  ASSERT_TRUE(run_sync(streams_->remove("s")).has_value());
  EXPECT_THAT(catalog_->list("stream-keys/"), IsEmpty());
  run_sync(catalog_->put("stream-keys/123456789012/gone/00000001", "{}", 0)).value();
  reopen();
  EXPECT_THAT(catalog_->list("stream-keys/"), IsEmpty()) << "also what a crash left";
}

TEST_F(StreamEncryption, OnlyAnActiveStreamIsChangedAndOnlySoOften) {
  settings_.updating = std::chrono::seconds(10);
  reopen();
  start();
  const auto updating = run_sync(streams_->start_encryption("s", "alias/b"));
  EXPECT_EQ(updating.error().kind, ErrorKind::conflict);
  EXPECT_THAT(updating.error().message, HasSubstr("not ACTIVE, instead in state UPDATING"));
  EXPECT_EQ(run_sync(streams_->stop_encryption("s")).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(put_is_encrypted("x")) << "while it shows UPDATING";
  EXPECT_EQ(run_sync(streams_->start_encryption("none", "alias/b")).error().kind, ErrorKind::missing);
  for (int i = 0; i < 24; ++i) {
    clock_.advance(std::chrono::seconds(10));
    start(std::to_string(i));
  }
  clock_.advance(std::chrono::seconds(10));
  const auto refused = run_sync(streams_->start_encryption("s", "alias/b"));
  EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
  EXPECT_THAT(refused.error().message, HasSubstr("25 times within 24 hours"));
  start("23");  // the key it has
  clock_.advance(std::chrono::seconds(10));
  stop();
  clock_.advance(std::chrono::hours(24));
  start("alias/b");
}

}  // namespace
}  // namespace penstock::stream
