#include "server/bucket_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "os/posix_file_system.h"
#include "server/directory_tree.h"

namespace penstock::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const framelog::OnBytes kGoOn = [](std::uint64_t) { return Result<void>(); };

class BucketFilesTest : public testing::Test {
 protected:
  BucketFilesTest() {
    std::string path = testing::TempDir() + "penstock-buckets-XXXXXX";
    folder_ = ::mkdtemp(path.data());
    std::filesystem::create_directory(folder_ + "/buckets");
    std::filesystem::create_directory(folder_ + "/backup");
  }
  ~BucketFilesTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view contents) const {
    const std::filesystem::path path = buckets() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << contents;
  }
  std::string buckets() const { return folder_ + "/buckets"; }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    const auto found = list_bucket_files(*files_, buckets());
    for (const BucketFile& file : found.value_or(std::vector<BucketFile>())) out.push_back(file.name);
    return out;
  }

  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  std::string folder_;
};

TEST_F(BucketFilesTest, FilesOfBucketsAndNothingElse) {
  write("told/aws/lambda/f/record.json", "{}");
  write("told/aws/.0123456789abcdef.part", "half");
  write("told/.hidden", "");
  write("zips/app.zip", "zip");
  write("../elsewhere/linked.zip", "zip");
  std::filesystem::create_symlink("/etc", buckets() + "/told/etc");
  std::filesystem::create_symlink("app.zip", buckets() + "/zips/other.zip");
  std::filesystem::create_directory_symlink(folder_ + "/elsewhere", buckets() + "/far");
  std::filesystem::create_directory(buckets() + "/empty");
  ASSERT_EQ(::mkfifo((buckets() + "/zips/pipe").c_str(), 0600), 0);
  EXPECT_THAT(names(), ElementsAre("far/linked.zip", "told/.hidden", "told/aws/lambda/f/record.json", "zips/app.zip"));
  EXPECT_TRUE(list_bucket_files(*files_, folder_ + "/none")->empty());
}

TEST_F(BucketFilesTest, AreCopiedWithTheirFoldersAndWithoutThoseThatAreGone) {
  write("told/a/b/c", "contents");
  write("told/gone", "");
  const auto found = list_bucket_files(*files_, buckets());
  ASSERT_TRUE(found.has_value());
  std::filesystem::remove(buckets() + "/told/gone");
  write("told/a/b/c", "longer contents");
  const auto copied = copy_bucket_files(*files_, buckets(), *found, folder_ + "/backup", kGoOn);
  ASSERT_TRUE(copied.has_value()) << copied.error().message;
  ASSERT_EQ(copied->size(), 1U);
  EXPECT_EQ(copied->front().name, "buckets/told/a/b/c");
  EXPECT_EQ(copied->front().bytes, 15U);
  EXPECT_TRUE(copied->front().crc32c.has_value());
  EXPECT_EQ(*read_file(*files_, folder_ + "/backup/told/a/b/c", 100), "longer contents");
}

TEST_F(BucketFilesTest, AFileThatBecomesShorterIsCopiedAgain) {
  const std::string large(3U << 20U, 'x');
  write("told/large", large);
  const auto found = list_bucket_files(*files_, buckets());
  bool cut = false;
  const auto copied =
      copy_bucket_files(*files_, buckets(), *found, folder_ + "/backup", [&](std::uint64_t) -> Result<void> {
        if (!std::exchange(cut, true)) std::filesystem::resize_file(buckets() + "/told/large", 100);
        return {};
      });
  ASSERT_TRUE(copied.has_value()) << copied.error().message;
  EXPECT_EQ(copied->front().bytes, 100U);
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/backup/told/large"), 100U);
}

TEST_F(BucketFilesTest, ANameThatIsNoTextIsRefusedByName) {
  write("told/n\xffme", "");
  const auto found = list_bucket_files(*files_, buckets());
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, HasSubstr("told/n?me has a name that no backup can hold"));
}

}  // namespace
}  // namespace penstock::server
