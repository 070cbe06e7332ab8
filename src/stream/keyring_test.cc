#include "stream/keyring.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "catalog/memory/memory_catalog.h"
#include "core/encoding/hex.h"

namespace penstock::stream {
namespace {

using testing::HasSubstr;

constexpr framelog::ShardIndex kShard{7};
constexpr auto* kUid = "0123456789abcdef0123456789abcdef";

MasterKey master(const std::string& id, char fill) {
  return {.id = id, .key = SecretBytes(std::string(kAeadKeyBytes, fill))};
}

class KeyringTest : public ::testing::Test {
 protected:
  Keyring ring(const MasterKeys& keys, const std::string& uid = kUid) {
    return {{.catalog = *catalog_, .clock = clock_, .random = random_, .master_keys = keys, .account = "123456789012"},
            "s",
            uid};
  }
  Keyring::KeyPtr current(Keyring& ring, const std::string& key_id = "alias/a") {
    auto key = run_sync(ring.current(key_id, horizon_));
    EXPECT_TRUE(key.has_value()) << (key ? "" : key.error().message);
    return key.value_or(nullptr);
  }
  std::size_t documents() const { return catalog_->list("stream-keys/").size(); }

  ManualClock clock_;
  SeededRandom random_{11};
  Timestamp horizon_{};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  const MasterKeys keys_{{master("m1", 'a')}};
};

TEST_F(KeyringTest, AKeyServesForADayAndForOneName) {
  Keyring ring = this->ring(keys_);
  EXPECT_EQ(ring.current_at_hand("alias/a"), nullptr);
  const auto first = current(ring);
  EXPECT_EQ(first->number(), 1U);
  EXPECT_EQ(ring.current_at_hand("alias/a"), first);
  EXPECT_EQ(ring.current_at_hand("alias/b"), nullptr);
  clock_.advance(std::chrono::hours(23));
  EXPECT_EQ(current(ring), first);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(ring.current_at_hand("alias/a"), nullptr);
  EXPECT_EQ(current(ring)->number(), 2U);
  EXPECT_EQ(current(ring, "alias/b")->number(), 3U);
  EXPECT_EQ(current(ring)->number(), 2U) << "a put that began before the name changed";
  EXPECT_EQ(current(ring, "alias/c")->number(), 4U);
  EXPECT_EQ(current(ring)->number(), 5U) << "a name that comes back gets a new key too";
  EXPECT_EQ(documents(), 5U);
}

TEST_F(KeyringTest, ARestartTakesTheKeyUpAgainWithOtherNonces) {
  Keyring before = ring(keys_);
  const std::string written = current(before)->encrypt(kShard, "plain");
  Keyring after = ring(keys_);
  EXPECT_EQ(after.decrypt(kShard, written), "plain");
  const auto key = current(after);
  EXPECT_EQ(key->number(), 1U);
  EXPECT_EQ(documents(), 1U);
  std::set<std::string> nonces = {std::string(parse_encrypted_frame(written)->nonce)};
  for (int i = 0; i < 100; ++i) nonces.emplace(parse_encrypted_frame(key->encrypt(kShard, "plain"))->nonce);
  EXPECT_EQ(nonces.size(), 101U);
}

TEST_F(KeyringTest, TheFirstMasterKeyWrapsAndAllOpen) {
  Keyring before = ring(keys_);
  const std::string old_frame = current(before)->encrypt(kShard, "old");
  const MasterKeys both({master("m2", 'b'), master("m1", 'a')});
  Keyring after = ring(both);
  EXPECT_TRUE(after.check().has_value());
  EXPECT_EQ(after.decrypt(kShard, old_frame), "old");
  const auto key = current(after);
  EXPECT_EQ(key->number(), 2U) << "another first master key brings another data key";
  const std::string new_frame = key->encrypt(kShard, "new");
  const MasterKeys only_new({master("m2", 'b')});
  Keyring later = ring(only_new);
  EXPECT_EQ(later.decrypt(kShard, new_frame), "new");
  EXPECT_EQ(current(later)->number(), 2U);
}

TEST_F(KeyringTest, AMissingOrWrongMasterKeyIsNamed) {
  Keyring before = ring(keys_);
  const std::string frame = current(before)->encrypt(kShard, "old");
  const MasterKeys others({master("m2", 'b')});
  const MasterKeys wrong({master("m1", 'x')});
  const MasterKeys none;
  for (const MasterKeys* keys : {&others, &wrong, &none}) {
    Keyring after = ring(*keys);
    for (const auto& refused : {after.decrypt(kShard, frame).error(), after.check().error()}) {
      EXPECT_EQ(refused.kind, ErrorKind::denied);
      EXPECT_THAT(refused.message, HasSubstr("master key m1"));
      EXPECT_THAT(refused.message, HasSubstr("stream s"));
    }
  }
  Keyring with_others = ring(others);
  EXPECT_EQ(current(with_others)->number(), 2U) << "what comes now has a key";
  EXPECT_THAT(with_others.decrypt(kShard, frame).error().message, HasSubstr("m1"));
  Keyring without = ring(none);
  EXPECT_THAT(run_sync(without.current("alias/a", horizon_)).error().message, HasSubstr("master key m2"));
}

TEST_F(KeyringTest, NothingIsWrittenUnderAWrongMasterKey) {
  Keyring before = ring(keys_);
  current(before);
  const MasterKeys wrong({master("m1", 'x')});
  Keyring after = ring(wrong);
  const auto refused = run_sync(after.current("alias/a", horizon_));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_THAT(refused.error().message, HasSubstr("master key m1 does not open data key 1"));
}

TEST_F(KeyringTest, AFrameSaysNothingElsewhereAndNothingWhenItWasChanged) {
  Keyring ring = this->ring(keys_);
  const std::string frame = current(ring)->encrypt(kShard, "plain");
  EXPECT_EQ(frame.size(), 5 + kEncryptionBytes);
  EXPECT_EQ(frame.find("plain"), std::string::npos);
  EXPECT_EQ(ring.decrypt(framelog::ShardIndex{8}, frame).error().kind, ErrorKind::corrupt) << "another shard";
  for (std::size_t at = 0; at < frame.size(); ++at) {
    std::string changed = frame;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    EXPECT_EQ(ring.decrypt(kShard, changed).error().kind, ErrorKind::corrupt) << at;
    EXPECT_EQ(ring.decrypt(kShard, frame.substr(0, at)).error().kind, ErrorKind::corrupt) << at;
  }
  // Another stream that has this very key, moved there by hand in the catalog.
  const auto document = catalog_->list("stream-keys/").front();
  const std::string other = std::string(32, 'f');
  run_sync(catalog_->put("stream-keys/123456789012/" + other + "/00000001", *document.bytes, 0)).value();
  Keyring elsewhere = this->ring(keys_, other);
  EXPECT_EQ(elsewhere.decrypt(kShard, frame).error().kind, ErrorKind::denied);
}

TEST_F(KeyringTest, SpoiltDocumentsAreCorrupt) {
  Keyring ring = this->ring(keys_);
  const std::string frame = current(ring)->encrypt(kShard, "plain");
  const auto document = catalog_->list("stream-keys/").front();
  const std::string good = *document.bytes;
  std::string newer = good;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  for (const std::string& spoilt : {std::string(), std::string("[]"), good.substr(0, good.size() - 1), newer}) {
    run_sync(catalog_->put(document.key, spoilt)).value();
    Keyring after = this->ring(keys_);
    EXPECT_FALSE(after.decrypt(kShard, frame).has_value()) << spoilt;
    EXPECT_FALSE(run_sync(after.current("alias/a", horizon_)).has_value()) << spoilt;
    EXPECT_FALSE(after.check().has_value()) << spoilt;
  }
}

TEST_F(KeyringTest, KeysOfExpiredRecordsAreDropped) {
  Keyring ring = this->ring(keys_);
  std::vector<std::string> frames;
  for (int day = 0; day < 4; ++day) {
    frames.push_back(current(ring)->encrypt(kShard, "plain"));
    clock_.advance(std::chrono::hours(24));
  }
  horizon_ = clock_.now() - std::chrono::hours(30);
  current(ring);
  EXPECT_EQ(documents(), 4U) << "the second key's records expired, but less than a day ago: the clock may go back";
  Keyring after = this->ring(keys_);
  EXPECT_FALSE(after.decrypt(kShard, frames[0]).has_value());
  EXPECT_TRUE(after.decrypt(kShard, frames[1]).has_value());
  EXPECT_TRUE(after.decrypt(kShard, frames[2]).has_value());
  ASSERT_TRUE(run_sync(after.remove_all()).has_value());
  EXPECT_EQ(documents(), 0U);
}

TEST_F(KeyringTest, ManyThatComeAtOnceMakeOneKey) {
  Keyring mine = ring(keys_);
  Keyring of_another_node = ring(keys_);
  std::vector<std::uint32_t> numbers(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      threads.emplace_back([&, i] {
        Keyring& one = i % 2 == 0 ? mine : of_another_node;
        const auto key = run_sync(one.current("alias/a", {}));
        if (!key) return;
        numbers[i] = (*key)->number();
        const std::string frame = (*key)->encrypt(kShard, "plain");
        if (mine.decrypt(kShard, frame) != "plain") numbers[i] = 0;
      });
    }
  }
  EXPECT_THAT(numbers, testing::Each(1U));
  EXPECT_EQ(documents(), 1U);
}

/// A catalog whose commits wait until they are let go.
class HeldCatalog final : public catalog::Catalog {
 public:
  explicit HeldCatalog(catalog::Catalog& inner) : inner_(inner) {}
  std::optional<catalog::Document> get(std::string_view key) const override { return inner_.get(key); }
  std::vector<catalog::Document> list(std::string_view prefix, std::string_view after,
                                      std::size_t limit) const override {
    return inner_.list(prefix, after, limit);
  }
  Task<Result<catalog::Version>> commit(std::vector<catalog::Change> changes) override {
    ++commits_;
    co_await go_;
    co_return co_await inner_.commit(std::move(changes));
  }
  std::unique_ptr<catalog::Subscription> watch(std::string prefix,
                                               std::function<void(const catalog::Event&)> on_change) override {
    return inner_.watch(std::move(prefix), std::move(on_change));
  }
  void let_go() const { go_.set(true); }
  int commits() const { return commits_; }

