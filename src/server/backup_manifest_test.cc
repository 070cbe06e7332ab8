#include "server/backup_manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace penstock::server {
namespace {

using testing::HasSubstr;

BackupManifest sample() {
  return {.program = "0.1.0",
          .made = from_unix_ms(1'795'452'560'172),
          .account = "000000000000",
          .region = "us-east-1",
          .files = {{.name = "catalog.sqlite3", .bytes = 12'288, .crc32c = 0x9807d17c},
                    {.name = "functions/zips/" + std::string(64, 'a') + ".zip", .bytes = 7, .crc32c = {}},
                    {.name = "buckets/told/" + std::string(300, 'k'), .bytes = 0, .crc32c = 0}},
          .logs = {{.id = "s-1",
                    .owner = "field",
                    .next_position = 101,
                    .files = {{.name = "log", .bytes = 64, .crc32c = 1}}},
                   {.id = "group-1", .folder = "logs", .owner = "/aws/lambda/f", .next_position = 3, .files = {}},
                   {.id = "async-invocations", .folder = "logs", .owner = "", .next_position = 1, .files = {}}},
          .master_keys_elsewhere = {"field-7"}};
}

std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(BackupManifestTest, IsReadAsItWasWritten) {
  const auto read = parse_manifest(render_manifest(sample()));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, sample());
  EXPECT_EQ(read->logs[0].path(), "streams/s-1");
  EXPECT_EQ(read->logs[0].described(), "the stream field");
  EXPECT_EQ(read->logs[1].described(), "the log group /aws/lambda/f");
  EXPECT_EQ(read->logs[2].described(), "the log logs/async-invocations");
}

TEST(BackupManifestTest, TheFirstFormatHasStreamsAlone) {
  const auto read = parse_manifest(
      R"({"format":1,"penstock":"0.1.0","made_ms":1795452560172,"account":"000000000000","region":"us-east-1",)"
      R"("files":[["seal-key",65,"9f919e6b"]],"logs":[{"id":"s-3","stream":"s","next_position":101,)"
      R"("files":[["log",64,"6f7f01c1"]]}],"master_keys_elsewhere":[]})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->logs.size(), 1U);
  EXPECT_EQ(read->logs[0].path(), "streams/s-3");
  EXPECT_EQ(read->logs[0].owner, "s");
}

TEST(BackupManifestTest, ANewerFormatIsNamed) {
  const auto read = parse_manifest(with(render_manifest(sample()), R"("format":2)", R"("format":3)"));
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message, HasSubstr("made by a newer Penstock"));
  EXPECT_THAT(read.error().message, HasSubstr("has format 3, this program knows format 2"));
  EXPECT_FALSE(parse_manifest(with(render_manifest(sample()), R"("format":2)", R"("format":0)")).has_value());
}

TEST(BackupManifestTest, NamesLeadNowhereElse) {
  const std::string text = render_manifest(sample());
  for (const char* name : {"../told", "told/../../up", "/told", "told//x", "", "told/."}) {
    EXPECT_FALSE(parse_manifest(with(text, "catalog.sqlite3", name)).has_value()) << name;
  }
  for (const char* folder : {"tls", "../logs", ""}) {
    EXPECT_FALSE(parse_manifest(with(text, R"("folder":"logs")", fmt::format(R"("folder":"{}")", folder))).has_value());
  }
  EXPECT_FALSE(parse_manifest(with(text, R"("id":"s-1")", R"("id":"a/b")")).has_value());
}

TEST(BackupManifestTest, ZipsAreToldByTheirNames) {
  const std::string hex(64, 'a');
  const std::string zip = "functions/zips/" + hex + ".zip";
  EXPECT_EQ(zip_sha256_of(zip), hex);
  for (const std::string& other : {std::string("functions/zips/a.zip"), zip + "x", "functions/zipsX" + hex + ".zip",
                                   "functions/zips/" + std::string(64, 'g') + ".zip", "buckets/zips/zips" + hex}) {
    EXPECT_EQ(zip_sha256_of(other), "") << other;
  }
}

}  // namespace
}  // namespace penstock::server
