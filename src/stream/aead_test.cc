#include "stream/aead.h"

#include <gtest/gtest.h>

#include "core/encoding/hex.h"

namespace penstock::stream {
namespace {

std::string bytes(std::string_view hex) { return *hex_decode(hex); }

struct Vector {
  std::string key, nonce, plain, associated, sealed;
};

// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", submitted to NIST: test cases 13, 14 and 16.
const Vector kVectors[] = {
    {.key = std::string(64, '0'),
     .nonce = std::string(24, '0'),
     .plain = "",
     .associated = "",
     .sealed = "530f8afbc74536b9a963b4f1c4cb738b"},
    {.key = std::string(64, '0'),
     .nonce = std::string(24, '0'),
     .plain = std::string(32, '0'),
     .associated = "",
     .sealed = "cea7403d4d606b6e074ec5d3baf39d18"
               "d0d1c8a799996bf0265b98b5d48ab919"},
    {.key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     .nonce = "cafebabefacedbaddecaf888",
     .plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
              "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     .associated = "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     .sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
               "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
               "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Aead, GivesThePublishedResults) {
  for (const Vector& vector : kVectors) {
    std::string sealed = "before";
    aead_seal(bytes(vector.key), bytes(vector.nonce), bytes(vector.associated), bytes(vector.plain), sealed);
    EXPECT_EQ(sealed.substr(0, 6), "before") << "it appends";
    EXPECT_EQ(hex_encode(sealed.substr(6)), vector.sealed);
    EXPECT_EQ(aead_open(bytes(vector.key), bytes(vector.nonce), bytes(vector.associated), bytes(vector.sealed)),
              bytes(vector.plain));
  }
}

TEST(Aead, OpensNothingElse) {
  const Vector& vector = kVectors[2];
  const std::string parts[] = {bytes(vector.key), bytes(vector.nonce), bytes(vector.associated), bytes(vector.sealed)};
  for (std::size_t part = 0; part < std::size(parts); ++part) {
    for (std::size_t at = 0; at < parts[part].size(); ++at) {
      std::string changed[] = {parts[0], parts[1], parts[2], parts[3]};
      changed[part][at] = static_cast<char>(changed[part][at] ^ 1);
      EXPECT_FALSE(aead_open(changed[0], changed[1], changed[2], changed[3]).has_value()) << part << " " << at;
    }
  }
  for (std::size_t size = 0; size < parts[3].size(); ++size) {
    EXPECT_FALSE(aead_open(parts[0], parts[1], parts[2], parts[3].substr(0, size)).has_value()) << size;
  }
}

TEST(SecretBytes, KeepWhatTheyWereGivenThroughCopies) {
  SeededRandom random(1);
  const SecretBytes drawn(random, kAeadKeyBytes);
  EXPECT_EQ(drawn.view().size(), kAeadKeyBytes);
  SecretBytes other(std::string("short"));
  other = drawn;
  EXPECT_EQ(other.view(), drawn.view());
  std::string text = "secret";
  cleanse(text);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace penstock::stream
