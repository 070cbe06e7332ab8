#include "framelog/embedded/format.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

/// Rows of 16 bytes that are not all zero.
std::string dump(os::FileSystem& files, const std::string& path) {
  const auto file = files.open(path, os::OpenMode::read);
  std::string bytes(*(*file)->size(), '\0');
  EXPECT_EQ(*(*file)->pread(bytes, 0), bytes.size());
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::string row = bytes.substr(at, 16);
    if (row == std::string(row.size(), '\0')) continue;
    out += fmt::format("{:08x} ", at);
    for (const char c : row) out += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    out += '\n';
  }
  return out;
}

// The description's worked example is what the engine writes: a log with salt 1, two frames, closed.
TEST(FrameLogFormat, TheWorkedExampleInTheDocumentationIsTrue) {
  os::SimFileSystem files(1);
  ManualClock clock(from_unix_ms(1'700'000'000'000));
  class One final : public Random {
    void fill(std::span<std::byte> out) override {
      std::ranges::fill(out, std::byte{0});
      out[0] = std::byte{1};
    }
  } random;
  {
    const auto store = embedded_store(files, "logs", clock, random);
    const auto log = *store->create("example");
    ASSERT_TRUE(run_sync(log->append(ShardIndex(7), "hello")).has_value());
    clock.advance(std::chrono::milliseconds(256));
    ASSERT_TRUE(run_sync(log->append(ShardIndex(2), "measurement")).has_value());
  }
  const std::string plain = dump(files, "logs/example/0000000000000001.seg");
  ManualExecutor executor;
  {
    const auto store = embedded_store(files, "logs", clock, random,
                                      {.sort_segment_bytes_min = 0, .sort_gain_min = 0, .executor = &executor});
    const auto log = *store->open("example");
    executor.run_ready();
  }
  std::ifstream in("docs/formats/frame-log.md");
  const std::string page(std::istreambuf_iterator<char>(in), {});
  const std::string sorted = "logs/example/0000000000000001.sorted";
  for (const auto& [file, bytes] :
       {std::pair<std::string, std::string>{"logs/example/log", dump(files, "logs/example/log")},
        {"logs/example/0000000000000001.seg", plain},
        {sorted, dump(files, sorted)}}) {
    const std::string expected = fmt::format("{}:\n\n```text\n{}```\n", file, bytes);
    EXPECT_NE(page.find(expected), std::string::npos) << "docs/formats/frame-log.md should hold\n" << expected;
  }
}

TEST(FrameLogFormat, HeadersOfAnotherSegmentOrLogAreNotTakenForItsOwn) {
  const std::uint32_t seed = segment_seed(1, 5);
  std::string group(kGroupHeaderBytes, '\0');
  encode_group_header(seed, {.sequence = 9, .body_bytes = 77, .count = 1}, group.data());
  std::string frame(kFrameHeaderBytes, '\0');
  encode_frame_header(seed, {.length = 3, .position = 4}, frame.data());
  EXPECT_TRUE(decode_group_header(seed, group).has_value());
  EXPECT_TRUE(decode_frame_header(seed, frame).has_value());
  for (const std::uint32_t other : {segment_seed(1, 6), segment_seed(2, 5)}) {
    EXPECT_FALSE(decode_group_header(other, group).has_value());
    EXPECT_FALSE(decode_frame_header(other, frame).has_value());
  }
}

TEST(FrameLogFormat, AnyFlippedBitOfAHeaderIsNoticed) {
  const std::uint32_t seed = segment_seed(1, 5);
  std::string group(kGroupHeaderBytes, '\0');
  encode_group_header(seed, {.sequence = 9, .body_bytes = 77, .count = 1}, group.data());
  const std::string trailer = encode_trailer(seed, {.data_end = 4096, .index_bytes = 8});
  for (std::size_t bit = 0; bit < kGroupHeaderBytes * 8; ++bit) {
    std::string bad = group;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_group_header(seed, bad).has_value()) << bit;
    bad = trailer;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_trailer(seed, bad).has_value()) << bit;
  }
}

TEST(FrameLogFormat, SegmentNamesAreReadBack) {
  EXPECT_EQ(segment_name(0xa7), "00000000000000a7.seg");
  EXPECT_EQ(parse_segment_name("00000000000000a7.seg"), 0xa7U);
  for (const char* name :
       {"", "log", "00000000000000A7.seg", "a7.seg", "00000000000000a7.tmp", "00000000000000a7_seg"}) {
    EXPECT_FALSE(parse_segment_name(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace penstock::framelog
