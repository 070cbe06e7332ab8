#pragma once
/// Hand-tuned CBOR for the operations that carry records; the gateway uses it in place of the generic codec.
/// Guarantee: what the decoders accept, they decode as codec::decode_cbor does; when there is any doubt (unknown or
///            repeated members, nulls, wrong types, missing members, too many records) they give false and the generic
///            codec speaks. What the encoders give is, byte for byte, what codec::encode_cbor gives.
///            (fast_cbor_test.cc holds both against the generic codec.)
/// Threads:   any; pure.

#include <string>
#include <string_view>

namespace penstock::services::kinesis {

bool fast_decode_cbor_put_record(std::string_view body, void* input);   ///< a new PutRecordInput
bool fast_decode_cbor_put_records(std::string_view body, void* input);  ///< a new PutRecordsInput
std::string fast_encode_cbor_put_records(const void* output);           ///< a PutRecordsOutput
std::string fast_encode_cbor_get_records(const void* output);           ///< a GetRecordsOutput

}  // namespace penstock::services::kinesis
