#pragma once
/// Scalars as plain text: form values, path and query parameters, headers, XML. Pure.

#include <string>
#include <string_view>

#include "codec/codec.h"
#include "codec/shape.h"

namespace penstock::codec {

[[nodiscard]] bool is_scalar(Kind kind);
/// `slot` is the value itself (behind std::optional). Blobs are base64; numbers must be whole and in range.
Decoded<> decode_scalar_text(std::string_view text, Kind kind, void* slot);

enum class TimestampStyle : std::uint8_t { iso_8601, http_date };
void append_scalar_text(Kind kind, const void* value, TimestampStyle style, std::string& out);

/// Echoes of bad input in messages are cut here, so that an answer cannot grow with its request.
inline constexpr std::size_t kEchoBytesMax = 1024;
[[nodiscard]] std::unexpected<DecodeError> decode_fail(std::string message);

/// Strict base64; the message of a failure is AWS's.
Decoded<> decode_blob_text(std::string_view text, Blob& out);

}  // namespace penstock::codec
