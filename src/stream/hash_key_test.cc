#include "stream/hash_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>

#include "core/random.h"

namespace penstock::stream {
namespace {

HashKey reference_md5(std::string_view text) {
  std::array<unsigned char, 16> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  HashKey key = 0;
  for (const unsigned char byte : digest) key = key << 8U | byte;
  return key;
}

TEST(HashKey, IsTheMd5OfThePartitionKeyForEveryLength) {
  SeededRandom random(7);
  for (std::size_t length = 0; length <= 1024; ++length) {
    std::string key(length, '\0');
    random.fill(std::as_writable_bytes(std::span(key)));
    EXPECT_EQ(hash_partition_key(key), reference_md5(key)) << length;
  }
}

TEST(HashKey, DecimalRoundTripsAndIsStrict) {
  EXPECT_EQ(format_hash_key(kHashKeyMax), "340282366920938463463374607431768211455");
  EXPECT_EQ(parse_hash_key("340282366920938463463374607431768211455"), kHashKeyMax);
  EXPECT_EQ(parse_hash_key("0"), HashKey{0});
  for (const auto* bad : {"", "-1", "01", "340282366920938463463374607431768211456", "1e3", " 1", "0x10",
                          "3402823669209384634633746074317682114550"}) {
    EXPECT_EQ(parse_hash_key(bad), std::nullopt) << bad;
  }
}

// The ranges that AWS gives to streams of 1, 2, 3 and 4 shards.
TEST(HashKey, UniformRangesAreThoseOfAws) {
  EXPECT_EQ(uniform_range_start(0, 1), HashKey{0});
  EXPECT_EQ(format_hash_key(uniform_range_start(1, 2)), "170141183460469231731687303715884105728");
  EXPECT_EQ(format_hash_key(uniform_range_start(1, 3)), "113427455640312821154458202477256070485");
  EXPECT_EQ(format_hash_key(uniform_range_start(2, 3)), "226854911280625642308916404954512140970");
  EXPECT_EQ(format_hash_key(uniform_range_start(3, 4)), "255211775190703847597530955573826158592");
}

}  // namespace
}  // namespace penstock::stream
