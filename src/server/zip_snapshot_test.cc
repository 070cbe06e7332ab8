#include "server/zip_snapshot.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "os/sim_file_system.h"
#include "server/directory_tree.h"

namespace penstock::server {
namespace {

const framelog::OnBytes kGoOn = [](std::uint64_t) { return Result<void>(); };

std::string name_of(char digit) { return std::string(64, digit) + ".zip"; }

class ZipSnapshotTest : public testing::Test {
 protected:
  ZipSnapshotTest() {
    for (const char* folder : {"zips", "backup", "staging"}) static_cast<void>(files_.make_directories(folder));
    static_cast<void>(files_.sync_directory(""));
    write(name_of('a'), "first");
    write(name_of('b'), "second");
    write("notes.txt", "somebody's");
    write(std::string(64, 'z') + ".zip", "no digest");
  }
  void write(const std::string& name, std::string_view contents) {
    const auto file = files_.open("zips/" + name, os::OpenMode::create_new);
    ASSERT_TRUE((*file)->pwritev(std::array{contents}, 0).has_value());
    ASSERT_TRUE((*file)->sync().has_value());
    ASSERT_TRUE(files_.sync_directory("zips").has_value());
  }
  ZipSnapshot snapshot(std::string staging = "staging/zips") { return {files_, "zips", "backup", std::move(staging)}; }
  [[nodiscard]] std::string read(const std::string& path) {
    return read_file(files_, path, 1000).value_or(std::string("nothing"));
  }

  os::SimFileSystem files_{1};
};

TEST_F(ZipSnapshotTest, ZipsThatGoAfterTheCutAreInItWhateverTheDiskCan) {
  for (const bool links : {true, false}) {
    files_.set_links(links);
    remove_contents(files_, "backup");
    remove_contents(files_, "zips");
    write(name_of('a'), "first");
    write(name_of('b'), "second");
    auto taken = snapshot();
    ASSERT_TRUE(taken.take().has_value());
    ASSERT_TRUE(files_.unlink("zips/" + name_of('a')).has_value());
    write(name_of('c'), "later");
    EXPECT_EQ(*taken.bytes_to_copy(), links ? 0U : 11U);
    const auto done = taken.finish(kGoOn);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    ASSERT_EQ(done->size(), 2U);
    EXPECT_EQ(done->front().name, "functions/zips/" + name_of('a'));
    EXPECT_EQ(done->front().bytes, 5U);
    EXPECT_EQ(done->front().crc32c.has_value(), !links) << "what is linked is not read";
    EXPECT_EQ(read("backup/" + name_of('a')), "first");
    EXPECT_EQ(read("backup/" + name_of('b')), "second");
    EXPECT_EQ(read("backup/" + name_of('c')), "nothing");
  }
}

TEST_F(ZipSnapshotTest, OfAStoppedServerZipsAreCopiedFromWhereTheyLie) {
  files_.set_links(false);
  auto taken = snapshot("");
  ASSERT_TRUE(taken.take().has_value());
  EXPECT_EQ(taken.finish(kGoOn)->size(), 2U);
  EXPECT_EQ(read("backup/" + name_of('b')), "second");
}

TEST_F(ZipSnapshotTest, NoFolderOfZipsIsNoZips) {
  ZipSnapshot taken(files_, "none", "backup", "staging/zips");
  ASSERT_TRUE(taken.take().has_value());
  EXPECT_TRUE(taken.finish(kGoOn)->empty());
}

TEST_F(ZipSnapshotTest, NothingIsLeftInTheStagingFolder) {
  {
    auto taken = snapshot();
    files_.set_links(false);
    ASSERT_TRUE(taken.take().has_value());
  }
  EXPECT_TRUE(files_.list("staging")->empty());
}

TEST_F(ZipSnapshotTest, WhatIsFinishedSurvivesPowerLossAndAnEndIsAnError) {
  {
    auto taken = snapshot();
    files_.set_links(false);
    ASSERT_TRUE(taken.take().has_value());
    const auto ended = taken.finish([](std::uint64_t) { return fail(ErrorKind::throttled, "enough"); });
    EXPECT_EQ(ended.error().kind, ErrorKind::throttled);
  }
  for (const bool links : {true, false}) {
    remove_contents(files_, "backup");
    files_.set_links(links);
    auto taken = snapshot();
    ASSERT_TRUE(taken.take().has_value());
    ASSERT_TRUE(taken.finish(kGoOn).has_value());
    files_.lose_power();
    files_.restore_power();
    EXPECT_EQ(read("backup/" + name_of('a')), "first");
    EXPECT_EQ(read("backup/" + name_of('b')), "second");
  }
}

}  // namespace
}  // namespace penstock::server
