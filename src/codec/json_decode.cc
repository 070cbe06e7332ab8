#include "codec/json_decode.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <bitset>
#include <cmath>
#include <string>

#include "codec/path.h"
#include "codec/scalar_text.h"
#include "codec/timestamp_text.h"
#include "codec/utf8.h"
#include "codec/wrong_type.h"
#include "core/result.h"

/// simdjson's DOM, not On-Demand: it picks its kernel at run time, and it checks the whole document, also the members
/// that we skip.
namespace penstock::codec {
namespace {

namespace dom = simdjson::dom;

/// A parser keeps its buffers for the next document; beyond this it gives them back.
constexpr std::size_t kKeptCapacityMax = std::size_t{1} << 20U;
constexpr std::size_t kFieldsMax = 128;

Found found(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING: return Found::string;
    case dom::element_type::BOOL: return bool(value) ? Found::yes : Found::no;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE: return Found::number;
    case dom::element_type::ARRAY: return Found::list;
    case dom::element_type::OBJECT: return Found::structure;
    case dom::element_type::NULL_VALUE: break;
  }
  return Found::null;
}

std::unexpected<DecodeError> wrong_type(const dom::element& value, Kind wanted) {
  return codec::wrong_type(found(value), wanted);
}

class JsonReader {
 public:
  /// Escapes can name lone surrogates, which are no characters; only then must decoded strings be looked at again.
  JsonReader(bool check_strings, MissingMembers& missing) : check_strings_(check_strings), missing_(missing) {}

  /// `only` skips the members of other places.
  Decoded<> structure(const dom::element& value, const Shape& shape, void* out, const Path* at,
                      std::optional<Place> only = std::nullopt) {
    dom::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS) return wrong_type(value, Kind::structure);
    const auto fields = shape.fields();
    PENSTOCK_ASSERT(fields.size() <= kFieldsMax);
    std::bitset<kFieldsMax> seen;
    for (const auto& [key, member] : members) {
      const Field* field = shape.find(key);
      if (field == nullptr || (only && field->rules.place != *only)) continue;
      const auto index = static_cast<std::size_t>(field - fields.data());
      void* place = field->of(out);
      if (member.is_null()) {
        if (seen.test(index)) field->type->reset(place);
        seen.reset(index);
        continue;
      }
      if (seen.test(index)) field->type->reset(place);
      seen.set(index);
      const Path here{at, Path::Step::member, field->name};
      PENSTOCK_TRY_VOID(this->value(member, *field->type, field->type->emplace(place), &here));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].rules.required || fields[i].is_optional || seen.test(i)) continue;
      if (only && fields[i].rules.place != *only) continue;
      const Path here{at, Path::Step::member, fields[i].name};
      if (missing_.size() < kViolationsMax) missing_.push_back(path_text(&here));
    }
    return {};
  }

  Decoded<> value(const dom::element& value, const Type& type, void* slot, const Path* at) {
    switch (type.kind) {
      case Kind::boolean: return boolean(value, slot);
      case Kind::int32: return integer<std::int32_t>(value, type.kind, slot);
      case Kind::int64: return integer<std::int64_t>(value, type.kind, slot);
      case Kind::float64: {
        double number = 0;
        if (value.get_double().get(number) != simdjson::SUCCESS) return wrong_type(value, type.kind);
        *static_cast<double*>(slot) = number;
        return {};
      }
      case Kind::string: {
        PENSTOCK_TRY(const std::string_view text, string(value, type.kind));
        *static_cast<std::string*>(slot) = text;
        return {};
      }
      case Kind::blob: {
        PENSTOCK_TRY(const std::string_view text, string(value, type.kind));
        return decode_blob_text(text, *static_cast<Blob*>(slot));
      }
      case Kind::timestamp: return timestamp(value, slot);
      case Kind::json: {
        std::string text = simdjson::minify(value);
        if (check_strings_ && !is_utf8(text)) return bad_surrogate();
        static_cast<JsonText*>(slot)->text = std::move(text);
        return {};
      }
      case Kind::structure: return structure(value, type.shape(), slot, at);
      case Kind::list: return list(value, type, slot, at);
      case Kind::map: return map(value, type, slot, at);
    }
    return wrong_type(value, type.kind);
  }

 private:
  Decoded<std::string_view> string(const dom::element& value, Kind wanted) const {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return wrong_type(value, wanted);
    if (check_strings_ && !is_utf8(text)) return bad_surrogate();
    return text;
  }

  static std::unexpected<DecodeError> bad_surrogate() {
    return decode_fail("a string holds an escape that is no Unicode character");
  }

  static Decoded<> boolean(const dom::element& value, void* slot) {
    bool flag = false;
    if (value.get_bool().get(flag) == simdjson::SUCCESS) {
      *static_cast<bool*>(slot) = flag;
      return {};
    }
    std::string_view text;  // AWS's services take these words too
    if (value.get_string().get(text) == simdjson::SUCCESS &&
        decode_scalar_text(text, Kind::boolean, slot).has_value()) {
      return {};
    }
    return wrong_type(value, Kind::boolean);
  }

  /// Fractions are cut off, as AWS's services do ("TruncatingBigNumber"); what does not fit is refused.
  template <class Integer>
  static Decoded<> integer(const dom::element& value, Kind kind, void* slot) {
    using Limits = std::numeric_limits<Integer>;
    std::int64_t whole = 0;
    if (value.type() == dom::element_type::DOUBLE) {
      const double number = std::trunc(double(value));
      // -2^63 and 2^63 are exact doubles; so are the bounds of 32 bits.
      if (!(number >= static_cast<double>(Limits::min()) && number < -static_cast<double>(Limits::min()))) {
        return wrong_type(value, kind);
      }
      whole = static_cast<std::int64_t>(number);
    } else if (value.get_int64().get(whole) != simdjson::SUCCESS) {
      return wrong_type(value, kind);
    }
    if (whole < Limits::min() || whole > Limits::max()) return wrong_type(value, kind);
    *static_cast<Integer*>(slot) = static_cast<Integer>(whole);
    return {};
  }

  static Decoded<> timestamp(const dom::element& value, void* slot) {
    double seconds = 0;
    if (value.get_double().get(seconds) != simdjson::SUCCESS) return wrong_type(value, Kind::timestamp);
    const auto time = from_epoch_seconds(seconds);
    if (!time) return wrong_type(value, Kind::timestamp);
    *static_cast<Timestamp*>(slot) = *time;
    return {};
  }

  Decoded<> list(const dom::element& value, const Type& type, void* slot, const Path* at) {
    dom::array items;
    if (value.get_array().get(items) != simdjson::SUCCESS) return wrong_type(value, Kind::list);
    Path here{at, Path::Step::item, {}};
    for (const dom::element item : items) {
      ++here.index_one;
      PENSTOCK_TRY_VOID(count_element());
      if (item.is_null()) return decode_fail("null is not allowed inside a list");
      PENSTOCK_TRY_VOID(this->value(item, *type.element, type.element->emplace(type.append(slot)), &here));
    }
    return {};
  }

  Decoded<> map(const dom::element& value, const Type& type, void* slot, const Path* at) {
    dom::object entries;
    if (value.get_object().get(entries) != simdjson::SUCCESS) return wrong_type(value, Kind::map);
    for (const auto& [key, entry] : entries) {
      PENSTOCK_TRY_VOID(count_element());
      if (check_strings_ && !is_utf8(key)) return bad_surrogate();
      if (entry.is_null()) return decode_fail("null is not allowed inside a map");
      const Path here{at, Path::Step::entry, key};
      void* place = type.insert(slot, key);
      type.element->reset(place);  // of repeated keys the last wins
      PENSTOCK_TRY_VOID(this->value(entry, *type.element, type.element->emplace(place), &here));
    }
    return {};
  }

  Decoded<> count_element() {
    if (++elements_ > kElementsMax) return decode_fail("the body holds too many elements");
    return {};
  }

  bool check_strings_;
  MissingMembers& missing_;
  std::size_t elements_ = 0;
};