 private:
  catalog::Catalog& inner_;
  Completion<bool> go_;
  int commits_ = 0;
};

// MQTT clients rely on it: their messages are put one behind the other, without waiting for the answers.
TEST_F(KeyringTest, WhoAsksFirstGetsTheKeyFirst) {
  HeldCatalog held(*catalog_);
  Keyring ring({.catalog = held, .clock = clock_, .random = random_, .master_keys = keys_, .account = "123456789012"},
               "s", kUid);
  ManualExecutor executor;
  std::vector<int> order;
  const auto ask = [&](int number, const std::string& key_id = "alias/a") {
    spawn_here(executor, ring.current(key_id, {}),
               [&order, number](const Result<Keyring::KeyPtr>& key) { order.push_back(key ? number : -number); });
  };
  ask(1);
  ask(2);
  ask(3, "alias/b");
  executor.run_ready();
  EXPECT_THAT(order, testing::IsEmpty());
  held.let_go();
  EXPECT_EQ(ring.current_at_hand("alias/a"), nullptr) << "others were before";
  ask(4);
  EXPECT_TRUE(ring.is_taken());
  spawn_here(executor, ring.pass(), [&order](bool) { order.push_back(5); });
  executor.run_ready();
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3, 4, 5));
  EXPECT_FALSE(ring.is_taken());
  EXPECT_EQ(held.commits(), 2);
  EXPECT_NE(ring.current_at_hand("alias/a"), nullptr);
}

