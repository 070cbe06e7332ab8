#include "stream/master_keys.h"

#include <gmock/gmock.h>

#include "core/encoding/hex.h"

namespace penstock::stream {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kHexA(64, 'a');
const std::string kHexB = std::string(62, 'b') + "Bc";

TEST(MasterKeyFile, IsReadLineByLine) {
  const auto keys = parse_master_keys("# made in 2026\n\nnew-1 " + kHexA + "\r\nold_2 " + kHexB);
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].id, "new-1");
  EXPECT_EQ((*keys)[0].key.view(), *hex_decode(kHexA));
  EXPECT_EQ((*keys)[1].id, "old_2");
  EXPECT_EQ((*keys)[1].key.view(), *hex_decode(kHexB));
}

TEST(MasterKeyFile, IsRefusedByLineAndNeverShown) {
  const std::pair<std::string, std::string> cases[] = {{"", "no key"},
                                                       {"# only words\n", "no key"},
                                                       {"a " + kHexA + "\n" + kHexA, "line 2"},
                                                       {"a " + kHexA.substr(1), "line 1"},
                                                       {"a " + kHexA + "0", "line 1"},
                                                       {"a  " + kHexA, "line 1"},
                                                       {"a " + kHexA + " ", "line 1"},
                                                       {" a " + kHexA, "line 1"},
                                                       {"a " + std::string(63, 'a') + "g", "line 1"},
                                                       {"\na " + kHexA + "\na " + kHexB, "line 3"},
                                                       {std::string(65, 'x') + " " + kHexA, "line 1"},
                                                       {"a/b " + kHexA, "line 1"}};
  for (const auto& [text, named] : cases) {
    const auto keys = parse_master_keys(text);
    ASSERT_FALSE(keys.has_value()) << text;
    EXPECT_EQ(keys.error().kind, ErrorKind::invalid);
    EXPECT_THAT(keys.error().message, HasSubstr(named));
    EXPECT_THAT(keys.error().message, Not(HasSubstr("aaaa")));
  }
}

TEST(MasterKeyFile, HoldsWhatWasRendered) {
  SeededRandom random(3);
  const MasterKey made = make_master_key(random);
  const auto read = parse_master_keys(render_master_key(made).view());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->front().id, made.id);
  EXPECT_EQ(read->front().key.view(), made.key.view());
  EXPECT_NE(make_master_key(random).id, made.id);
}

TEST(MasterKeys, MakeTheFirstOnceAndOnlyWhenThereIsNone) {
  SeededRandom random(3);
  int made = 0;
  const auto make = [&]() -> Result<MasterKey> {
    ++made;
    return make_master_key(random);
  };
  MasterKeys none;
  EXPECT_EQ(none.first(), nullptr);
  EXPECT_EQ(none.ensure().error().kind, ErrorKind::unavailable);
  MasterKeys lazy({}, make);
  EXPECT_EQ(lazy.first(), nullptr);
  ASSERT_TRUE(lazy.ensure().has_value());
  ASSERT_TRUE(lazy.ensure().has_value());
  EXPECT_EQ(made, 1);
  EXPECT_EQ(lazy.find(lazy.first()->id), lazy.first());
  EXPECT_EQ(lazy.find("other"), nullptr);
  MasterKeys given({make_master_key(random)}, make);
  ASSERT_TRUE(given.ensure().has_value());
  EXPECT_EQ(made, 1);
  MasterKeys failing({}, []() -> Result<MasterKey> { return fail(ErrorKind::unavailable, "disk full"); });
  EXPECT_EQ(failing.ensure().error().message, "disk full");
  EXPECT_EQ(failing.first(), nullptr);
}

}  // namespace
}  // namespace penstock::stream