std::unexpected<DecodeError> not_json(simdjson::error_code code) {
  return decode_fail(fmt::format("the body is not a JSON document: {}", simdjson::error_message(code)));
}

/// Parses, and calls `read(root, reader)` while the document lives.
template <class Read>
Decoded<> with_document(std::string_view text, MissingMembers& missing, Read read) {
  thread_local dom::parser parser;
  if (parser.max_depth() != kDepthMax + 1 || parser.capacity() < text.size()) {
    // simdjson refuses when the depth reaches its bound, and does not count an empty innermost array or object.
    if (const auto code = parser.allocate(std::max<std::size_t>(text.size(), 4096), kDepthMax + 1)) {
      return not_json(code);
    }
  }
  dom::element root;
  const char* const bytes = text.empty() ? "" : text.data();  // simdjson copies, and from nullptr it may not
  const auto code = parser.parse(bytes, text.size(), true).get(root);
  Decoded<> result;
  if (code != simdjson::SUCCESS) {
    result = not_json(code);
  } else {
    JsonReader reader(text.find("\\u") != std::string_view::npos, missing);
    result = read(root, reader);
  }
  if (parser.capacity() > kKeptCapacityMax) parser = dom::parser();
  return result;
}

}  // namespace

Decoded<> decode_json_members(std::string_view text, const Shape& shape, std::optional<Place> only, void* out,
                              MissingMembers& missing) {
  return with_document(text, missing, [&](const dom::element& root, JsonReader& reader) {
    return reader.structure(root, shape, out, nullptr, only);
  });
}

Decoded<> decode_json_value(std::string_view text, const Type& type, void* slot, const Path* at,
                            MissingMembers& missing) {
  return with_document(
      text, missing, [&](const dom::element& root, JsonReader& reader) { return reader.value(root, type, slot, at); });
}

Decoded<> decode_json(std::string_view text, const Shape& shape, void* out) {
  MissingMembers missing;
  PENSTOCK_TRY_VOID(decode_json_members(text, shape, std::nullopt, out, missing));
  if (missing.empty()) return {};
  return std::unexpected(DecodeError{validate_with_missing(shape, out, missing), true});
}

}  // namespace penstock::codec
