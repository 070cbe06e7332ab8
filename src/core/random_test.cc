#include "core/random.h"

#include <gtest/gtest.h>

#include <regex>

namespace penstock {
namespace {

TEST(Random, UuidIsVersionFour) {
  SystemRandom random;
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(std::regex_match(random.uuid(), form));
}

TEST(Random, ASeedReplays) {
  SeededRandom one(42);
  SeededRandom two(42);
  EXPECT_EQ(one.hex(33), two.hex(33));
}

TEST(Random, BelowStaysBelow) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7U);
}

}  // namespace
}  // namespace penstock
