#include <gtest/gtest.h>

#include "core/encoding/base64.h"
#include "core/encoding/hex.h"
#include "core/encoding/percent.h"
#include "core/random.h"

namespace penstock {
namespace {

TEST(Base64, TheExamplesOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, EveryLengthReturnsAsItWas) {
  SeededRandom random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const std::string_view bad : {"Zg=", "Zg", "Z===", "=Zg=", "Zm 9v", "Zm9v\n", "Zm9*", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(bad).has_value()) << bad;
  }
}

TEST(Base64, ABadCharacterIsFoundAtEveryPlace) {
  const std::string good = base64_encode(std::string(150, 'x'));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'*', '\0', '\x80', '-', '_', '='}) {
      std::string bad = good;
      bad[i] = c;
      if (c == '=' && i + 1 == good.size()) continue;
      EXPECT_FALSE(base64_decode(bad).has_value()) << i;
    }
  }
}

/// The textbook way, to hold the fast one against.
std::string encode_slowly(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += kAlphabet[(bits >> static_cast<unsigned>(count - 6)) & 63U];
  }
  if (count > 0) out += kAlphabet[(bits << static_cast<unsigned>(6 - count)) & 63U];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

TEST(Base64, EveryKernelGivesTheSame) {
  SeededRandom random(11);
  for (std::size_t size = 0; size < 600; ++size) {
    std::string bytes(size, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    const std::string expected = encode_slowly(bytes);
    ASSERT_EQ(base64_encode(bytes), expected);
    std::vector<char> exact(base64_encoded_size(size));  // AddressSanitizer sees one byte too many
    EXPECT_EQ(base64_encode_to(bytes, exact.data()) - exact.data(), static_cast<std::ptrdiff_t>(exact.size()));
    std::vector<char> room(base64_decoded_size_max(expected.size()));
    const std::vector<char> text(expected.begin(), expected.end());
    ASSERT_EQ(base64_decode_to({text.data(), text.size()}, room.data()), size);
    EXPECT_EQ(std::string_view(room.data(), size), bytes);
  }
}

TEST(Base64, EveryCharacterIsJudgedAlikeInABlockAndAlone) {
  const std::string block = base64_encode(std::string(96, 'y'));
  for (int c = 0; c < 256; ++c) {
    const std::string alone = std::string("AAA") + static_cast<char>(c) + "AAAA";
    for (std::size_t place = 0; place < 64; ++place) {
      std::string text = block;
      text[place] = static_cast<char>(c);
      EXPECT_EQ(base64_decode(text).has_value(), base64_decode(alone).has_value()) << c << " at " << place;
    }
  }
}

TEST(Base64, RefusesLeftOverBitsAndKeepsWhatWasThere) {
  for (const std::string_view bad : {"Zh==", "Zm9=", "Zm8+Zh==", "Zm+="}) EXPECT_FALSE(base64_decode(bad).has_value());
  std::string out = "before";
  EXPECT_FALSE(base64_decode_append("Zm9*", out));
  EXPECT_EQ(out, "before");
  EXPECT_TRUE(base64_decode_append("Zm9v", out));
  EXPECT_EQ(out, "beforefoo");
}

TEST(Base64, DecodesInPlace) {
  const std::string bytes(1000, '\x5a');
  std::string text = base64_encode(bytes);
  const auto count = base64_decode_to(text, text.data());
  ASSERT_TRUE(count.has_value());
  EXPECT_EQ(text.substr(0, *count), bytes);
}

TEST(Percent, UnreservedStayAndTheRestIsUpperCaseHex) {
  EXPECT_EQ(percent_encode("a-Z_0.~ /+é"), "a-Z_0.~%20%2F%2B%C3%A9");
  EXPECT_EQ(percent_encode("/a b/", true), "/a%20b/");
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_FALSE(percent_decode("%2").has_value());
  EXPECT_FALSE(percent_decode("%zz").has_value());
}

TEST(Hex, BothWays) {
  EXPECT_EQ(hex_encode("\x01\xab"), "01ab");
  EXPECT_EQ(hex_decode("01AB"), "\x01\xab");
  EXPECT_FALSE(hex_decode("0").has_value());
  EXPECT_FALSE(hex_decode("0g").has_value());
}

}  // namespace
}  // namespace penstock
