#include "codec/wrong_type.h"

#include <fmt/format.h>

#include "codec/scalar_text.h"

namespace penstock::codec {
namespace {

std::string_view token_of(Found found) {
  switch (found) {
    case Found::string: return "STRING_VALUE";
    case Found::yes: return "TRUE_VALUE";
    case Found::no: return "FALSE_VALUE";
    case Found::number: return "NUMBER_VALUE";
    case Found::bytes: return "EMBEDDED_OBJECT_VALUE";
    case Found::null: return "NULL_VALUE";
    case Found::list: return "START_ARRAY";
    case Found::structure: return "START_OBJECT";
  }
  return "value";
}

}  // namespace

std::unexpected<DecodeError> wrong_type(Found found, Kind wanted) {
  if (found == Found::structure) return decode_fail("Start of structure or map found where not expected.");
  if (found == Found::list) return decode_fail("Start of list found where not expected");
  const std::string_view token = token_of(found);
  switch (wanted) {
    case Kind::list: return decode_fail("Expected list or null");
    case Kind::map: return decode_fail("Expected map or null");
    case Kind::structure: return decode_fail("Expected null");
    case Kind::timestamp: return decode_fail(fmt::format("{} can not be converted to milliseconds since epoch", token));
    case Kind::boolean:
      return decode_fail(fmt::format("{} can not be converted to {} Boolean", token,
                                     found == Found::string ? "an" : "a"));  // sic
    case Kind::int32: return decode_fail(fmt::format("{} can not be converted to an Integer", token));
    case Kind::int64: return decode_fail(fmt::format("{} can not be converted to a Long", token));
    case Kind::float64: return decode_fail(fmt::format("{} can not be converted to a Double", token));
    case Kind::blob: return decode_fail(fmt::format("{} can not be converted to a Blob", token));
    case Kind::string:
    case Kind::json: break;
  }
  return decode_fail(fmt::format("{} can not be converted to a String", token));
}

}  // namespace penstock::codec
