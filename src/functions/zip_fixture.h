#pragma once
/// Zips for tests, good and hostile: written byte by byte, because no library would write most of them. Stored, not
/// compressed; what an entry says of itself can be a lie.
/// Source: PKWARE APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12 and 4.3.16.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/crc32.h"

namespace penstock::functions {

struct ZipEntry {
  std::string name;
  std::string content{};
  std::uint32_t mode = 0100644;               ///< of Unix, in the external attributes
  std::optional<std::uint32_t> said_bytes{};  ///< what the directory says the content has
  std::uint16_t flags = 0;                    ///< 1: encrypted
  std::uint8_t made_by = 3;                   ///< 3: Unix, 0: MS-DOS
  bool deflated = false;
};

inline void append_little(std::uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

/// RFC 1951, in stored blocks: deflated, but not shorter.
[[nodiscard]] inline std::string deflate_raw(std::string_view content) {
  constexpr std::size_t kBlockMax = 65'535;
  std::string out;
  do {
    const std::string_view block = content.substr(0, kBlockMax);
    content.remove_prefix(block.size());
    out += content.empty() ? '\x01' : '\x00';
    append_little(block.size(), 2, out);
    append_little(~block.size(), 2, out);
    out += block;
  } while (!content.empty());
  return out;
}

[[nodiscard]] inline std::string make_zip(const std::vector<ZipEntry>& entries) {
  std::string out;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::uint64_t offset = out.size();
    const std::uint32_t crc = codec::crc32(entry.content);
    const std::string stored = entry.deflated ? deflate_raw(entry.content) : entry.content;
    const std::uint64_t said = entry.said_bytes.value_or(static_cast<std::uint32_t>(entry.content.size()));
    const auto facts = [&](std::string& to) {
      append_little(20, 2, to);
      append_little(entry.flags, 2, to);
      append_little(entry.deflated ? 8 : 0, 2, to);
      append_little(0, 4, to);
      append_little(crc, 4, to);
      append_little(stored.size(), 4, to);
      append_little(said, 4, to);
      append_little(entry.name.size(), 2, to);
      append_little(0, 2, to);
    };
    append_little(0x04034b50, 4, out);
    facts(out);
    out += entry.name + stored;
    append_little(0x02014b50, 4, directory);
    append_little(20U | (static_cast<unsigned>(entry.made_by) << 8U), 2, directory);
    facts(directory);
    append_little(0, 6, directory);
    append_little(static_cast<std::uint64_t>(entry.mode) << 16U, 4, directory);
    append_little(offset, 4, directory);
    directory += entry.name;
  }
  const std::uint64_t at = out.size();
  out += directory;
  append_little(0x06054b50, 4, out);
  append_little(0, 4, out);
  append_little(entries.size(), 2, out);
  append_little(entries.size(), 2, out);
  append_little(directory.size(), 4, out);
  append_little(at, 4, out);
  append_little(0, 2, out);
  return out;
}

}  // namespace penstock::functions
