#pragma once
/// Records as documents of the catalog: JSON by the record's shape. A record's member `format` says which format it is
/// written in; what it is by default is the one that this server reads.
///
/// Threads: free functions.
/// Errors:  corrupt: not what to_document writes, or of another format.

#include <string>
#include <string_view>

#include "codec/codec.h"
#include "codec/shape.h"
#include "core/result.h"

namespace penstock::codec {

template <class Record>
[[nodiscard]] std::string to_document(const Record& record) {
  return encode_json(shape_of<Record>(), &record);
}

template <class Record>
[[nodiscard]] Result<Record> from_document(std::string_view bytes) {
  Record record;
  if (const auto decoded = decode_json(bytes, shape_of<Record>(), &record); !decoded.has_value()) {
    return fail(ErrorKind::corrupt, decoded.error().message);
  }
  if (record.format != Record().format) return fail(ErrorKind::corrupt, "document of an unknown format");
  return record;
}

}  // namespace penstock::codec
