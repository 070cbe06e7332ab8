#pragma once
/// The JSON reader's parts, for REST-JSON, which carries only some members in the body. Pure.

#include <optional>
#include <string_view>

#include "codec/codec.h"
#include "codec/path.h"

namespace penstock::codec {

/// An object's members of one place into a struct. Required plain members that are absent are added to `missing`.
Decoded<> decode_json_members(std::string_view text, const Shape& shape, std::optional<Place> only, void* out,
                              MissingMembers& missing);

/// A whole document into one value (`slot` as Type::emplace gave it).
Decoded<> decode_json_value(std::string_view text, const Type& type, void* slot, const Path* at,
                            MissingMembers& missing);

}  // namespace penstock::codec
