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
