#pragma once
/// The JSON writer's parts, for REST-JSON, which carries only some members in the body. Pure.

#include <optional>
#include <string>

#include "codec/shape.h"

namespace penstock::codec {

/// An object of the members that are present, in the shape's order; `only` keeps those of one place.
void append_json_members(const Shape& shape, const void* value, std::optional<Place> only, std::string& out);

/// `value` as Type::get gave it; nullptr is written as null.
void append_json_value(const Type& type, const void* value, std::string& out);

}  // namespace penstock::codec
