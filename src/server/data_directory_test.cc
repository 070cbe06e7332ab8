#include "server/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace penstock::server {
namespace {

using testing::HasSubstr;

class DataDirectoryTest : public testing::Test {
 protected:
  DataDirectoryTest() {
    std::string path = testing::TempDir() + "penstock-data-XXXXXX";
    folder_ = ::mkdtemp(path.data());
  }
  ~DataDirectoryTest() override { std::filesystem::remove_all(folder_); }

  std::string data() const { return folder_ + "/a/b"; }
  Result<DataDirectory> open(const HouseIdentity& wanted = {}) { return DataDirectory::open(*files_, data(), wanted); }

  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  std::string folder_;
};

TEST_F(DataDirectoryTest, KeepsItsAccountAndRegion) {
  {
    const auto made = open({"123456789012", ""});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_TRUE(made->is_new());
    EXPECT_EQ(made->identity().account, "123456789012");
    EXPECT_EQ(made->identity().region, "us-east-1");
  }
  {
    const auto again = open();
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->is_new());
    EXPECT_EQ(again->identity().account, "123456789012");
  }
  const auto account = open({"000000000000", ""});
  ASSERT_FALSE(account.has_value());
  EXPECT_EQ(account.error().kind, ErrorKind::conflict);
  EXPECT_THAT(account.error().message, HasSubstr("belongs to account 123456789012, not 000000000000"));
  EXPECT_FALSE(open({"", "eu-west-1"}).has_value());
  EXPECT_TRUE(open({"123456789012", "us-east-1"}).has_value());
}

TEST_F(DataDirectoryTest, IsOneServersAtATime) {
  const auto first = open();
  ASSERT_TRUE(first.has_value());
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("another server runs on the data directory"));
}

TEST_F(DataDirectoryTest, ReplacesFilesWhole) {
  const auto directory = open();
  ASSERT_TRUE(directory.has_value());
  EXPECT_EQ(directory->read("file")->has_value(), false);
  ASSERT_TRUE(directory->write("file", "one, and rather long").has_value());
  ASSERT_TRUE(directory->write("file", "two").has_value());
  EXPECT_EQ(*directory->read("file"), "two");
  ASSERT_TRUE(directory->remove("file").has_value());
  ASSERT_TRUE(directory->remove("file").has_value());
  EXPECT_EQ(directory->read("file")->has_value(), false);
}

TEST_F(DataDirectoryTest, RefusesFilesThatItDidNotWrite) {
  {
    ASSERT_TRUE(open().has_value());
  }
  for (const std::string_view text :
       {"", "[]", R"({"format": 2, "account": "1", "region": "x"})", R"({"format": 1})"}) {
    const auto file = files_->open(data() + "/identity.json", os::OpenMode::read_write);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->truncate(0).has_value());
    if (!text.empty()) {
      ASSERT_TRUE((*file)->pwritev(std::array{text}, 0).has_value());
    }
    const auto refused = open();
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("identity.json"));
  }
}

TEST_F(DataDirectoryTest, ToolsReadWhatTheServerWrote) {
  EXPECT_EQ(read_endpoints(data()).error().kind, ErrorKind::missing);
  const auto directory = open();
  ASSERT_TRUE(directory.has_value());
  ASSERT_TRUE(directory
                  ->write_volatile(kEndpointsFile,
                                   render(EndpointUrls{"http://a:1", "https://a:1", "mqtt://a:2", "mqtts://a:3"}))
                  .has_value());
  ASSERT_TRUE(directory->write(kRootKeyFile, render(RootKey{"ID", "se\"cret"})).has_value());
  EXPECT_EQ(read_endpoints(data())->api_tls, "https://a:1");
  EXPECT_EQ(read_endpoints(data())->mqtts, "mqtts://a:3");
  EXPECT_EQ(read_root_key(data())->secret_access_key, "se\"cret");
  EXPECT_EQ(read_identity(data())->region, "us-east-1");
}

}  // namespace
}  // namespace penstock::server
