#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "codec/example_shapes_test.h"
#include "core/encoding/hex.h"
#include "core/random.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string compact;
  for (const char c : hex) {
    if (c != ' ') compact += c;
  }
  return hex_decode(compact).value();
}

/// The diagnostic notation of RFC 8949, section 8, of one item; "bad" when it is not well-formed.
Decoded<> show(CborReader& reader, CborItem item, std::string& out) {
  if (item.tag) out += fmt::format("{}(", *item.tag);
  switch (item.kind) {
    case CborKind::unsigned_integer: out += fmt::format("{}", item.argument); break;
    case CborKind::negative_integer:
      out += item.argument == ~std::uint64_t{0} ? "-18446744073709551616" : fmt::format("-{}", item.argument + 1);
      break;
    case CborKind::bytes: out += fmt::format("h'{}'", hex_encode(item.text)); break;
    case CborKind::text: out += fmt::format("\"{}\"", item.text); break;
    case CborKind::boolean: out += item.argument == 1 ? "true" : "false"; break;
    case CborKind::null: out += "null"; break;
    case CborKind::floating: out += fmt::format("{}", item.number); break;
    case CborKind::simple: out += fmt::format("simple({})", item.argument); break;
    case CborKind::array:
    case CborKind::map: {
      const bool is_map = item.kind == CborKind::map;
      out += is_map ? '{' : '[';
      for (bool first = true;; first = false) {
        PENSTOCK_TRY(const bool has_more, reader.more(item));
        if (!has_more) break;
        if (!first) out += ", ";
        PENSTOCK_TRY(const CborItem inner, reader.next());
        PENSTOCK_TRY_VOID(show(reader, inner, out));
        if (!is_map) continue;
        out += ": ";
        PENSTOCK_TRY(const CborItem value, reader.next());
        PENSTOCK_TRY_VOID(show(reader, value, out));
      }
      out += is_map ? '}' : ']';
      break;
    }
  }
  if (item.tag) out += ')';
  return {};
}

std::string diagnostic(std::string_view hex) {
  const std::string bytes = bytes_of(hex);
  CborReader reader(bytes);
  std::string out;
  const auto shown = [&]() -> Decoded<> {
    PENSTOCK_TRY(const CborItem item, reader.next());
    return show(reader, item, out);
  }();
  return shown.has_value() && reader.at_end() ? out : "bad";
}

TEST(CborReader, ReadsTheExamplesOfTheRfc) {  // RFC 8949, appendix A
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"00", "0"},
      {"17", "23"},
      {"1818", "24"},
      {"1903e8", "1000"},
      {"1a000f4240", "1000000"},
      {"1bffffffffffffffff", "18446744073709551615"},
      {"20", "-1"},
      {"3903e7", "-1000"},
      {"3bffffffffffffffff", "-18446744073709551616"},
      {"f90000", "0"},
      {"f98000", "-0"},
      {"f93c00", "1"},
      {"f93e00", "1.5"},
      {"f97bff", "65504"},
      {"fa47c35000", "100000"},
      {"fa7f7fffff", "3.4028234663852886e+38"},
      {"fb3ff199999999999a", "1.1"},
      {"fb7e37e43c8800759c", "1e+300"},
      {"f90001", "5.960464477539063e-08"},
      {"f90400", "6.103515625e-05"},
      {"f9c400", "-4"},
      {"f97c00", "inf"},
      {"f97e00", "nan"},
      {"f9fc00", "-inf"},
      {"f4", "false"},
      {"f5", "true"},
      {"f6", "null"},
      {"f7", "null"},
      {"f0", "simple(16)"},
      {"f8ff", "simple(255)"},
      {"c11a514b67b0", "1(1363896240)"},
      {"c1fb41d452d9ec200000", "1(1363896240.5)"},
      {"d74401020304", "23(h'01020304')"},
      {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")"},
      {"40", "h''"},
      {"4401020304", "h'01020304'"},
      {"60", "\"\""},
      {"6161", "\"a\""},
      {"62c3bc", "\"ü\""},
      {"64f0908591", "\"𐅑\""},
      {"80", "[]"},
      {"8301820203820405", "[1, [2, 3], [4, 5]]"},
      {"a0", "{}"},
      {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
      {"5f42010243030405ff", "h'0102030405'"},
      {"7f657374726561646d696e67ff", "\"streaming\""},
      {"9fff", "[]"},
      {"9f018202039f0405ffff", "[1, [2, 3], [4, 5]]"},
      {"83018202039f0405ff", "[1, [2, 3], [4, 5]]"},
      {"bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}"},
  };
  for (const auto& [hex, text] : cases) EXPECT_EQ(diagnostic(hex), text) << hex;
}

