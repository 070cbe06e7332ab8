#include "stream/stream_store.h"

#include <gmock/gmock.h>

#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

constexpr auto* kUid = "0123456789abcdef0123456789abcdef";

StreamInfo info_with(std::uint32_t shards) {
  StreamInfo info{.name = "s", .uid = kUid};
  create_shards(info, shards, from_unix_ms(1'700'000'000'000));
  return info;
}

TEST(StreamDocument, RoundTripsAndRefusesWhatItDidNotWrite) {
  StreamInfo info = info_with(0);
  info.tags = {{"a", "\"quoted\""}, {"é", ""}};
  info.state = StreamStatus::updating;
  info.scalings = {from_unix_ms(5), from_unix_ms(6)};
  info.mode = StreamMode::on_demand;
  info.mode_switches = {from_unix_ms(7)};
  info.warm_mibps = 12;
  info.peaks = {{.day = 19'000, .bytes_per_s = 5'000'000, .records_per_s = 70}};
  info.adapted = from_unix_ms(8);
  info.shard_metrics.add(ShardMetric::outgoing_bytes);
  info.shard_metrics.add(ShardMetric::iterator_age);
  info.encryption_key_id = "alias/a";
  info.encryption_starts = {from_unix_ms(9)};
  info.encryption_stops = {from_unix_ms(10), from_unix_ms(11)};
  const std::string json = encode_stream_document(info);
  const auto read = decode_stream_document(json);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, info);
  for (std::size_t cut = 0; cut < json.size(); cut += 7) {
    EXPECT_FALSE(decode_stream_document(json.substr(0, cut)).has_value());
  }
  std::string newer = json;
  newer.replace(newer.find("\"format\":2"), 10, "\"format\":3");
  EXPECT_EQ(decode_stream_document(newer).error().kind, ErrorKind::corrupt);
}

TEST(ShardDocument, RoundTripsAndRefusesWhatItDidNotWrite) {
  StreamInfo info = info_with(3);
  scale_uniformly(info, 5, from_unix_ms(1'700'000'001'000));
  const std::string json = encode_shard_document(info.shards);
  const auto read = decode_shard_document(json);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, info.shards);
  for (std::size_t cut = 0; cut < json.size(); cut += 7) {
    EXPECT_FALSE(decode_shard_document(json.substr(0, cut)).has_value());
  }
}

using StreamStoreTest = StreamFixture;

TEST_F(StreamStoreTest, AStreamWhoseDocumentHoldsItsShardsStillOpens) {
  // As written before shards had documents of their own, and before there was a capacity mode.
  constexpr std::string_view kOld =
      R"({"format":1,"name":"old","uid":"0123456789abcdef0123456789abcdef","created_ms":1700000000000,"state":"active",)"
      R"("state_until_ms":1700000000000,"retention_hours":48,"readable_from_ms":1700000000000,"record_kib_max":1024,)"
      R"("tags":{"team":"plants"},"next_shard_index":3,"shards":[)"
      R"([0,"00000000000000000000000000000000","ffffffffffffffffffffffffffffffff",1700000000000,1700000001000,null,null],)"
      R"([1,"00000000000000000000000000000000","7fffffffffffffffffffffffffffffff",1700000001000,null,0,null],)"
      R"([2,"80000000000000000000000000000000","ffffffffffffffffffffffffffffffff",1700000001000,null,0,null]],)"
      R"("scalings_ms":[1700000001000]})";
  run_sync(catalog_->put("stream/123456789012/old", std::string(kOld), 0)).value();
  logs_->create(std::string("s-") + kUid).value();
  for (int opened = 0; opened < 2; ++opened) {
    reopen();
    const auto view = streams_->find("old");
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->info->retention_hours, 48);
    EXPECT_EQ(view->info->mode, StreamMode::provisioned);
    EXPECT_EQ(view->info->tags.at("team"), "plants");
    EXPECT_TRUE(view->info->shard_metrics.empty());
    ASSERT_EQ(view->info->shards.size(), 3U);
    EXPECT_EQ(view->info->open_shard_count(), 2U);
    EXPECT_EQ(view->info->shards[2].parent, ShardIndex{0});
    const auto outcomes = put("old", {{.partition_key = "a", .explicit_hash_key = "0", .data = "new"}});
    EXPECT_EQ(outcomes[0]->shard_id, "shardId-000000000001");
  }
  EXPECT_EQ(read_all("old", "shardId-000000000001").size(), 2U);
}

TEST_F(StreamStoreTest, AChangeWritesOnlyTheShardDocumentsThatItTouches) {
  create("s", 2000);
  const std::string prefix = "stream-shards/123456789012/" + streams_->find("s")->info->uid + "/";
  std::map<std::string, catalog::Version> before;
  for (const auto& document : catalog_->list(prefix)) before[document.key] = document.version;
  EXPECT_EQ(before.size(), 4U);
  const HashRange range = streams_->find("s")->info->shards[0].range;
  run_sync(streams_->split("s", "shardId-000000000000", format_hash_key(range.last / 2))).value();
  std::size_t changed = 0;
  for (const auto& document : catalog_->list(prefix)) changed += before[document.key] == document.version ? 0U : 1U;
  EXPECT_EQ(changed, 2U) << "the parent's document and the one that the children are in";
  run_sync(streams_->remove("s")).value();
  EXPECT_TRUE(catalog_->list(prefix).empty());
}

TEST_F(StreamStoreTest, TenThousandShardsWorkAndSurviveARestart) {
  create("big", 10'000);
  for (int opened = 0; opened < 2; ++opened) {
    const auto view = streams_->find("big");
    ASSERT_EQ(view->info->open_shard_count(), 10'000U);
    std::vector<PutEntry> entries;
    for (int i = 0; i < 500; ++i) entries.push_back({.partition_key = std::to_string(i), .data = std::to_string(i)});
    const auto outcomes = put("big", entries);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Shard& shard = view->info->route(hash_partition_key(entries[i].partition_key));
      EXPECT_EQ(outcomes[i]->shard_id, format_shard_id(shard.index));
    }
    EXPECT_EQ(read_all("big", outcomes[499]->shard_id).back(), "499");
    reopen();
  }
  run_sync(streams_->scale("big", 5'000)).value();
  EXPECT_EQ(streams_->find("big")->info->open_shard_count(), 5'000U);
}

}  // namespace
}  // namespace penstock::stream
