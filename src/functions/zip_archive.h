#pragma once
/// Reads the zips that users upload, which may be hostile. Pure but for what the sink does.
///
/// Refused: names that are absolute or lead out ("..", a drive), repeated names, a file where a folder must be, links
/// and
///          devices, encrypted entries, more than `entries_max` entries, more than `unpacked_bytes_max` bytes, whether
///          the archive admits it or not.
/// Errors:  invalid; the message is Lambda's where it has one. What the sink gives is passed on.
/// Source:  Lambda Developer Guide, "Lambda quotas" (250 MB unzipped) and ".zip file archives".

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::functions {

/// Of a function and its layers together, and of a layer alone.
inline constexpr std::uint64_t kUnpackedBytesMax = 262'144'000;
inline constexpr std::size_t kZipEntriesMax = 100'000;
inline constexpr std::size_t kZipNameBytesMax = 1024;
inline constexpr std::size_t kZipDepthMax = 64;

struct ZipLimits {
  std::uint64_t unpacked_bytes_max = kUnpackedBytesMax;
  std::size_t entries_max = kZipEntriesMax;
};

/// Takes what an archive holds, in its order. Names are relative, their parts neither empty nor "." nor "..".
class ZipSink {
 public:
  virtual ~ZipSink() = default;
  virtual Result<void> folder(std::string_view name) = 0;
  virtual Result<void> begin_file(std::string_view name, bool executable) = 0;
  virtual Result<void> piece(std::string_view bytes) = 0;
  virtual Result<void> end_file() = 0;
};

/// Gives the bytes of all files together. The whole directory is checked before the sink is called at all.
[[nodiscard]] Result<std::uint64_t> unpack_zip(std::string_view zip, const ZipLimits& limits, ZipSink& sink);

}  // namespace penstock::functions
