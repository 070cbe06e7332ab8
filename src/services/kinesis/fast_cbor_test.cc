#include "services/kinesis/fast_cbor.h"

#include <gtest/gtest.h>

#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "core/encoding/hex.h"
#include "core/random.h"
#include "services/kinesis/answer_records.h"
#include "services/kinesis/fast_answers_test.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {
namespace {

template <class T>
std::string generic(const T& value) {
  return codec::encode_cbor(codec::shape_of<T>(), &value);
}

/// Whatever the fast decoder accepts, the generic one must accept with the same result. Gives whether it accepted.
template <class Input>
bool agree(bool (*fast)(std::string_view, void*), const std::string& body) {
  Input by_fast;
  if (!fast(body, &by_fast)) return false;
  if constexpr (std::is_same_v<Input, PutRecordsInput>) by_fast.records = request_entries(*by_fast.batch);
  Input by_generic;
  const auto decoded = codec::decode_cbor(body, codec::shape_of<Input>(), &by_generic);
  EXPECT_TRUE(decoded.has_value()) << hex_encode(body) << ": " << (decoded ? "" : decoded.error().message);
  EXPECT_EQ(codec::validate(codec::shape_of<Input>(), &by_generic), "");
  EXPECT_EQ(generic(by_fast), generic(by_generic)) << hex_encode(body);
  return true;
}
bool records_agree(const std::string& body) { return agree<PutRecordsInput>(&fast_decode_cbor_put_records, body); }
bool record_agrees(const std::string& body) { return agree<PutRecordInput>(&fast_decode_cbor_put_record, body); }

std::string bytes(SeededRandom& random, std::size_t count) {
  std::string out(count, '\0');
  random.fill(std::as_writable_bytes(std::span(out)));
  return out;
}
std::string text(SeededRandom& random) {
  const std::string_view texts[] = {"", "a", "sensor/1", "é", "😀 key", "longer than twenty-three bytes, it is"};
  return std::string(texts[random.below(std::size(texts))]);
}

std::string text_item(std::string_view value) {
  std::string out;
  codec::append_cbor_text(value, out);
  return out;
}

/// A map of members in any order, of a definite length or not.
std::string map_of(SeededRandom& random, std::vector<std::pair<std::string, std::string>> members) {
  for (std::size_t m = members.size(); m > 1; --m) std::swap(members[m - 1], members[random.below(m)]);
  const bool definite = random.below(2) == 0;
  std::string out;
  if (definite) {
    codec::append_cbor_map(members.size(), out);
  } else {
    out += '\xbf';
  }
  for (const auto& [name, value] : members) out += text_item(name) + value;
  if (!definite) out += '\xff';
  return out;
}

std::string data_item(SeededRandom& random) {
  std::string out;
  if (random.below(8) == 0) {  // in chunks
    out += '\x5f';
    for (std::size_t n = random.below(3); n > 0; --n) codec::append_cbor_bytes(bytes(random, random.below(40)), out);
    out += '\xff';
  } else {
    codec::append_cbor_bytes(bytes(random, random.below(300)), out);
  }
  return out;
}

/// What clients send: Java's have indefinite maps and lists.
std::string client_body(SeededRandom& random) {
  std::string records;
  const std::size_t count = 1 + random.below(20);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::pair<std::string, std::string>> members = {{"Data", data_item(random)},
                                                                {"PartitionKey", text_item(text(random) + "k")}};
    if (random.below(3) == 0) members.emplace_back("ExplicitHashKey", text_item(std::to_string(random.u64())));
    records += map_of(random, std::move(members));
  }
  std::string list;
  if (random.below(2) == 0) {
    codec::append_cbor_array(count, list);
    list += records;
  } else {
    list = "\x9f" + records + "\xff";
  }
  if (random.below(2) == 0) return map_of(random, {{"Records", list}, {"StreamName", text_item("s")}});
  return map_of(random,
                {{"Records", list}, {"StreamARN", text_item("arn:aws:kinesis:us-east-1:123456789012:stream/s")}});
}

TEST(FastCbor, AcceptsWhatClientsSendAndDecodesItLikeTheGenericCodec) {
  SeededRandom random(31);
  for (int i = 0; i < 400; ++i) {
    const std::string body = client_body(random);
    EXPECT_TRUE(records_agree(body)) << hex_encode(body);
    const std::string one = map_of(random, {{"StreamName", text_item("s")},
                                            {"Data", data_item(random)},
                                            {"PartitionKey", text_item(text(random) + "k")},
                                            {"SequenceNumberForOrdering", text_item("1")},
                                            {"ExplicitHashKey", text_item("0")}});
    EXPECT_TRUE(record_agrees(one)) << hex_encode(one);
  }
}

