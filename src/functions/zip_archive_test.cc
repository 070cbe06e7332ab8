#include "functions/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "functions/zip_fixture.h"

namespace penstock::functions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

struct MemorySink final : ZipSink {
  std::map<std::string, std::string> files;
  std::vector<std::string> folders;
  std::vector<std::string> executables;
  std::string open;

  Result<void> folder(std::string_view name) override {
    folders.emplace_back(name);
    return {};
  }
  Result<void> begin_file(std::string_view name, bool executable) override {
    open = name;
    files[open];
    if (executable) executables.push_back(open);
    return {};
  }
  Result<void> piece(std::string_view bytes) override {
    files[open] += bytes;
    return {};
  }
  Result<void> end_file() override { return {}; }
};

Error refusal(const std::string& zip, const ZipLimits& limits = {}) {
  MemorySink sink;
  const auto done = unpack_zip(zip, limits, sink);
  EXPECT_FALSE(done.has_value());
  return done.has_value() ? Error{ErrorKind::corrupt, "unpacked"} : done.error();
}

TEST(ZipArchive, GivesFilesFoldersAndWhatMayBeRun) {
  MemorySink sink;
  const auto bytes = unpack_zip(make_zip({{.name = "src/", .mode = 040755},
                                          {.name = "src/app.py", .content = "print(1)"},
                                          {.name = "./bootstrap", .content = "#!/bin/sh", .mode = 0100755},
                                          {.name = "big", .content = std::string(300'000, 'x'), .deflated = true}}),
                                {}, sink);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  EXPECT_EQ(*bytes, 300'017U);
  EXPECT_EQ(sink.files["src/app.py"], "print(1)");
  EXPECT_EQ(sink.files["big"], std::string(300'000, 'x'));
  EXPECT_THAT(sink.folders, ElementsAre("src"));
  EXPECT_THAT(sink.executables, ElementsAre("bootstrap"));
}

TEST(ZipArchive, ArchivesOfOtherSystemsHaveNoModes) {
  MemorySink sink;
  ASSERT_TRUE(
      unpack_zip(make_zip({{.name = "a.js", .content = "1", .mode = 0120777, .made_by = 0}}), {}, sink).has_value());
  EXPECT_THAT(sink.files, ElementsAre(Pair("a.js", "1")));
}

TEST(ZipArchive, NamesThatLeadOutAreRefused) {
  for (const char* name : {"../etc/passwd", "a/../../b", "a/..", "/etc/passwd", ".."}) {
    const Error error = refusal(make_zip({{.name = "ok", .content = "1"}, {.name = name, .content = "x"}}));
    EXPECT_EQ(error.kind, ErrorKind::invalid) << name;
    EXPECT_THAT(error.message, HasSubstr("Could not unzip uploaded file")) << name;
  }
}

TEST(ZipArchive, LinksAndDevicesAreRefused) {
  EXPECT_THAT(refusal(make_zip({{.name = "l", .content = "/etc/passwd", .mode = 0120777}})).message,
              HasSubstr("is a link"));
  for (const std::uint32_t mode : {0020666U, 0060666U, 0010666U, 0140666U}) {
    EXPECT_THAT(refusal(make_zip({{.name = "d", .mode = mode}})).message, HasSubstr("neither a file nor a folder"));
  }
}

TEST(ZipArchive, NamesThatAreThereTwiceAreRefused) {
  const ZipEntry file{.name = "a", .content = "1"};
  EXPECT_THAT(refusal(make_zip({file, file})).message, HasSubstr("twice"));
  EXPECT_THAT(refusal(make_zip({file, {.name = "./a", .content = "2"}})).message, HasSubstr("twice"));
  EXPECT_THAT(refusal(make_zip({file, {.name = "a/b", .content = "2"}})).message, HasSubstr("what is a file"));
  EXPECT_THAT(refusal(make_zip({{.name = "a/b", .content = "2"}, file})).message, HasSubstr("twice"));
  EXPECT_THAT(refusal(make_zip({file, {.name = "a/", .mode = 040755}})).message, HasSubstr("twice"));
}

TEST(ZipArchive, BombsAreRefusedBeforeTheyGrow) {
  const ZipLimits limits{.unpacked_bytes_max = 1000, .entries_max = 3};
  EXPECT_EQ(refusal(make_zip({{.name = "a", .content = std::string(1001, '0'), .deflated = true}}), limits).message,
            "Unzipped size must be smaller than 1000 bytes");
  EXPECT_EQ(refusal(make_zip({{.name = "a", .content = std::string(600, '0')},
                              {.name = "b", .content = std::string(600, '0')}}),
                    limits)
                .message,
            "Unzipped size must be smaller than 1000 bytes");
  // A directory that lies: what comes out is counted.
  const Error lie = refusal(
      make_zip({{.name = "a", .content = std::string(1'000'000, '0'), .said_bytes = 10, .deflated = true}}), limits);
  EXPECT_EQ(lie.message, "Could not unzip uploaded file. Please check your file, then try to upload again.");
  std::vector<ZipEntry> many(4);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = {.name = std::to_string(i), .content = "x"};
  EXPECT_THAT(refusal(make_zip(many), limits).message, HasSubstr("more than 3 entries"));
}

TEST(ZipArchive, WhatIsNoArchiveIsRefused) {
  for (const std::string& bytes : {std::string(), std::string("PK"), std::string(1000, '\xff')}) {
    EXPECT_EQ(refusal(bytes).kind, ErrorKind::invalid);
  }
  std::string broken = make_zip({{.name = "a", .content = "hello"}});
  broken[broken.find("hello")] = 'j';
  EXPECT_EQ(refusal(broken).message,
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
  EXPECT_EQ(refusal(make_zip({{.name = "only/", .mode = 040755}})).message, "Uploaded file must be a non-empty zip");
  EXPECT_EQ(refusal(make_zip({{.name = "secret", .content = "0123456789ab", .flags = 1}})).kind, ErrorKind::invalid);
}

TEST(ZipArchive, LongAndDeepNamesAreRefused) {
  EXPECT_THAT(refusal(make_zip({{.name = std::string(2000, 'a'), .content = "x"}})).message, HasSubstr("too long"));
  EXPECT_THAT(refusal(make_zip({{.name = std::string(300, 'a'), .content = "x"}})).message, HasSubstr("too long"));
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "d/";
  EXPECT_THAT(refusal(make_zip({{.name = deep + "f", .content = "x"}})).message, HasSubstr("too deep"));
}

}  // namespace
}  // namespace penstock::functions
