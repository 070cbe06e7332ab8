#include "server/code_downloads.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/manual_timers.h"
#include "functions/zip_fixture.h"
#include "os/new_tree.h"
#include "os/posix_file_system.h"

namespace penstock::server {
namespace {

class CodeDownloadsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("downloads_" + random_.hex(8))).string();
    auto opened = functions::CodeStore::open({.files = *files_, .random = random_, .folder = folder_, .stamp = "boot"});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
    ASSERT_TRUE(store_->sweep().has_value());
    code_ = *run_sync(store_->keep(zip_, {}));
    downloads_.emplace(
        CodeDownloadParts{.code = *store_, .answers = answers_, .clock = clock_, .random = random_, .api_url = [] {
                            return std::string("http://api");
                          }});
  }
  void TearDown() override {
    code_.reset();
    store_.reset();
    ASSERT_TRUE(os::remove_tree(folder_).has_value());
  }

  net::HttpResponse get(std::string link, std::string method = "GET") {
    link.erase(0, std::string_view("http://api").size());
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(link);
    EXPECT_TRUE(CodeDownloads::is_at(request));
    return run_sync(downloads_->answer(std::move(request)));
  }

  const std::string zip_ = functions::make_zip({{.name = "app.py", .content = "print(1)"}});
  SystemRandom random_;
  ManualClock clock_;
  ManualTimers timers_{clock_};
  MemoryBudget answers_{1U << 20U, timers_};
  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  std::string folder_;
  std::unique_ptr<functions::CodeStore> store_;
  functions::CodePtr code_;
  std::optional<CodeDownloads> downloads_;
};

TEST_F(CodeDownloadsTest, ALinkGivesTheZipForTenMinutes) {
  const std::string link = downloads_->link(code_->sha256_hex);
  clock_.advance(std::chrono::seconds(599));
  const auto given = get(link);
  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(given.body, zip_);
  EXPECT_EQ(given.memory.bytes(), zip_.size());
  clock_.advance(std::chrono::seconds(2));
  const auto late = get(link);
  EXPECT_EQ(late.status, 403);
  EXPECT_NE(late.body.find("<Message>Request has expired</Message>"), std::string::npos);
}

TEST_F(CodeDownloadsTest, AChangedLinkIsRefused) {
  const std::string link = downloads_->link(code_->sha256_hex);
  const auto changed = [&](std::string_view part, std::string_view with) {
    std::string out = link;
    out.replace(out.find(part), part.size(), with);
    return get(out).status;
  };
  const std::string other(64, 'a');
  EXPECT_EQ(changed("expires=1", "expires=2"), 403);
  EXPECT_EQ(changed(code_->sha256_hex, other), 403);
  EXPECT_EQ(changed("&signature=", "&signature=0"), 403);
  EXPECT_EQ(changed("signature=", "nothing="), 403);
  EXPECT_EQ(changed(".zip", ".tar"), 403);
  EXPECT_EQ(get(link, "PUT").status, 403);
  EXPECT_EQ(get("http://api/lambda-code/").status, 403);
  EXPECT_EQ(get("http://api/lambda-code/../../identity.json?expires=9999999999&signature=").status, 403);
}

TEST_F(CodeDownloadsTest, DeletedCodeIsGone) {
  const std::string link = downloads_->link(code_->sha256_hex);
  code_.reset();
  EXPECT_EQ(get(link).status, 404);
}

}  // namespace
}  // namespace penstock::server
