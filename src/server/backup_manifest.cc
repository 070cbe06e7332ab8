#include "server/backup_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "codec/timestamp_text.h"
#include "codec/utf8.h"

namespace penstock::server {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 2;
/// Of the first format: streams' logs alone, and neither functions' code nor buckets.
constexpr std::uint64_t kFormatOldest = 1;
constexpr std::uint64_t kTimeMsMax = 253'402'300'799'999;  // the end of the year 9999

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::corrupt, fmt::format("the backup's {} is damaged: {}", kManifestFile, what));
}

json::array render_files(const std::vector<BackupFile>& files) {
  json::array out;
  for (const BackupFile& file : files) {
    json::value crc = nullptr;
    if (file.crc32c.has_value()) crc = fmt::format("{:08x}", *file.crc32c);
    out.push_back(json::array{file.name, file.bytes, std::move(crc)});
  }
  return out;
}

Result<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return damaged(fmt::format("no text '{}'", key));
  return std::string(value->as_string());
}

Result<std::uint64_t> number_of(const json::value* value, std::string_view key) {
  if (value != nullptr && value->is_int64() && value->as_int64() >= 0) {
    return static_cast<std::uint64_t>(value->as_int64());
  }
  if (value != nullptr && value->is_uint64()) return value->as_uint64();
  return damaged(fmt::format("no number '{}'", key));
}

Result<const json::array*> array_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return damaged(fmt::format("no list '{}'", key));
  return &value->as_array();
}

Result<BackupFile> parse_file(const json::value& value) {
  if (!value.is_array() || value.as_array().size() != 3 || !value.as_array()[0].is_string()) {
    return damaged("a file's row");
  }
  const json::array& row = value.as_array();
  BackupFile file{.name = std::string(row[0].as_string()), .bytes = 0, .crc32c = {}};
  if (!is_file_name(file.name)) return damaged("a file's name");
  PENSTOCK_TRY(file.bytes, number_of(&row[1], "bytes"));
  if (row[2].is_null()) return file;
  if (!row[2].is_string()) return damaged("a file's checksum");
  const std::string_view hex = row[2].as_string();
  std::uint32_t crc = 0;
  const auto parsed = std::from_chars(hex.data(), hex.data() + hex.size(), crc, 16);
  if (hex.size() != 8 || parsed.ec != std::errc() || parsed.ptr != hex.data() + hex.size()) {
    return damaged("a file's checksum");
  }
  file.crc32c = crc;
  return file;
}

Result<std::vector<BackupFile>> parse_files(const json::object& object) {
  PENSTOCK_TRY(const json::array* rows, array_of(object, "files"));
  std::vector<BackupFile> files;
  files.reserve(rows->size());
  for (const json::value& row : *rows) {
    PENSTOCK_TRY(BackupFile file, parse_file(row));
    files.push_back(std::move(file));
  }
  return files;
}

Result<BackupLog> parse_log(const json::value& value, std::uint64_t format) {
  if (!value.is_object()) return damaged("a log's entry");
  const json::object& object = value.as_object();
  BackupLog log;
  PENSTOCK_TRY(log.id, text_of(object, "id"));
  if (!is_file_name(log.id) || log.id.find('/') != std::string::npos) return damaged("a log's id");
  if (format == kFormatOldest) {
    PENSTOCK_TRY(log.owner, text_of(object, "stream"));
  } else {
    PENSTOCK_TRY(log.folder, text_of(object, "folder"));
    if (std::ranges::find(kLogFolders, log.folder) == std::end(kLogFolders)) return damaged("a log's folder");
    PENSTOCK_TRY(log.owner, text_of(object, "owner"));
  }
  PENSTOCK_TRY(log.next_position, number_of(object.if_contains("next_position"), "next_position"));
  PENSTOCK_TRY(log.files, parse_files(object));
  return log;
}

}  // namespace