TEST_F(KeyringTest, KeysOfStreamsThatAreNotThereGo) {
  Keyring mine = ring(keys_);
  Keyring stray = ring(keys_, std::string(32, 'f'));
  EXPECT_EQ(any_master_id_in_use(*catalog_, "123456789012"), std::nullopt);
  current(mine);
  current(stray);
  EXPECT_EQ(any_master_id_in_use(*catalog_, "123456789012"), "m1");
  ASSERT_TRUE(
      remove_stray_keys(*catalog_, "123456789012", [](std::string_view uid) { return uid == kUid; }).has_value());
  EXPECT_EQ(documents(), 1U);
  EXPECT_TRUE(mine.check().has_value());
}

// As written on the day the format was fixed: docs/formats/record-frame.md shows these bytes.
TEST_F(KeyringTest, TheDocumentedExampleHolds) {
  const MasterKeys keys({master("m1", 'k')});
  constexpr std::string_view kDocument =
      R"({"format":1,"made_ms":1700000000000,"key_id":"alias/aws/kinesis","master_key":"m1","wrapped":)"
      R"("c45904751a0f4a2a0e58b07ad6730950171423eb58b264adfdbff8ab61bc9297ea692ec7c89513b8962fbb5efc750e5ef6ba3377f2801e12)"
      R"(48a14369"})";
  constexpr std::string_view kFrame =
      "0200000001000000649ff0522051bb190000000049295a8b7688401406de5a75cc5b20f0f5d92628e3a480cd57d50a9ed0";
  run_sync(catalog_->put(std::string("stream-keys/123456789012/") + kUid + "/00000001", std::string(kDocument), 0))
      .value();
  Keyring ring = this->ring(keys);
  EXPECT_EQ(ring.decrypt(kShard, *hex_decode(kFrame)), *hex_decode("01000100000000000100000061"));
}

}  // namespace
}  // namespace penstock::stream
