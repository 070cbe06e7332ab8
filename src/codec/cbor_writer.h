#pragma once
/// Pieces of CBOR, appended to a string: definite lengths and the shortest heads. Pure.
/// Source: RFC 8949, section 4.1 ("Preferred Serialization"); doubles keep their eight bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace penstock::codec {

void append_cbor_map(std::size_t pairs, std::string& out);
void append_cbor_array(std::size_t items, std::string& out);
void append_cbor_text(std::string_view text, std::string& out);
void append_cbor_bytes(std::string_view bytes, std::string& out);
void append_cbor_integer(std::int64_t value, std::string& out);
void append_cbor_bool(bool value, std::string& out);
void append_cbor_double(double value, std::string& out);
void append_cbor_null(std::string& out);
/// Tag 1 and milliseconds, where RFC 8949 would have seconds: so do the Kinesis clients and service of AWS
/// (aws-sdk-java, SdkCborGenerator: writeTag(1), writeNumber(date.getTime())).
void append_cbor_timestamp(Timestamp time, std::string& out);

}  // namespace penstock::codec
