// What a later version wrote is refused by name, and left as it is.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/random.h"
#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/inspection.h"
#include "framelog/embedded/recovery.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

class NewerVersionTest : public ::testing::Test {
 protected:
  NewerVersionTest() {
    static_cast<void>(files_.make_directories("logs"));
    ManualClock clock;
    SeededRandom random(1);
    const auto store = embedded_store(files_, "logs", clock, random, {});
    EXPECT_TRUE(run_sync((*store->create("a"))->append(ShardIndex(0), "frame")).has_value());
  }
  /// Gives the block at `offset` (from the end when negative) another version, with the right checksum.
  void make_newer(const std::string& path, std::int64_t offset, std::uint32_t seed) {
    const auto file = *files_.open(path, os::OpenMode::read_write);
    const auto at = static_cast<std::uint64_t>(offset < 0 ? static_cast<std::int64_t>(*file->size()) + offset : offset);
    std::string block(64, '\0');
    ASSERT_EQ(*file->pread(block, at), block.size());
    store_number(block.data() + 12, std::uint32_t{2});
    store_number(block.data() + 8, crc32c(std::string_view(block).substr(12), seed));
    const std::array<std::string_view, 1> parts = {block};
    ASSERT_TRUE(file->pwritev(parts, at).has_value());
  }
  void expect_refused() {
    const auto names = *files_.list("logs/a");
    const auto opened = recover_log(files_, "logs/a");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
    EXPECT_NE(opened.error().message.find("made by a newer Penstock: it has version 2"), std::string::npos)
        << opened.error().message;
    const auto inspected = repair_log(files_, "logs/a");
    ASSERT_FALSE(inspected.has_value());
    EXPECT_NE(inspected.error().message.find("made by a newer Penstock"), std::string::npos);
    EXPECT_EQ(*files_.list("logs/a"), names);
  }
  [[nodiscard]] std::uint32_t seed() {
    std::string bytes(kLogFileBytes, '\0');
    static_cast<void>((*files_.open("logs/a/log", os::OpenMode::read))->pread(bytes, 0));
    return segment_seed(decode_log_file(bytes)->salt, 1);
  }

  os::SimFileSystem files_{1};
  const std::string segment_ = "logs/a/" + segment_name(1);
};

TEST_F(NewerVersionTest, OfTheLogFile) {
  make_newer("logs/a/log", 0, 0);
  expect_refused();
}

TEST_F(NewerVersionTest, OfASealedSegment) {
  make_newer(segment_, 0, seed());
  expect_refused();
}

TEST_F(NewerVersionTest, OfASegmentThatIsNotSealed) {
  ASSERT_TRUE((*files_.open(segment_, os::OpenMode::read_write))->truncate(kDataStart).has_value());
  make_newer(segment_, 0, seed());
  expect_refused();
}

TEST_F(NewerVersionTest, OfATrailer) {
  make_newer(segment_, -64, seed());
  expect_refused();
}

}  // namespace
}  // namespace penstock::framelog
