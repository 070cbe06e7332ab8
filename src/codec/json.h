#pragma once
/// The JSON DOM door: free documents (policies, MQTT payloads, rules) as boost::json values. Pure.
/// Guarantee: strict RFC 8259: valid UTF-8, nothing after the value, no NaN or infinity (nor numbers that overflow to
///            one), no comments. Of repeated keys the last wins.
/// Errors:    invalid, with a message that holds no input text.
/// Bounds:    nesting depth_max (arrays and objects); 32 levels fit any AWS policy document.
/// Include this only in .cc files: it brings Boost.JSON.

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "codec/codec.h"
#include "core/result.h"

namespace penstock::codec {

[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text, int depth_max = kDepthMax);

/// Compact text. Integers stay integers; doubles are the shortest text that reads back the same, without exponent
/// where that stays short ("0.1", "21.5", "1e+300").
/// Call it qualified, codec::serialize(...): argument-dependent lookup also finds boost::json::serialize.
[[nodiscard]] std::string serialize(const boost::json::value& value);

}  // namespace penstock::codec
