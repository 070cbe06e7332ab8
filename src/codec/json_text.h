#pragma once
/// Pieces of JSON text, appended to a string. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::codec {

/// With quotes. Escapes what RFC 8259 demands (quote, backslash, controls); everything else passes as UTF-8.
void append_json_string(std::string_view text, std::string& out);

/// The shortest text that reads back as the same double. Never NaN or infinity in JSON: those become null.
void append_json_double(double value, std::string& out);

}  // namespace penstock::codec
