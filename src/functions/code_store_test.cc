#include "functions/code_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "functions/zip_fixture.h"
#include "os/new_tree.h"
#include "os/posix_file_system.h"
#include "sigv4/crypto.h"

namespace penstock::functions {
namespace {

namespace fs = std::filesystem;

class CodeStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() / ("code_store_" + SystemRandom().hex(8))).string();
    open("boot-1");
  }
  void TearDown() override {
    store_.reset();
    ASSERT_TRUE(os::remove_tree(folder_).has_value());
  }

  void open(std::string stamp) {
    store_.reset();
    auto opened = CodeStore::open({.files = *files_, .random = random_, .folder = folder_, .stamp = std::move(stamp)});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void sweep() { ASSERT_TRUE(store_->sweep().has_value()); }
  CodePtr keep(const std::string& zip) {
    auto kept = run_sync(store_->keep(zip, {}));
    EXPECT_TRUE(kept.has_value()) << kept.error().message;
    return kept.has_value() ? *std::move(kept) : nullptr;
  }
  [[nodiscard]] std::size_t count(std::string_view below) const {
    const fs::path path = folder_ + "/" + std::string(below);
    if (!fs::exists(path)) return 0;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Everything asked of the store before has been done.
  void settle() { EXPECT_FALSE(run_sync(store_->keep("no zip", {})).has_value()); }

  SystemRandom random_;
  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  std::string folder_;
  std::unique_ptr<CodeStore> store_;
};

const std::string kZip =
    make_zip({{.name = "a/app.py", .content = "print(1)"}, {.name = "run", .content = "#!/bin/sh", .mode = 0100755}});

TEST_F(CodeStoreTest, KeepsTheZipAndUnpacksItReadOnly) {
  sweep();
  const CodePtr code = keep(kZip);
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(code->sha256_hex, sigv4::sha256_hex(kZip));
  EXPECT_EQ(text_of(folder_ + "/zips/" + code->sha256_hex + ".zip"), kZip);
  EXPECT_EQ(text_of(code->folder + "/a/app.py"), "print(1)");
  struct stat facts{};
  ASSERT_EQ(::stat((code->folder + "/run").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0555U);
  ASSERT_EQ(::stat((code->folder + "/a/app.py").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0444U);
  ASSERT_EQ(::stat((code->folder + "/a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0555U);
  ASSERT_EQ(::stat(code->folder.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0555U);
  EXPECT_EQ(run_sync(store_->read(code)).value(), kZip);
  EXPECT_EQ(keep(kZip), code);
}

TEST_F(CodeStoreTest, WhatNobodyHoldsGoes) {
  sweep();
  CodePtr code = keep(kZip);
  CodePtr second = keep(kZip);
  code.reset();
  settle();
  EXPECT_EQ(count("zips"), 1U);
  const Code facts = *second;
  second.reset();
  settle();
  EXPECT_EQ(count("zips"), 0U);
  EXPECT_EQ(count("code/boot-1"), 0U);
  EXPECT_EQ(store_->hold(facts).error().kind, ErrorKind::missing);
}

TEST_F(CodeStoreTest, WhatIsHeldAtTheStartStaysAndTheRestIsSwept) {
  sweep();
  CodePtr code = keep(kZip);
  CodePtr other = keep(make_zip({{.name = "b", .content = "2"}}));
  const Code facts = *code;
  store_.reset();  // as a server that stops: nothing is removed
  code.reset();
  other.reset();
  open("boot-1");
  EXPECT_EQ(count("zips"), 2U);
  const auto held = store_->hold(facts);
  ASSERT_TRUE(held.has_value()) << held.error().message;
  sweep();
  EXPECT_EQ(count("zips"), 1U);
  EXPECT_EQ(count("code/boot-1"), 1U);
  EXPECT_EQ(text_of((*held)->folder + "/a/app.py"), "print(1)");
}

TEST_F(CodeStoreTest, AfterAnotherBootEverythingIsUnpackedAgain) {
  sweep();
  CodePtr code = keep(kZip);
  const Code facts = *code;
  store_.reset();
  code.reset();
  open("boot-2");
  EXPECT_EQ(count("code/boot-1"), 0U);
  const auto held = store_->hold(facts);
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(text_of((*held)->folder + "/a/app.py"), "print(1)");
  EXPECT_NE((*held)->folder, facts.folder);
}

TEST_F(CodeStoreTest, AZipThatIsNotWhatItWasIsNotRun) {
  sweep();
  CodePtr code = keep(kZip);
  const Code facts = *code;
  store_.reset();
  code.reset();
  std::ofstream(folder_ + "/zips/" + facts.sha256_hex + ".zip") << "another";
  open("boot-2");
  EXPECT_EQ(store_->hold(facts).error().kind, ErrorKind::corrupt);
  Code nameless = facts;
  nameless.sha256_hex = "../../etc";
  EXPECT_EQ(store_->hold(nameless).error().kind, ErrorKind::corrupt);
}

TEST_F(CodeStoreTest, ARefusedZipLeavesNothing) {
  sweep();
  const auto refused = run_sync(store_->keep(
      make_zip({{.name = "a", .content = "1"}, {.name = "b", .content = std::string(9000, 'x'), .said_bytes = 10}}),
      {}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(count("zips"), 0U);
  EXPECT_EQ(count("code/boot-1"), 0U);
  EXPECT_EQ(count("unpacking"), 0U);
}

TEST_F(CodeStoreTest, ManyAtOnceKeepWhatTheyHold) {
  sweep();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto kept = run_sync(store_->keep(kZip, {}));
        ASSERT_TRUE(kept.has_value());
        EXPECT_TRUE(fs::exists((*kept)->folder + "/a/app.py"));
      }
    });
  }
  threads.clear();
  settle();
  EXPECT_EQ(count("zips"), 0U);
}

}  // namespace
}  // namespace penstock::functions
