#include "framelog/embedded/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "core/random.h"

namespace penstock::framelog {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  std::string up(32, '\0');
  for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<char>(i);
  EXPECT_EQ(crc32c(up), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, TheInstructionAndTheTablesAgreeAtEveryLengthAndSplit) {
  SeededRandom random(7);
  std::string bytes(20'000, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  const std::string_view all = bytes;
  for (std::size_t length = 0; length < bytes.size(); length = length < 64 ? length + 1 : length * 9 / 7) {
    const auto expected = crc32c_by_table(all.substr(0, length));
    EXPECT_EQ(crc32c(all.substr(0, length)), expected) << length;
    const std::size_t split = length == 0 ? 0 : random.below(length);
    EXPECT_EQ(crc32c(all.substr(split, length - split), crc32c(all.substr(0, split))), expected) << length;
  }
}

}  // namespace
}  // namespace penstock::framelog
