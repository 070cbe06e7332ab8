#pragma once
/// What AWS's JSON services say of a value of a wrong type. Pure.
/// Source: their SerializationException messages, as clients see them; the CBOR protocol of the same services has the
///         same words.

#include <string_view>

#include "codec/codec.h"
#include "codec/shape.h"

namespace penstock::codec {

/// What was found instead.
enum class Found : std::uint8_t { string, yes, no, number, bytes, null, list, structure };

[[nodiscard]] std::unexpected<DecodeError> wrong_type(Found found, Kind wanted);

}  // namespace penstock::codec
