#include "services/kinesis/fast_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/codec.h"
#include "core/encoding/base64.h"
#include "core/random.h"
#include "services/kinesis/answer_records.h"
#include "services/kinesis/fast_answers_test.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {
namespace {

template <class T>
std::string generic(const T& value) {
  return codec::encode_json(codec::shape_of<T>(), &value);
}

/// Whatever the fast decoder accepts, the generic one must accept with the same result. Gives whether it accepted.
template <class Input>
bool agree(bool (*fast)(std::string_view, void*), const std::string& body) {
  Input by_fast;
  if (!fast(body, &by_fast)) return false;
  if constexpr (std::is_same_v<Input, PutRecordsInput>) by_fast.records = request_entries(*by_fast.batch);
  Input by_generic;
  const auto decoded = codec::decode_json(body, codec::shape_of<Input>(), &by_generic);
  EXPECT_TRUE(decoded.has_value()) << body.substr(0, 500) << ": " << (decoded ? "" : decoded.error().message);
  EXPECT_EQ(codec::validate(codec::shape_of<Input>(), &by_generic), "");
  EXPECT_EQ(generic(by_fast), generic(by_generic)) << body.substr(0, 500);
  return true;
}
bool records_agree(const std::string& body) { return agree<PutRecordsInput>(&fast_decode_put_records, body); }
bool record_agrees(const std::string& body) { return agree<PutRecordInput>(&fast_decode_put_record, body); }

std::string bytes(SeededRandom& random, std::size_t count) {
  std::string out(count, '\0');
  random.fill(std::as_writable_bytes(std::span(out)));
  return out;
}

/// What clients send: any order of members, any spacing, keys of any letters.
std::string client_body(SeededRandom& random) {
  const auto space = [&random] { return std::string(random.below(3), " \n\t\r"[random.below(4)]); };
  const std::vector<std::string> keys = {"a", "sensor/1", "é", "😀 key", std::string(256, 'x')};
  std::string records;
  const std::size_t count = 1 + random.below(20);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::string> members = {
        fmt::format(R"("Data"{}:{}"{}")", space(), space(), base64_encode(bytes(random, random.below(200)))),
        fmt::format(R"("PartitionKey":{}"{}")", space(), keys[random.below(keys.size())])};
    if (random.below(3) == 0) members.push_back(fmt::format(R"("ExplicitHashKey":"{}")", random.u64()));
    for (std::size_t m = members.size(); m > 1; --m) std::swap(members[m - 1], members[random.below(m)]);
    std::string joined;
    for (const auto& member : members) joined += (joined.empty() ? "" : ",") + space() + member + space();
    records += fmt::format("{}{}{{{}}}{}", i == 0 ? "" : ",", space(), joined, space());
  }
  const auto list = fmt::format(R"("Records":{}[{}])", space(), records);
  return random.below(2) == 0
             ? fmt::format(R"({}{{"StreamName":"s",{}}}{})", space(), list, space())
             : fmt::format(R"({{{},"StreamARN":{}"arn:aws:kinesis:us-east-1:123456789012:stream/s"}})", list, space());
}

TEST(FastJson, AcceptsWhatClientsSendAndDecodesItLikeTheGenericCodec) {
  SeededRandom random(21);
  for (int i = 0; i < 400; ++i) {
    const std::string body = client_body(random);
    EXPECT_TRUE(records_agree(body)) << body;
  }
  EXPECT_TRUE(record_agrees(R"({"StreamName": "s", "Data": "aGVsbG8=", "PartitionKey": "k"})"));
  EXPECT_TRUE(record_agrees(R"({"Data":"","PartitionKey":"k","SequenceNumberForOrdering":"1","ExplicitHashKey":"0"})"));
}

TEST(FastJson, NeverDisagreesOnSpoiltBodies) {
  SeededRandom random(22);
  const std::string alphabet = "{}[]\",:\\ \n\x01\x80\xc3\xa9=/+A0-null\"\"";
  int accepted = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string body = client_body(random);
    const std::size_t changes = 1 + random.below(3);
    for (std::size_t c = 0; c < changes; ++c) {
      const std::size_t at = random.below(body.size());
      switch (random.below(4)) {
        case 0: body[at] = alphabet[random.below(alphabet.size())]; break;
        case 1: body.erase(at, 1 + random.below(10)); break;
        case 2: body.insert(at, 1, alphabet[random.below(alphabet.size())]); break;
        default: body.insert(random.below(body.size()), body.substr(at, random.below(40))); break;
      }
      if (body.empty()) body = " ";
    }
    accepted += records_agree(body) ? 1 : 0;
  }
  EXPECT_GT(accepted, 20) << "some changes leave a good body";
}

