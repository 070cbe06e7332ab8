#pragma once
/// Record frames: the records that one put brings to one shard, as the bytes of one frame. Pure.
/// Layout: docs/formats/record-frame.md. Everything is little-endian except the explicit hash key.
/// Guarantee: decode accepts exactly what encode gives; anything else is `corrupt`, and reads stay inside the bytes.
/// Bounds: at most kFrameRecordsMax records, framelog::kFrameBytesMax bytes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "stream/hash_key.h"

namespace penstock::stream {

inline constexpr std::size_t kFrameRecordsMax = 65'535;
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kRecordHeaderBytes = 8;
inline constexpr std::size_t kExplicitHashBytes = 16;
/// 256 characters of UTF-8.
inline constexpr std::size_t kPartitionKeyBytesMax = 1024;

struct FrameRecord {
  std::string_view partition_key;
  std::optional<HashKey> explicit_hash_key{};
  std::string_view data;
};

/// Bytes that the record takes in a frame.
[[nodiscard]] std::size_t framed_size(const FrameRecord& record);

/// Makes a frame record by record; how many there are and how much room they take is known before.
class RecordFrameWriter {
 public:
  /// `bytes`: kFrameHeaderBytes and the framed_size of every record. Both must fit the bounds.
  RecordFrameWriter(std::size_t records, std::size_t bytes);
  void add(const FrameRecord& record);
  /// When all were added.
  [[nodiscard]] std::string take();

 private:
  std::string frame_;
  std::size_t size_ = 0;  ///< written so far
};

/// The records must fit the bounds (a caller's bug otherwise).
[[nodiscard]] std::string encode_record_frame(std::span<const FrameRecord> records);

/// The views point into `bytes`. Errors: corrupt.
[[nodiscard]] Result<std::vector<FrameRecord>> decode_record_frame(std::string_view bytes);

}  // namespace penstock::stream