TEST(CborReader, RefusesWhatIsNotWellFormed) {  // RFC 8949, appendix F, and text that is not UTF-8
  for (const auto* hex : {"",
                          "18",
                          "19",
                          "1900",
                          "1a0000",
                          "1b00000000000000",
                          "f9",
                          "f900",
                          "fa000000",
                          "38",
                          "58",
                          "78",
                          "98",
                          "9a01ff00",
                          "b8",
                          "d8",
                          "c0",
                          "41",
                          "4200",
                          "61",
                          "62c3",
                          "81",
                          "8200",
                          "a1",
                          "a20102",
                          "a100",
                          "a2000000",
                          "bf00",
                          "5f",
                          "5f4100",
                          "9f",
                          "9f01",
                          "bf",
                          "9f81ff",
                          "5f00ff",
                          "5f21ff",
                          "5f6100ff",
                          "5f80ff",
                          "5fc000ff",
                          "5ffdff",
                          "7f4100ff",
                          "5f5f4100ffff",
                          "7f7f6100ffff",
                          "1c",
                          "1d",
                          "1e",
                          "3c",
                          "5c",
                          "7c",
                          "9c",
                          "bc",
                          "dc",
                          "fc",
                          "fd",
                          "fe",
                          "f800",
                          "f814",
                          "f81f",
                          "ff",
                          "81ff",
                          "8200ff",
                          "a1ff",
                          "a100ff",
                          "bf00ff",
                          "1f",
                          "3f",
                          "df",
                          "61ff",
                          "62c328",
                          "7f61c361bcff",
                          "9b0000000100000000",
                          "bb7fffffffffffffff",
                          "5bffffffffffffffff",
                          "c0c0c0c0c0c0c0c0c000"}) {
    EXPECT_EQ(diagnostic(hex), "bad") << hex;
  }
}

Decoded<Everything> decode(std::string_view hex) {
  Everything out;
  PENSTOCK_TRY_VOID(decode_cbor(bytes_of(hex), shape_of<Everything>(), &out));
  return out;
}
std::string message_of(std::string_view hex) {
  const auto out = decode(hex);
  return out.has_value() ? "decoded" : out.error().message;
}

/// {"name": <the item in hex>}
std::string member(std::string_view name, std::string_view item) {
  std::string key;
  append_cbor_text(name, key);
  return "a1" + hex_encode(key) + std::string(item);
}