TEST(FastJson, LeavesWhatIsDoubtfulToTheGenericCodec) {
  for (const auto* body : {
           "",
           "[]",
           "null",
           "{}",
           R"({"Records":[]} x)",
           R"({"Records":null})",
           R"({"Records":[null]})",
           R"({"Records":[{"Data":"YQ==","PartitionKey":"k","PartitionKey":"l"}]})",
           R"({"Records":[{"Data":"YQ==","PartitionKey":"\u0041"}]})",
           R"({"Records":[{"Data":"YQ=="}]})",
           R"({"Records":[{"Data":"YQ\/=","PartitionKey":"k"}]})",
           R"({"Records":[{"Data":"YQ","PartitionKey":"k"}]})",
           R"({"Records":[{"Data":1,"PartitionKey":"k"}]})",
           R"({"Records":[],"Other":1})",
           R"({"Records":[]})",
           R"({"Records":[{"Data":"","PartitionKey":""}]})",
           R"({"Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"01"}]})",
           R"({"StreamName":"","Records":[{"Data":"","PartitionKey":"k"}]})",
           R"({"StreamName":"a b","Records":[{"Data":"","PartitionKey":"k"}]})",
           R"({"StreamARN":"arn","Records":[{"Data":"","PartitionKey":"k"}]})",
           R"({"Records":[],})",
           "{\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"\xff\"}]}",
           "{\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"\t\"}]}",
       }) {
    PutRecordsInput input;
    EXPECT_FALSE(fast_decode_put_records(body, &input)) << body;
  }
}

TEST(FastJson, EncodesLikeTheGenericCodec) {
  SeededRandom random(23);
  const std::vector<std::string> texts = {"",
                                          "plain",
                                          "quote\"",
                                          "back\\slash",
                                          "line\n",
                                          "é😀",
                                          "\x01",
                                          "long enough for words \"",
                                          "0123456789\\abcdefgh",
                                          "é\x7f\x1fsixteen bytes!"};
  const auto text = [&] { return texts[random.below(texts.size())]; };
  for (int i = 0; i < 500; ++i) {
    PutRecordOutput one{.shard_id = text(), .sequence_number = text()};
    if (random.below(2) == 0) one.encryption_type = text();
    EXPECT_EQ(fast_encode_put_record(&one), generic(one));

    PutRecordsOutput many{.failed_record_count = static_cast<std::int32_t>(random.below(501))};
    for (std::size_t n = random.below(5); n > 0; --n) {
      auto& record = many.records.emplace_back();
      if (random.below(2) == 0) record.sequence_number = text();
      if (random.below(2) == 0) record.shard_id = text();
      if (random.below(2) == 0) record.error_code = text();
      if (random.below(2) == 0) record.error_message = text();
    }
    if (random.below(2) == 0) many.encryption_type = "KMS";
    EXPECT_EQ(fast_encode_put_records(&many), generic(many));

    GetRecordsOutput page{.millis_behind_latest = static_cast<std::int64_t>(random.u64() >> 1U)};
    for (std::size_t n = random.below(5); n > 0; --n) {
      page.records.push_back({.sequence_number = text(),
                              .approximate_arrival_timestamp =
                                  from_unix_ms(static_cast<std::int64_t>(random.below(2)) + 1'700'000'000'123),
                              .data = {.bytes = bytes(random, random.below(100))},
                              .partition_key = text(),
                              .encryption_type = random.below(2) == 0 ? std::optional(text()) : std::nullopt});
    }
    if (random.below(2) == 0) page.next_shard_iterator = text();
    if (random.below(4) == 0) page.child_shards = {{.shard_id = text(), .parent_shards = {text()}}};
    EXPECT_EQ(fast_encode_get_records(&page), generic(page));
  }
}

TEST(FastJson, EncodesReceiptsAndPagesLikeTheGenericCodec) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    PutRecordsOutput put{.receipt = random_receipt(random)};
    put.failed_record_count = static_cast<std::int32_t>(put.receipt->failed());
    if (put.receipt->encrypted) put.encryption_type = "KMS";
    PutRecordsOutput put_described = put;
    put_described.records = result_entries(*put.receipt);
    EXPECT_EQ(fast_encode_put_records(&put), generic(put_described));

    GetRecordsOutput page{.millis_behind_latest = 5, .page = random_page(random)};
    if (random.below(2) == 0) page.next_shard_iterator = "next";
    if (random.below(4) == 0) page.child_shards = {{.shard_id = "c"}};
    EXPECT_EQ(fast_encode_get_records(&page), generic(described(page)));
  }
}

}  // namespace
}  // namespace penstock::services::kinesis
