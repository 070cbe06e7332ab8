#include "cli/aggregated_record.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace penstock::cli {

namespace {

constexpr std::string_view kMark = "\xf3\x89\x9a\xc2";
constexpr std::size_t kDigestBytes = 16;
constexpr std::uint64_t kFieldNumberMax = (1U << 29U) - 1;

/// One field of a protocol buffer's message.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;                  ///< of a varint
  std::optional<std::string_view> bytes{};  ///< of a length-delimited field
};

/// Reads a message field by field. Nothing nests here: who wants a message inside takes its bytes to another reader.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : bytes_(bytes) {}

  /// nullopt at the end, and when the bytes are no message: then is_broken().
  std::optional<Field> next() {
    if (bytes_.empty() || broken_) return std::nullopt;
    const std::uint64_t tag = varint();
    Field field{.number = tag >> 3U};
    if (field.number == 0 || field.number > kFieldNumberMax) broken_ = true;
    switch (tag & 7U) {
      case 0: field.value = varint(); break;
      case 1: take(8); break;
      case 2: field.bytes = take(varint()); break;
      case 5: take(4); break;
      default: broken_ = true; break;  // groups are long gone
    }
    if (broken_) return std::nullopt;
    return field;
  }
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    broken_ = true;
    return 0;
  }

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) {
      broken_ = true;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  bool broken_ = false;
};

bool has_digest(std::string_view message, std::string_view digest) {
  std::array<unsigned char, kDigestBytes> made{};
  unsigned size = 0;
  const bool done = EVP_Digest(message.data(), message.size(), made.data(), &size, EVP_md5(), nullptr) == 1;
  return done && size == kDigestBytes && digest == std::string_view(reinterpret_cast<const char*>(made.data()), size);
}

/// message Record { partition_key_index = 1; explicit_hash_key_index = 2; data = 3; tags = 4; }
struct PackedRecord {
  std::optional<std::uint64_t> partition_key{};
  std::optional<std::uint64_t> explicit_hash_key{};
  std::optional<std::string_view> data{};
};

std::optional<PackedRecord> read_record(std::string_view bytes) {
  MessageReader reader(bytes);
  PackedRecord record;
  while (const auto field = reader.next()) {
    if (field->number > 3) continue;
    if (field->bytes.has_value() != (field->number == 3)) return std::nullopt;
    if (field->number == 1) record.partition_key = field->value;
    if (field->number == 2) record.explicit_hash_key = field->value;
    if (field->number == 3) record.data = field->bytes;
  }
  if (reader.is_broken() || !record.partition_key || !record.data) return std::nullopt;
  return record;
}

}  // namespace

std::optional<std::vector<UserRecord>> read_aggregated_record(std::string_view data) {
  if (!data.starts_with(kMark) || data.size() < kMark.size() + kDigestBytes) return std::nullopt;
  const std::string_view message = data.substr(kMark.size(), data.size() - kMark.size() - kDigestBytes);
  if (!has_digest(message, data.substr(data.size() - kDigestBytes))) return std::nullopt;

  // message AggregatedRecord { partition_key_table = 1; explicit_hash_key_table = 2; records = 3; }
  MessageReader reader(message);
  std::vector<std::string_view> partition_keys;
  std::vector<std::string_view> explicit_hash_keys;
  std::vector<PackedRecord> packed;
  while (const auto field = reader.next()) {
    if (field->number > 3) continue;
    if (!field->bytes || packed.size() == kUserRecordsMax) return std::nullopt;
    if (field->number == 1) partition_keys.push_back(*field->bytes);
    if (field->number == 2) explicit_hash_keys.push_back(*field->bytes);
    if (field->number == 3) {
      const auto record = read_record(*field->bytes);
      if (!record) return std::nullopt;
      packed.push_back(*record);
    }
  }
  if (reader.is_broken() || packed.empty()) return std::nullopt;

  std::vector<UserRecord> records;
  records.reserve(packed.size());
  for (const PackedRecord& from : packed) {
    if (*from.partition_key >= partition_keys.size()) return std::nullopt;
    if (from.explicit_hash_key && *from.explicit_hash_key >= explicit_hash_keys.size()) return std::nullopt;
    records.push_back(
        {.partition_key = partition_keys[*from.partition_key],
         .explicit_hash_key = from.explicit_hash_key ? explicit_hash_keys[*from.explicit_hash_key] : std::string_view(),
         .data = *from.data});
  }
  return records;
}

}  // namespace penstock::cli