TEST(FastCbor, NeverDisagreesOnSpoiltBodies) {
  SeededRandom random(32);
  int accepted = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string body = client_body(random);
    for (std::size_t c = 1 + random.below(2); c > 0 && !body.empty(); --c) {
      const std::size_t at = random.below(body.size());
      switch (random.below(4)) {
        case 0: body[at] = static_cast<char>(random.below(256)); break;
        case 1: body.erase(at, 1 + random.below(10)); break;
        case 2: body.insert(at, 1, "\xf6\xff\xa0\xc1\x60"[random.below(5)]); break;
        default: body.insert(random.below(body.size()), body.substr(at, random.below(40))); break;
      }
    }
    accepted += records_agree(body) ? 1 : 0;
  }
  EXPECT_GT(accepted, 20) << "some changes leave a good body";
}

TEST(FastCbor, LeavesWhatIsDoubtfulToTheGenericCodec) {
  for (const auto* hex :
       {"", "80", "f6", "a0", "a1675265636f726473f6", "a1675265636f72647381f6", "a1675265636f726473810000",
        "a1675265636f72647381a1644461746140", "a1675265636f72647381a2644461746160 6c506172746974696f6e4b6579616b",
        "a2675265636f72647380675265636f72647380", "a2675265636f72647380614100", "a1675265636f7264739901f5",
        "a1675265636f7264738000"}) {
    std::string compact;
    for (const char c : std::string_view(hex)) {
      if (c != ' ') compact += c;
    }
    PutRecordsInput input;
    EXPECT_FALSE(fast_decode_cbor_put_records(hex_decode(compact).value(), &input)) << hex;
  }
}

TEST(FastCbor, EncodesLikeTheGenericCodec) {
  SeededRandom random(33);
  for (int i = 0; i < 500; ++i) {
    PutRecordsOutput many{.failed_record_count = static_cast<std::int32_t>(random.below(501))};
    for (std::size_t n = random.below(5); n > 0; --n) {
      auto& record = many.records.emplace_back();
      if (random.below(2) == 0) record.sequence_number = text(random);
      if (random.below(2) == 0) record.shard_id = text(random);
      if (random.below(2) == 0) record.error_code = text(random);
      if (random.below(2) == 0) record.error_message = text(random);
    }
    if (random.below(2) == 0) many.encryption_type = text(random);
    EXPECT_EQ(fast_encode_cbor_put_records(&many), generic(many));

    GetRecordsOutput page{.millis_behind_latest = static_cast<std::int64_t>(random.u64() >> 1U)};
    for (std::size_t n = random.below(30); n > 0; --n) {
      page.records.push_back({.sequence_number = text(random),
                              .approximate_arrival_timestamp = from_unix_ms(1'700'000'000'123),
                              .data = {.bytes = bytes(random, random.below(100))},
                              .partition_key = text(random),
                              .encryption_type = random.below(2) == 0 ? std::optional(text(random)) : std::nullopt});
    }
    if (random.below(2) == 0) page.next_shard_iterator = text(random);
    if (random.below(4) == 0) page.child_shards = {{.shard_id = text(random), .parent_shards = {text(random)}}};
    EXPECT_EQ(fast_encode_cbor_get_records(&page), generic(page));
  }
}

TEST(FastCbor, EncodesReceiptsAndPagesLikeTheGenericCodec) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    PutRecordsOutput put{.receipt = random_receipt(random)};
    put.failed_record_count = static_cast<std::int32_t>(put.receipt->failed());
    if (put.receipt->encrypted) put.encryption_type = "KMS";
    PutRecordsOutput put_described = put;
    put_described.records = result_entries(*put.receipt);
    EXPECT_EQ(fast_encode_cbor_put_records(&put), generic(put_described));

    GetRecordsOutput page{.millis_behind_latest = 5, .page = random_page(random)};
    if (random.below(2) == 0) page.next_shard_iterator = "next";
    if (random.below(4) == 0) page.child_shards = {{.shard_id = "c"}};
    EXPECT_EQ(fast_encode_cbor_get_records(&page), generic(described(page)));
  }
}

}  // namespace
}  // namespace penstock::services::kinesis
