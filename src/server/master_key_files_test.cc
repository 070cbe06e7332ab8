#include "server/master_key_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace penstock::server {
namespace {

using testing::HasSubstr;
using testing::Not;

class MasterKeyFilesTest : public testing::Test {
 protected:
  MasterKeyFilesTest() {
    std::string path = testing::TempDir() + "penstock-keys-XXXXXX";
    folder_ = ::mkdtemp(path.data());
    auto opened = DataDirectory::open(*files_, folder_ + "/data", {});
    directory_.emplace(std::move(*opened));
  }
  ~MasterKeyFilesTest() override {
    directory_.reset();
    std::filesystem::remove_all(folder_);
  }
  Result<std::shared_ptr<stream::MasterKeys>> open(const std::string& named = {}) {
    return open_master_keys(*directory_, *files_, named, random_);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  SeededRandom random_{4};
  std::string folder_;
  std::optional<DataDirectory> directory_;
};

TEST_F(MasterKeyFilesTest, TheDirectorysKeyIsMadeWhenItIsNeededAndKept) {
  const auto keys = open().value();
  const std::string path = folder_ + "/data/master-keys";
  EXPECT_EQ(keys->first(), nullptr);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(keys->ensure().has_value());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto again = open().value();
  ASSERT_NE(again->first(), nullptr);
  EXPECT_EQ(again->first()->id, keys->first()->id);
  EXPECT_EQ(again->first()->key.view(), keys->first()->key.view());
}

TEST_F(MasterKeyFilesTest, ANamedFileComesFirstAndTheDirectorysKeyStillOpens) {
  const auto own = open().value();
  ASSERT_TRUE(own->ensure().has_value());
  const auto keys = open(write("keys", "a " + std::string(64, '1') + "\nb " + std::string(64, '2') + "\n")).value();
  EXPECT_EQ(keys->first()->id, "a");
  EXPECT_NE(keys->find("b"), nullptr);
  EXPECT_NE(keys->find(own->first()->id), nullptr);
}

TEST_F(MasterKeyFilesTest, ANamedFileMustBeThereAndGood) {
  const std::string secret(63, 'e');
  for (const auto& [path, says] : {std::pair{folder_ + "/none", "none"},
                                   {folder_, ""},
                                   {write("empty", ""), "no key"},
                                   {write("short", "a " + secret), "line 1"},
                                   {write("huge", std::string(2U << 20U, '#')), "larger"}}) {
    const auto keys = open(path);
    ASSERT_FALSE(keys.has_value()) << path;
    EXPECT_THAT(keys.error().message, HasSubstr("kinesis.master_key_file " + path));
    EXPECT_THAT(keys.error().message, HasSubstr(says));
    EXPECT_THAT(keys.error().message, Not(HasSubstr("eeee")));
  }
}

TEST_F(MasterKeyFilesTest, ASpoiltFileOfTheDirectoryOrTwoKeysOfOneIdRefuse) {
  const std::string named = write("keys", "a " + std::string(64, '1'));
  ASSERT_TRUE(directory_->write("master-keys", "a " + std::string(64, '2')).has_value());
  EXPECT_THAT(open(named).error().message, HasSubstr("the master key a is another one"));
  ASSERT_TRUE(directory_->write("master-keys", "a " + std::string(64, '1')).has_value());
  EXPECT_TRUE(open(named).has_value()) << "the same key twice is one";
  ASSERT_TRUE(directory_->write("master-keys", "a").has_value());
  EXPECT_EQ(open().error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace penstock::server