std::uint64_t BackupLog::bytes() const {
  std::uint64_t total = 0;
  for (const BackupFile& file : files) total += file.bytes;
  return total;
}

std::string BackupLog::described() const {
  if (owner.empty()) return fmt::format("the log {}", path());
  return fmt::format("the {} {}", folder == kStreamsFolder ? "stream" : "log group", owner);
}

std::string_view zip_sha256_of(std::string_view name) {
  constexpr std::string_view kSuffix = ".zip";
  constexpr std::size_t kHexLength = 64;
  if (name.size() != kZipsFolder.size() + 1 + kHexLength + kSuffix.size()) return {};
  if (!name.starts_with(kZipsFolder) || name[kZipsFolder.size()] != '/' || !name.ends_with(kSuffix)) return {};
  const std::string_view hex = name.substr(kZipsFolder.size() + 1, kHexLength);
  return hex.find_first_not_of("0123456789abcdef") == std::string_view::npos ? hex : std::string_view();
}

bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > kFileNameBytesMax || name.starts_with('/')) return false;
  if (name.find('\0') != std::string_view::npos || !codec::is_utf8(name)) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string render_manifest(const BackupManifest& manifest) {
  json::array logs;
  for (const BackupLog& log : manifest.logs) {
    logs.push_back(json::object{{"id", log.id},
                                {"folder", log.folder},
                                {"owner", log.owner},
                                {"next_position", log.next_position},
                                {"bytes", log.bytes()},
                                {"files", render_files(log.files)}});
  }
  json::array keys;
  for (const std::string& id : manifest.master_keys_elsewhere) keys.push_back(json::string(id));
  return codec::serialize(json::object{{"format", kFormat},
                                       {"penstock", manifest.program},
                                       {"made", codec::iso_8601(manifest.made)},
                                       {"made_ms", to_unix_ms(manifest.made)},
                                       {"account", manifest.account},
                                       {"region", manifest.region},
                                       {"files", render_files(manifest.files)},
                                       {"logs", std::move(logs)},
                                       {"master_keys_elsewhere", std::move(keys)}}) +
         "\n";
}

Result<BackupManifest> parse_manifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) return damaged("it is too large");
  const auto value = codec::parse_json(text);
  if (!value.has_value() || !value->is_object()) return damaged("it is not JSON");
  const json::object& object = value->as_object();
  PENSTOCK_TRY(const std::uint64_t format, number_of(object.if_contains("format"), "format"));
  if (format > kFormat) {
    return fail(
        ErrorKind::corrupt,
        fmt::format("the backup was made by a newer Penstock: its {} has format {}, this program knows format {}",
                    kManifestFile, format, kFormat));
  }
  if (format < kFormatOldest) return damaged("its format is none");
  BackupManifest manifest;
  PENSTOCK_TRY(manifest.program, text_of(object, "penstock"));
  PENSTOCK_TRY(const std::uint64_t made, number_of(object.if_contains("made_ms"), "made_ms"));
  if (made > kTimeMsMax) return damaged("its time");
  manifest.made = from_unix_ms(static_cast<std::int64_t>(made));
  PENSTOCK_TRY(manifest.account, text_of(object, "account"));
  PENSTOCK_TRY(manifest.region, text_of(object, "region"));
  PENSTOCK_TRY(manifest.files, parse_files(object));
  PENSTOCK_TRY(const json::array* logs, array_of(object, "logs"));
  for (const json::value& entry : *logs) {
    PENSTOCK_TRY(BackupLog log, parse_log(entry, format));
    manifest.logs.push_back(std::move(log));
  }
  PENSTOCK_TRY(const json::array* keys, array_of(object, "master_keys_elsewhere"));
  for (const json::value& key : *keys) {
    if (!key.is_string()) return damaged("a master key's id");
    manifest.master_keys_elsewhere.emplace_back(key.as_string());
  }
  return manifest;
}

}  // namespace penstock::server
