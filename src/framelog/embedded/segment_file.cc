#include "framelog/embedded/segment_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "framelog/embedded/crc32c.h"

namespace penstock::framelog {
namespace {

/// Logs leave that much of a disk to the catalog, so that on a disk that they filled streams can still be deleted.
constexpr std::uint64_t kDiskBytesKept = 8U << 20U;
/// A nearly full disk is not cut into smaller pieces than this.
constexpr std::uint64_t kSmallSegmentBytes = 256U << 10U;

Result<void> write_zeros(os::File& file, std::uint64_t begin, std::uint64_t end) {
  static const std::string zeros(256U << 10U, '\0');
  std::array<std::string_view, 4> parts;
  while (begin < end) {
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    while (count < parts.size() && begin + bytes < end) {
      parts[count] = std::string_view(zeros).substr(0, end - begin - bytes);
      bytes += parts[count++].size();
    }
    PENSTOCK_TRY_VOID(file.pwritev(std::span(parts).first(count), begin));
    begin += bytes;
  }
  return {};
}

Result<void> fill_new_segment(os::FileSystem& files, const std::string& directory, const PreparedSegment& segment) {
  const std::string header = encode_segment_header(segment.seed, segment.number);
  const std::array<std::string_view, 1> parts = {header};
  PENSTOCK_TRY_VOID(segment.file->pwritev(parts, 0));
  PENSTOCK_TRY_VOID(write_zeros(*segment.file, header.size(), segment.capacity));
  PENSTOCK_TRY_VOID(segment.file->sync());
  return files.sync_directory(directory);
}

/// A segment is never refused for the size that would be convenient, only for the bytes that it must hold.
Result<std::uint64_t> fit_to_disk(os::FileSystem& files, const std::string& directory, SegmentSize size) {
  PENSTOCK_TRY(const std::uint64_t free, files.free_bytes(directory));
  const std::uint64_t room = free - std::min(free, kDiskBytesKept);
  if (size.bytes_min > room) {
    return fail(
        ErrorKind::unavailable,
        fmt::format("no space left for a new segment of {} bytes in {}: {} bytes are free, of which {} are kept "
                    "for what frees space again",
                    size.bytes_min, directory, free, kDiskBytesKept));
  }
  const std::uint64_t share = std::max(room / 4, std::min<std::uint64_t>(room, kSmallSegmentBytes));
  return std::max(size.bytes_min, std::min(size.bytes_wanted, share / kDiskBlockBytes * kDiskBlockBytes));
}

}  // namespace

Result<PreparedSegment> prepare_segment(os::FileSystem& files, const std::string& directory, std::uint64_t salt,
                                        std::uint64_t number, SegmentSize size) {
  PENSTOCK_TRY(const std::uint64_t capacity, fit_to_disk(files, directory, size));
  PreparedSegment segment{.number = number,
                          .seed = segment_seed(salt, number),
                          .path = directory + "/" + segment_name(number),
                          .file = nullptr,
                          .capacity = capacity};
  PENSTOCK_TRY(segment.file, files.open(segment.path, os::OpenMode::create_new));
  if (auto filled = fill_new_segment(files, directory, segment); !filled.has_value()) {
    // Best effort: what is left behind is empty, and opening the log drops empty segments.
    static_cast<void>(files.unlink(segment.path));
    return std::unexpected(std::move(filled).error());
  }
  return segment;
}

Result<bool> has_room(os::FileSystem& files, const std::string& directory, std::uint64_t bytes) {
  PENSTOCK_TRY(const std::uint64_t free, files.free_bytes(directory));
  return free > kDiskBytesKept && free - kDiskBytesKept >= bytes;
}

Result<void> seal_segment(os::File& file, const Segment& segment) {
  const std::string index_bytes = segment.index->encode();
  const std::string trailer = encode_trailer(segment.seed, {.data_end = segment.data_end,
                                                            .index_bytes = index_bytes.size(),
                                                            .index_crc = crc32c(index_bytes),
                                                            .next_sequence = segment.next_sequence,
                                                            .next_position = segment.next_position});
  const std::array<std::string_view, 2> parts = {index_bytes, trailer};
  PENSTOCK_TRY_VOID(file.truncate(segment.data_end));
  PENSTOCK_TRY_VOID(file.pwritev(parts, segment.data_end));
  return file.sync();
}

Result<std::optional<Trailer>> read_trailer(os::File& file, std::uint32_t seed) {
  PENSTOCK_TRY(const std::uint64_t size, file.size());
  if (size < kDataStart + kTrailerBytes) return std::nullopt;
  std::string bytes(kTrailerBytes, '\0');
  PENSTOCK_TRY(const std::size_t got, file.pread(bytes, size - kTrailerBytes));
  PENSTOCK_TRY_VOID(refuse_newer(bytes, seed, "the index of a segment"));
  const auto trailer = got == kTrailerBytes ? decode_trailer(seed, bytes) : std::nullopt;
  if (!trailer.has_value() || trailer->data_end < kDataStart || trailer->data_end > size - kTrailerBytes ||
      trailer->index_bytes != size - kTrailerBytes - trailer->data_end) {
    return std::nullopt;
  }
  return trailer;
}

Result<std::optional<SealedTail>> read_sealed_tail(os::File& file, std::uint32_t seed) {
  PENSTOCK_TRY(const auto trailer, read_trailer(file, seed));
  if (!trailer.has_value()) return std::nullopt;
  std::string bytes(trailer->index_bytes, '\0');
  PENSTOCK_TRY(const std::size_t index_got, file.pread(bytes, trailer->data_end));
  if (index_got != bytes.size() || crc32c(bytes) != trailer->index_crc) return std::nullopt;
  auto index = SegmentIndex::decode(bytes);
  if (!index.has_value()) return std::nullopt;
  return SealedTail{.trailer = *trailer, .index = *std::move(index)};
}

}  // namespace penstock::framelog
