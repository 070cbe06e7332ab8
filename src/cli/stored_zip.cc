#include "cli/stored_zip.h"

#include <cstdint>

#include "codec/crc32.h"

namespace penstock::cli {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kMadeOnUnix = (3U << 8U) | kVersion;
constexpr std::uint16_t kFirstDay = (1U << 5U) | 1U;  // 1980-01-01
constexpr std::uint32_t kPlainFile = 0100644U << 16U;

void append(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8U) out.push_back(static_cast<char>(value & 0xffU));
}

}  // namespace

std::string stored_zip(std::string_view name, std::string_view contents) {
  const auto size = static_cast<std::uint32_t>(contents.size());
  std::string entry;  // what both headers have
  append(entry, kVersion, 2);
  append(entry, 0, 2);  // flags
  append(entry, 0, 2);  // stored
  append(entry, 0, 2);  // time
  append(entry, kFirstDay, 2);
  append(entry, codec::crc32(contents), 4);
  append(entry, size, 4);
  append(entry, size, 4);
  append(entry, static_cast<std::uint32_t>(name.size()), 2);
  append(entry, 0, 2);  // extra

  std::string zip;
  append(zip, kLocalHeader, 4);
  zip += entry;
  zip += name;
  zip += contents;
  const auto directory = static_cast<std::uint32_t>(zip.size());
  append(zip, kCentralHeader, 4);
  append(zip, kMadeOnUnix, 2);
  zip += entry;
  append(zip, 0, 2);  // comment
  append(zip, 0, 2);  // disk
  append(zip, 0, 2);  // internal attributes
  append(zip, kPlainFile, 4);
  append(zip, 0, 4);  // where the local header is
  zip += name;
  const auto directory_bytes = static_cast<std::uint32_t>(zip.size()) - directory;
  append(zip, kEnd, 4);
  append(zip, 0, 4);  // disks
  append(zip, 1, 2);
  append(zip, 1, 2);
  append(zip, directory_bytes, 4);
  append(zip, directory, 4);
  append(zip, 0, 2);  // comment
  return zip;
}

}  // namespace penstock::cli