TEST(CborCodec, DecodesEveryKindInAnyForm) {
  EXPECT_EQ(decode(member("Flag", "f5"))->flag, true);
  EXPECT_EQ(decode(member("Flag", "6474727565"))->flag, true) << "AWS's services take the word too";
  EXPECT_EQ(decode(member("Count", "26"))->count, -7);
  EXPECT_EQ(decode(member("Count", "1b0000000000000005"))->count, 5);
  EXPECT_EQ(decode(member("Count", "f94600"))->count, 6);
  EXPECT_EQ(decode(member("Count", "fbc015ffffffffffff"))->count, -5) << "fractions are cut";
  EXPECT_EQ(decode(member("Total", "1b7fffffffffffffff"))->total, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(decode(member("Total", "3b7fffffffffffffff"))->total, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(decode(member("Ratio", "fa3f000000"))->ratio, 0.5);
  EXPECT_EQ(decode(member("Ratio", "21"))->ratio, -2);
  EXPECT_EQ(decode(member("Name", "62c3a9"))->name, "é");
  EXPECT_EQ(decode(member("Name", "7f6261626163ff"))->name, "abc");
  EXPECT_EQ(decode(member("Data", "430001ff"))->data->bytes, std::string("\0\1\xff", 3));
  EXPECT_EQ(decode(member("Data", "5f41004101ff"))->data->bytes, std::string("\0\1", 2));
  EXPECT_EQ(decode(member("Document", "677b2261223a317d"))->document->text, R"({"a":1})");
  EXPECT_EQ(decode(member("Child", "bf634b6579616bff"))->child->key, "k");
  EXPECT_EQ(*decode(member("Names", "9f61616162ff"))->names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*decode(member("Labels", "a26178613161796132"))->labels,
            (std::map<std::string, std::string>{{"x", "1"}, {"y", "2"}}));
  EXPECT_EQ(decode(member("Tree", "a1617881616b"))->tree->at("x").at(0), "k");
  EXPECT_TRUE(decode(member("Unknown", "bf616182f6bf6162f5ffff")).has_value());
}

TEST(CborCodec, TimestampsAreMilliseconds) {
  const auto when = [](std::string_view item) { return to_unix_ms(decode(member("When", item))->when.value()); };
  EXPECT_EQ(when("c11b0000018bcfe5687b"), 1700000000123);
  EXPECT_EQ(when("1b0000018bcfe5687b"), 1700000000123);
  EXPECT_EQ(when("c1fb4278bcfe5687b000"), 1700000000123);
  EXPECT_EQ(when("c120"), -1);
  EXPECT_EQ(message_of(member("When", "c1fb7e37e43c8800759c")),
            "NUMBER_VALUE can not be converted to milliseconds since epoch");
  EXPECT_EQ(message_of(member("When", "c1f97e00")), "NUMBER_VALUE can not be converted to milliseconds since epoch");
  EXPECT_EQ(message_of(member("When", "c202")), "NUMBER_VALUE can not be converted to milliseconds since epoch");
  Everything value;
  value.when = from_unix_ms(1700000000123);
  EXPECT_EQ(hex_encode(encode_cbor(shape_of<Everything>(), &value)), "a1645768656ec11b0000018bcfe5687b");
}

TEST(CborCodec, NullIsAbsentAndTheLastOfRepeatedKeysWins) {
  EXPECT_FALSE(decode(member("Name", "f6"))->name.has_value());
  EXPECT_FALSE(decode(member("Child", "f7"))->child.has_value());
  const auto out = decode("a4 644e616d65 6161 644e616d65 6162 65436f756e74 01 65436f756e74 f6");
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->name, "b");
  EXPECT_FALSE(out->count.has_value());
  EXPECT_EQ(decode(member("Labels", "a26178613161786132"))->labels->at("x"), "2");
}

TEST(CborCodec, WrongTypesAnswerInTheWordsOfAws) {
  EXPECT_EQ(message_of(member("Name", "05")), "NUMBER_VALUE can not be converted to a String");
  EXPECT_EQ(message_of(member("Name", "4161")), "EMBEDDED_OBJECT_VALUE can not be converted to a String");
  EXPECT_EQ(message_of(member("Name", "f5")), "TRUE_VALUE can not be converted to a String");
  EXPECT_EQ(message_of(member("Data", "6161")), "STRING_VALUE can not be converted to a Blob");
  EXPECT_EQ(message_of(member("Count", "6135")), "STRING_VALUE can not be converted to an Integer");
  EXPECT_EQ(message_of(member("Count", "1a80000000")), "NUMBER_VALUE can not be converted to an Integer");
  EXPECT_EQ(message_of(member("Total", "1b8000000000000000")), "NUMBER_VALUE can not be converted to a Long");
  EXPECT_EQ(message_of(member("Total", "f97e00")), "NUMBER_VALUE can not be converted to a Long");
  EXPECT_EQ(message_of(member("Ratio", "f97c00")), "NUMBER_VALUE can not be converted to a Double");
  EXPECT_EQ(message_of(member("Flag", "01")), "NUMBER_VALUE can not be converted to a Boolean");
  EXPECT_EQ(message_of(member("Names", "6161")), "Expected list or null");
  EXPECT_EQ(message_of(member("Labels", "01")), "Expected map or null");
  EXPECT_EQ(message_of(member("Child", "01")), "Expected null");
  EXPECT_EQ(message_of(member("Child", "80")), "Start of list found where not expected");
  EXPECT_EQ(message_of(member("Names", "a0")), "Start of structure or map found where not expected.");
  EXPECT_EQ(message_of("80"), "Start of list found where not expected");
  EXPECT_EQ(message_of("f6"), "Expected null");
  EXPECT_EQ(message_of("a10101"), "a key of a map is not text");
  EXPECT_EQ(message_of(member("Labels", "a141616161")), "a key of a map is not text");
}

TEST(CborCodec, RefusesTrailingBytesAndAnEmptyBody) {
  EXPECT_EQ(message_of("a000"), "the body is not a CBOR document: bytes follow it");
  EXPECT_FALSE(decode("").has_value());
  EXPECT_TRUE(decode("a0").has_value());
  EXPECT_TRUE(decode("bfff").has_value());
  EXPECT_TRUE(decode("d9d9f7a0").has_value()) << "a tag that says: this is CBOR";
}

TEST(CborCodec, BoundsDepthAndElements) {
  const auto nested = [](int depth) {
    std::string item = "01";
    for (int i = 1; i < depth; ++i) item = "81" + item;
    return member("Skipped", item);
  };
  EXPECT_TRUE(decode(nested(kDepthMax)).has_value());
  EXPECT_FALSE(decode(nested(kDepthMax + 1)).has_value());
  std::string many = bytes_of(member("Children", "9f"));
  for (std::size_t i = 0; i <= kElementsMax; ++i) many += '\xa0';
  many += '\xff';
  Everything out;
  const auto decoded = decode_cbor(many, shape_of<Everything>(), &out);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().message, "the body holds too many elements");
}

