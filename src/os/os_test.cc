#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "os/posix_file_system.h"
#include "os/sim_file_system.h"

namespace penstock::os {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "penstock-os-XXXXXX";
    PENSTOCK_ASSERT(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<void> write(File& file, std::string_view bytes, std::uint64_t offset) {
  const std::array<std::string_view, 1> parts = {bytes};
  return file.pwritev(parts, offset);
}

std::string read(File& file, std::size_t length = 1U << 20U) {
  std::string out(length, '?');
  const auto got = file.pread(out, 0);
  EXPECT_TRUE(got.has_value());
  out.resize(got.value_or(0));
  return out;
}

/// Both file systems must answer alike: the simulation proves nothing otherwise.
class FileSystemContract : public ::testing::TestWithParam<bool> {
 protected:
  FileSystemContract() {
    if (GetParam()) {
      files_ = posix_file_system();
      base_ = directory_.path();
    } else {
      files_ = std::make_unique<SimFileSystem>(1);
      base_ = "data";
      EXPECT_TRUE(files_->make_directories(base_).has_value());
    }
  }
  [[nodiscard]] std::string path(const std::string& name) const { return base_ + "/" + name; }
  std::unique_ptr<File> create(const std::string& name) {
    auto file = files_->open(path(name), OpenMode::create_new);
    EXPECT_TRUE(file.has_value());
    return *std::move(file);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<FileSystem> files_;
  std::string base_;
};

TEST_P(FileSystemContract, WritesManyPartsAndReadsThemBack) {
  const auto file = create("a");
  std::vector<std::string> pieces;
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i % 50), static_cast<char>('a' + i % 26)));
    all += pieces.back();
  }
  const std::vector<std::string_view> parts(pieces.begin(), pieces.end());
  ASSERT_TRUE(file->pwritev(parts, 5).has_value());
  EXPECT_EQ(read(*file), std::string(5, '\0') + all);
  EXPECT_EQ(*file->size(), all.size() + 5);
  ASSERT_TRUE(file->sync().has_value());
  const auto again = files_->open(path("a"), OpenMode::read);
  EXPECT_EQ(read(**again, 10), std::string(5, '\0') + all.substr(0, 5));
}

TEST_P(FileSystemContract, TruncatedBytesComeBackAsZeros) {
  const auto file = create("a");
  ASSERT_TRUE(write(*file, "0123456789", 0).has_value());
  ASSERT_TRUE(file->truncate(4).has_value());
  ASSERT_TRUE(write(*file, "x", 6).has_value());
  EXPECT_EQ(read(*file), std::string("0123\0\0x", 7));
}

TEST_P(FileSystemContract, TellsWhatIsWrongByKind) {
  create("a");
  EXPECT_EQ(files_->open(path("a"), OpenMode::create_new).error().kind, ErrorKind::conflict);
  EXPECT_EQ(files_->open(path("b"), OpenMode::read).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->open(path("none/b"), OpenMode::create_new).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->unlink(path("b")).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->rename(path("b"), path("c")).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->list(path("none")).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->sync_directory(path("none")).error().kind, ErrorKind::missing);
}

