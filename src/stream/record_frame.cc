#include "stream/record_frame.h"

#include <bit>
#include <cstring>

#include "framelog/frame_log.h"

namespace penstock::stream {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kHasExplicitHash = 1;
static_assert(std::endian::native == std::endian::little);

template <class T>
void store(char*& at, T value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

void store_bytes(char*& at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  at += bytes.size();
}

template <class T>
T load(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::corrupt, "record frame: " + std::string(what));
}

}  // namespace

std::size_t framed_size(const FrameRecord& record) {
  return kRecordHeaderBytes + record.partition_key.size() + (record.explicit_hash_key ? kExplicitHashBytes : 0) +
         record.data.size();
}

RecordFrameWriter::RecordFrameWriter(std::size_t records, std::size_t bytes) {
  PENSTOCK_ASSERT(records > 0 && records <= kFrameRecordsMax && bytes <= framelog::kFrameBytesMax);
  // add() fills it. (The size that libstdc++ 12 gives to the function may be greater than what was asked for.)
  frame_.resize_and_overwrite(bytes, [bytes](char*, std::size_t) { return bytes; });
  char* at = frame_.data();
  store<std::uint8_t>(at, kFormat);
  store<std::uint8_t>(at, 0);
  store(at, static_cast<std::uint16_t>(records));
  size_ = kFrameHeaderBytes;
}

void RecordFrameWriter::add(const FrameRecord& record) {
  PENSTOCK_ASSERT(!record.partition_key.empty() && record.partition_key.size() <= kPartitionKeyBytesMax);
  const std::size_t end = size_ + framed_size(record);
  PENSTOCK_ASSERT(end <= frame_.size());
  char* at = frame_.data() + size_;
  store(at, static_cast<std::uint32_t>(record.data.size()));
  store(at, static_cast<std::uint16_t>(record.partition_key.size()));
  store<std::uint8_t>(at, record.explicit_hash_key ? kHasExplicitHash : 0);
  store<std::uint8_t>(at, 0);
  store_bytes(at, record.partition_key);
  if (record.explicit_hash_key) {
    for (int shift = 120; shift >= 0; shift -= 8) *at++ = static_cast<char>(*record.explicit_hash_key >> shift);
  }
  store_bytes(at, record.data);
  size_ = end;
}

std::string RecordFrameWriter::take() {
  PENSTOCK_ASSERT(size_ == frame_.size());
  return std::move(frame_);
}

std::string encode_record_frame(std::span<const FrameRecord> records) {
  std::size_t size = kFrameHeaderBytes;
  for (const FrameRecord& record : records) size += framed_size(record);
  RecordFrameWriter writer(records.size(), size);
  for (const FrameRecord& record : records) writer.add(record);
  return writer.take();
}

Result<std::vector<FrameRecord>> decode_record_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return corrupt("shorter than its header");
  if (load<std::uint8_t>(bytes, 0) != kFormat) return corrupt("unknown format");
  if (load<std::uint8_t>(bytes, 1) != 0) return corrupt("reserved byte is set");
  const auto count = load<std::uint16_t>(bytes, 2);
  if (count == 0) return corrupt("no records");
  if (bytes.size() < kFrameHeaderBytes + count * (kRecordHeaderBytes + 1)) return corrupt("cut short");

  std::vector<FrameRecord> records;
  records.reserve(count);
  std::size_t at = kFrameHeaderBytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes.size() - at < kRecordHeaderBytes) return corrupt("cut short in a record header");
    const auto data_size = load<std::uint32_t>(bytes, at);
    const auto key_size = load<std::uint16_t>(bytes, at + 4);
    const auto flags = load<std::uint8_t>(bytes, at + 6);
    if (flags > kHasExplicitHash || load<std::uint8_t>(bytes, at + 7) != 0) return corrupt("unknown record flags");
    if (key_size == 0 || key_size > kPartitionKeyBytesMax) return corrupt("partition key length");
    at += kRecordHeaderBytes;
    const std::size_t hash_size = flags == kHasExplicitHash ? kExplicitHashBytes : 0;
    if (bytes.size() - at < key_size + hash_size + data_size) return corrupt("cut short in a record");
    FrameRecord& record = records.emplace_back();
    record.partition_key = bytes.substr(at, key_size);
    at += key_size;
    if (hash_size > 0) {
      HashKey hash = 0;
      for (std::size_t b = 0; b < hash_size; ++b) hash = hash << 8U | static_cast<std::uint8_t>(bytes[at + b]);
      record.explicit_hash_key = hash;
      at += hash_size;
    }
    record.data = bytes.substr(at, data_size);
    at += data_size;
  }
  if (at != bytes.size()) return corrupt("bytes behind the last record");
  return records;
}

}  // namespace penstock::stream