TEST(CborCodec, ReportsRequiredPlainMembersThatAreMissing) {
  const auto out = decode(member("Children", "82 a1634b65796161 a16556616c75656162"));
  ASSERT_FALSE(out.has_value());
  EXPECT_TRUE(out.error().is_validation);
  EXPECT_EQ(out.error().message,
            "1 validation error detected: Value null at 'children.2.member.key' failed to satisfy constraint: Member "
            "must not be null");
}

TEST(CborCodec, EncodesTheShortestHeads) {
  const auto integer = [](std::int64_t value) {
    std::string out;
    append_cbor_integer(value, out);
    return hex_encode(out);
  };
  EXPECT_EQ(integer(23), "17");
  EXPECT_EQ(integer(24), "1818");
  EXPECT_EQ(integer(255), "18ff");
  EXPECT_EQ(integer(256), "190100");
  EXPECT_EQ(integer(65536), "1a00010000");
  EXPECT_EQ(integer(4294967296), "1b0000000100000000");
  EXPECT_EQ(integer(-1), "20");
  EXPECT_EQ(integer(-25), "3818");
  EXPECT_EQ(integer(std::numeric_limits<std::int64_t>::min()), "3b7fffffffffffffff");
  Everything value;
  value.flag = false;
  value.ratio = 0.5;
  value.data = Blob{"\xff"};
  value.children = std::vector<Child>{{.key = "a"}};
  EXPECT_EQ(hex_encode(encode_cbor(shape_of<Everything>(), &value)),
            "a464466c6167f465526174696ffb3fe0000000000000644461746141ff684368696c6472656e81a1634b65796161");
}

std::string text(SeededRandom& random) {
  const std::string_view texts[] = {"", "a", "é😀", "a longer text than twenty-three bytes", "\n\"\\"};
  return std::string(texts[random.below(std::size(texts))]);
}
std::string random_bytes(SeededRandom& random) {
  std::string out(random.below(300), '\0');
  random.fill(std::as_writable_bytes(std::span(out)));
  return out;
}

Everything random_value(SeededRandom& random) {
  Everything value;
  const auto maybe = [&] { return random.below(2) == 0; };
  const auto wide = [&] { return static_cast<std::int64_t>(random.u64() >> random.below(64)); };
  if (maybe()) value.flag = maybe();
  if (maybe()) value.count = static_cast<std::int32_t>(wide());
  if (maybe()) value.total = maybe() ? wide() : ~wide();
  if (maybe()) value.ratio = static_cast<double>(wide()) / 7;
  if (maybe()) value.name = text(random);
  if (maybe()) value.data = Blob{random_bytes(random)};
  if (maybe()) value.when = from_unix_ms(static_cast<std::int64_t>(random.below(4'000'000'000'000)));
  if (maybe()) value.child = Child{.key = text(random), .value = text(random)};
  if (maybe()) value.names.emplace(random.below(30), text(random));
  if (maybe()) value.children.emplace(random.below(5), Child{.key = text(random)});
  if (maybe()) value.labels = {{text(random), text(random)}, {text(random), text(random)}};
  if (maybe()) value.tree = {{text(random), {text(random), text(random)}}};
  return value;
}

TEST(CborCodec, WhatIsEncodedDecodesToTheSameAndEqualsJson) {
  SeededRandom random(81);
  const Shape& shape = shape_of<Everything>();
  for (int i = 0; i < 2000; ++i) {
    const Everything value = random_value(random);
    const std::string cbor = encode_cbor(shape, &value);
    Everything again;
    const auto decoded = decode_cbor(cbor, shape, &again);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message << " " << hex_encode(cbor);
    EXPECT_EQ(hex_encode(encode_cbor(shape, &again)), hex_encode(cbor));
    EXPECT_EQ(encode_json(shape, &again), encode_json(shape, &value)) << "both protocols carry the same";
  }
}

TEST(CborCodec, CutBodiesAreRefused) {
  SeededRandom random(82);
  for (int i = 0; i < 50; ++i) {
    const Everything value = random_value(random);
    const std::string cbor = encode_cbor(shape_of<Everything>(), &value);
    for (std::size_t size = 0; size < cbor.size(); ++size) {
      Everything out;
      EXPECT_FALSE(decode_cbor(std::string_view(cbor).substr(0, size), shape_of<Everything>(), &out).has_value());
    }
  }
}

}  // namespace
}  // namespace penstock::codec