TEST_P(FileSystemContract, FoldersAreMadeListedRenamedAndRemoved) {
  ASSERT_TRUE(files_->make_directories(path("x/y/z")).has_value());
  ASSERT_TRUE(files_->make_directories(path("x/y/z")).has_value());
  create("x/y/b");
  create("x/y/a");
  EXPECT_EQ(*files_->list(path("x/y")), (std::vector<std::string>{"a", "b", "z"}));
  EXPECT_EQ(files_->remove_directory(path("x/y")).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(files_->rename(path("x/y"), path("x/w")).has_value());
  EXPECT_EQ(*files_->list(path("x/w")), (std::vector<std::string>{"a", "b", "z"}));
  ASSERT_TRUE(files_->sync_directory(path("x")).has_value());
  ASSERT_TRUE(files_->remove_directory(path("x/w/z")).has_value());
  ASSERT_TRUE(files_->unlink(path("x/w/a")).has_value());
  EXPECT_EQ(*files_->list(path("x/w")), std::vector<std::string>{"b"});
}

TEST_P(FileSystemContract, AnOpenFileOutlivesItsName) {
  const auto file = create("a");
  ASSERT_TRUE(write(*file, "still here", 0).has_value());
  ASSERT_TRUE(files_->unlink(path("a")).has_value());
  EXPECT_EQ(read(*file), "still here");
}

TEST_P(FileSystemContract, ALinkIsTheSameFileUnderASecondName) {
  const auto file = create("a");
  ASSERT_TRUE(write(*file, "one", 0).has_value());
  ASSERT_TRUE(files_->make_directories(path("d")).has_value());
  ASSERT_TRUE(files_->link(path("a"), path("d/b")).has_value());
  EXPECT_EQ(files_->link(path("a"), path("d/b")).error().kind, ErrorKind::conflict);
  EXPECT_EQ(files_->link(path("none"), path("d/c")).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->link(path("a"), path("none/c")).error().kind, ErrorKind::missing);
  EXPECT_EQ(files_->link(path("d"), path("e")).error().kind, ErrorKind::invalid) << "folders have one name";
  ASSERT_TRUE(files_->unlink(path("a")).has_value());
  ASSERT_TRUE(write(*file, "two", 0).has_value());
  EXPECT_EQ(read(**files_->open(path("d/b"), OpenMode::read)), "two");
}

TEST_P(FileSystemContract, TellsFilesFromFolders) {
  ASSERT_TRUE(files_->make_directories(path("d")).has_value());
  const auto file = create("d/a");
  ASSERT_TRUE(write(*file, "four", 0).has_value());
  const auto found = files_->look_at(path("d/a"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, EntryKind::file);
  EXPECT_EQ(found->bytes, 4U);
  EXPECT_EQ(files_->look_at(path("d"))->kind, EntryKind::folder);
  EXPECT_EQ(files_->look_at(path("d/b")).error().kind, ErrorKind::missing);
}

INSTANTIATE_TEST_SUITE_P(Posix, FileSystemContract, ::testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Sim, FileSystemContract, ::testing::Values(false));

TEST(PosixFileSystem, FilesAndFoldersAreForTheOwnerOnly) {
  const TemporaryDirectory directory;
  const auto files = posix_file_system();
  ASSERT_TRUE(files->make_directories(directory.path() + "/d").has_value());
  ASSERT_TRUE(files->open(directory.path() + "/d/f", OpenMode::create_new).has_value());
  struct stat status{};
  ASSERT_EQ(stat((directory.path() + "/d").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((directory.path() + "/d/f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(DirectoryLock, IsHeldByOneUntilItEnds) {
  const TemporaryDirectory directory;
  auto first = lock_directory(directory.path());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(lock_directory(directory.path()).error().kind, ErrorKind::conflict);
  first->reset();
  EXPECT_TRUE(lock_directory(directory.path()).has_value());
  EXPECT_EQ(lock_directory(directory.path() + "/none").error().kind, ErrorKind::missing);
}

// What is left of `change` after a power loss, over many seeds.
void for_many_losses(const std::function<void(SimFileSystem&)>& change,
                     const std::function<void(SimFileSystem&)>& look) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SimFileSystem files(seed);
    ASSERT_TRUE(files.make_directories("d").has_value());
    ASSERT_TRUE(files.sync_directory("").has_value());
    change(files);
    files.lose_power();
    EXPECT_FALSE(files.list("d").has_value());
    files.restore_power();
    look(files);
  }
}

TEST(SimFileSystem, SyncedBytesUnderSyncedNamesAlwaysSurvive) {
  for_many_losses(
      [](SimFileSystem& files) {
        const auto file = files.open("d/a", OpenMode::create_new);
        ASSERT_TRUE(write(**file, std::string(2000, 'x'), 0).has_value());
        ASSERT_TRUE((*file)->sync().has_value());
        ASSERT_TRUE(files.sync_directory("d").has_value());
      },
      [](SimFileSystem& files) { EXPECT_EQ(read(**files.open("d/a", OpenMode::read)), std::string(2000, 'x')); });
}

TEST(SimFileSystem, UnsyncedSectorsAreLostKeptAndReordered) {
  int lost = 0;
  int kept = 0;
  int second_without_first = 0;
  for_many_losses(
      [](SimFileSystem& files) {
        const auto file = files.open("d/a", OpenMode::create_new);
        ASSERT_TRUE(write(**file, std::string(1024, 'o'), 0).has_value());
        ASSERT_TRUE((*file)->sync().has_value());
        ASSERT_TRUE(files.sync_directory("d").has_value());
        ASSERT_TRUE(write(**file, std::string(512, 'n'), 0).has_value());
        ASSERT_TRUE(write(**file, std::string(512, 'n'), 512).has_value());
      },
      [&](SimFileSystem& files) {
        const std::string bytes = read(**files.open("d/a", OpenMode::read));
        ASSERT_EQ(bytes.size(), 1024U);
        for (const std::size_t begin : {0, 512}) {
          EXPECT_EQ(bytes.substr(begin, 512), std::string(512, bytes[begin])) << "a sector is old or new";
        }
        lost += bytes[0] == 'o' && bytes[512] == 'o' ? 1 : 0;
        kept += bytes[0] == 'n' && bytes[512] == 'n' ? 1 : 0;
        second_without_first += bytes[0] == 'o' && bytes[512] == 'n' ? 1 : 0;
      });
  EXPECT_GT(lost, 0);
  EXPECT_GT(kept, 0);
  EXPECT_GT(second_without_first, 0);
}

TEST(SimFileSystem, UnsyncedNamesMayBeLost) {
  int there = 0;
  for_many_losses(
      [](SimFileSystem& files) {
        const auto file = files.open("d/a", OpenMode::create_new);
        ASSERT_TRUE((*file)->sync().has_value());
      },
      [&](SimFileSystem& files) { there += files.open("d/a", OpenMode::read).has_value() ? 1 : 0; });
  EXPECT_GT(there, 0);
  EXPECT_LT(there, 200);
}

TEST(SimFileSystem, AFileWithTwoNamesSurvivesAsOne) {
  int kept = 0;
  for_many_losses(
      [](SimFileSystem& files) {
        const auto file = files.open("d/a", OpenMode::create_new);
        ASSERT_TRUE(write(**file, std::string(512, 'o'), 0).has_value());
        ASSERT_TRUE((*file)->sync().has_value());
        ASSERT_TRUE(files.sync_directory("d").has_value());
        ASSERT_TRUE(files.link("d/a", "d/b").has_value());
        ASSERT_TRUE(write(**file, std::string(512, 'n'), 0).has_value());
      },
      [&](SimFileSystem& files) {
        const auto second = files.open("d/b", OpenMode::read);
        if (!second.has_value()) return;
        ++kept;
        EXPECT_EQ(read(**second), read(**files.open("d/a", OpenMode::read)));
      });
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 200) << "a link is a name: durable with its folder";
}

TEST(SimFileSystem, AfterAFailedSyncAnotherOneDoesNotHeal) {
  int lost = 0;
  for_many_losses(
      [](SimFileSystem& files) {
        const auto file = files.open("d/a", OpenMode::create_new);
        ASSERT_TRUE(write(**file, std::string(512, 'o'), 0).has_value());
        ASSERT_TRUE((*file)->sync().has_value());
        ASSERT_TRUE(files.sync_directory("d").has_value());
        ASSERT_TRUE(write(**file, std::string(512, 'n'), 0).has_value());
        files.fail_after(SimFileSystem::Fault::sync, 1);
        ASSERT_FALSE((*file)->sync().has_value());
        ASSERT_TRUE((*file)->sync().has_value());
        EXPECT_EQ(read(**files.open("d/a", OpenMode::read)), std::string(512, 'n'));
      },
      [&](SimFileSystem& files) { lost += read(**files.open("d/a", OpenMode::read))[0] == 'o' ? 1 : 0; });
  EXPECT_GT(lost, 0);
}

TEST(SimFileSystem, AFullDiskStillTakesWhatMakesNoFileLonger) {
  SimFileSystem files(1);
  const auto file = files.open("a", OpenMode::create_new);
  ASSERT_TRUE(write(**file, "0123456789", 0).has_value());
  files.set_full(true);
  EXPECT_EQ(write(**file, "more", 8).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(read(**file), "01234567mo") << "what found room";
  EXPECT_TRUE(write(**file, "ab", 8).has_value());
  files.set_full(false);
  EXPECT_TRUE(write(**file, "more", 8).has_value());
}

TEST(SimFileSystem, ABadPlaceRefusesToBeReadUntilItIsWritten) {
  SimFileSystem files(1);
  const auto file = files.open("a", OpenMode::create_new);
  ASSERT_TRUE(write(**file, std::string(2048, 'x'), 0).has_value());
  files.make_unreadable("a", 700);
  std::string out(512, '?');
  EXPECT_TRUE((*file)->pread(out, 0).has_value());
  EXPECT_EQ((*file)->pread(out, 1000).error().kind, ErrorKind::unavailable);
  ASSERT_TRUE(write(**file, "y", 1023).has_value());
  EXPECT_TRUE((*file)->pread(out, 1000).has_value());
  files.fail_after(SimFileSystem::Fault::read, 2);
  EXPECT_TRUE((*file)->pread(out, 0).has_value());
  EXPECT_FALSE((*file)->pread(out, 0).has_value());
  EXPECT_TRUE((*file)->pread(out, 0).has_value());
}

TEST(SimFileSystem, ADiskThatFillsUpTakesABeginning) {
  SimFileSystem files(1);
  files.set_capacity(1000);
  const auto kept = files.open("a", OpenMode::create_new);
  ASSERT_TRUE(write(**kept, std::string(600, 'x'), 0).has_value());
  const auto file = files.open("b", OpenMode::create_new);
  EXPECT_EQ(*files.free_bytes(""), 400U);
  EXPECT_EQ(write(**file, std::string(500, 'y'), 0).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(*(*file)->size(), 400U);
  EXPECT_TRUE(write(**kept, "z", 0).has_value());
  ASSERT_TRUE(files.unlink("a").has_value());
  EXPECT_TRUE(write(**file, std::string(500, 'y'), 0).has_value());
}

TEST(SimFileSystem, OthersOvertakeASlowDisk) {
  SimFileSystem files(1);
  const auto file = files.open("a", OpenMode::create_new);
  std::string seen;
  files.set_interlude([&] { seen += std::to_string(*(*file)->size()); });
  ASSERT_TRUE(write(**file, "1234", 0).has_value());
  EXPECT_EQ(seen, "04");
}

}  // namespace
}  // namespace penstock::os
