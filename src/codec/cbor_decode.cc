#include <bitset>
#include <cmath>
#include <limits>

#include "codec/cbor_reader.h"
#include "codec/codec.h"
#include "codec/json.h"
#include "codec/path.h"
#include "codec/scalar_text.h"
#include "codec/timestamp_text.h"
#include "codec/wrong_type.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

constexpr std::size_t kFieldsMax = 128;

Found found(const CborItem& item) {
  switch (item.kind) {
    case CborKind::unsigned_integer:
    case CborKind::negative_integer:
    case CborKind::floating: return Found::number;
    case CborKind::bytes:
    case CborKind::simple: return Found::bytes;
    case CborKind::text: return Found::string;
    case CborKind::array: return Found::list;
    case CborKind::map: return Found::structure;
    case CborKind::boolean: return item.argument == 1 ? Found::yes : Found::no;
    case CborKind::null: break;
  }
  return Found::null;
}

/// The whole part of a number; nullopt when it is none or does not fit. Fractions are cut off, as in JSON.
std::optional<std::int64_t> whole(const CborItem& item) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  switch (item.kind) {
    case CborKind::unsigned_integer:
      if (item.argument > kMax) return std::nullopt;
      return static_cast<std::int64_t>(item.argument);
    case CborKind::negative_integer:
      if (item.argument > kMax) return std::nullopt;
      return ~static_cast<std::int64_t>(item.argument);
    case CborKind::floating: {
      const double number = std::trunc(item.number);
      constexpr double kTwoTo63 = 9223372036854775808.0;
      if (!(number >= -kTwoTo63 && number < kTwoTo63)) return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    default: return std::nullopt;
  }
}

std::optional<double> number(const CborItem& item) {
  switch (item.kind) {
    case CborKind::unsigned_integer: return static_cast<double>(item.argument);
    case CborKind::negative_integer: return -1.0 - static_cast<double>(item.argument);
    case CborKind::floating: return std::isfinite(item.number) ? std::optional(item.number) : std::nullopt;
    default: return std::nullopt;
  }
}

class Decoder {
 public:
  Decoder(std::string_view bytes, MissingMembers& missing) : reader_(bytes), missing_(missing) {}

  Decoded<> document(const Shape& shape, void* out) {
    PENSTOCK_TRY(const CborItem root, reader_.next());
    PENSTOCK_TRY_VOID(structure(root, shape, out, nullptr, 0));
    if (!reader_.at_end()) return decode_fail("the body is not a CBOR document: bytes follow it");
    return {};
  }

 private:
  Decoded<> structure(CborItem item, const Shape& shape, void* out, const Path* at, int depth) {
    if (item.kind != CborKind::map) return wrong_type(found(item), Kind::structure);
    const auto fields = shape.fields();
    PENSTOCK_ASSERT(fields.size() <= kFieldsMax);
    std::bitset<kFieldsMax> seen;
    while (true) {
      PENSTOCK_TRY(const bool has_more, reader_.more(item));
      if (!has_more) break;
      PENSTOCK_TRY(const CborItem key, reader_.next());
      if (key.kind != CborKind::text) return decode_fail("a key of a map is not text");
      const Field* field = shape.find(key.text);
      PENSTOCK_TRY(const CborItem member, reader_.next());
      if (field == nullptr) {
        PENSTOCK_TRY_VOID(reader_.skip(member, depth + 1));
        continue;
      }
      const auto index = static_cast<std::size_t>(field - fields.data());
      void* place = field->of(out);
      if (seen.test(index)) field->type->reset(place);  // of repeated keys the last wins
      seen.set(index, member.kind != CborKind::null);
      if (member.kind == CborKind::null) continue;
      const Path here{at, Path::Step::member, field->name};
      PENSTOCK_TRY_VOID(value(member, *field->type, field->type->emplace(place), &here, depth + 1));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].rules.required || fields[i].is_optional || seen.test(i)) continue;
      const Path here{at, Path::Step::member, fields[i].name};
      if (missing_.size() < kViolationsMax) missing_.push_back(path_text(&here));
    }
    return {};
  }

  Decoded<> value(const CborItem& item, const Type& type, void* slot, const Path* at, int depth) {
    if (depth >= kDepthMax && !is_scalar(type.kind)) return decode_fail("the body is nested too deeply");
    switch (type.kind) {
      case Kind::boolean: return boolean(item, slot);
      case Kind::int32: return integer<std::int32_t>(item, type.kind, slot);
      case Kind::int64: return integer<std::int64_t>(item, type.kind, slot);
      case Kind::float64: {
        const auto read = number(item);
        if (!read) return wrong_type(found(item), type.kind);
        *static_cast<double*>(slot) = *read;
        return {};
      }
      case Kind::string:
        if (item.kind != CborKind::text) return wrong_type(found(item), type.kind);
        *static_cast<std::string*>(slot) = item.text;
        return {};
      case Kind::blob:
        if (item.kind != CborKind::bytes) return wrong_type(found(item), type.kind);
        static_cast<Blob*>(slot)->bytes = item.text;
        return {};
      case Kind::timestamp: return timestamp(item, slot);
      case Kind::json:
        if (item.kind != CborKind::text) return wrong_type(found(item), type.kind);
        if (!parse_json(item.text)) return decode_fail("a free document is not JSON text");
        static_cast<JsonText*>(slot)->text = item.text;
        return {};
      case Kind::structure: return structure(item, type.shape(), slot, at, depth);
      case Kind::list: return list(item, type, slot, at, depth);
      case Kind::map: return map(item, type, slot, at, depth);
    }
    return wrong_type(found(item), type.kind);
  }

  static Decoded<> boolean(const CborItem& item, void* slot) {
    if (item.kind == CborKind::boolean) {
      *static_cast<bool*>(slot) = item.argument == 1;
      return {};
    }
    if (item.kind == CborKind::text && decode_scalar_text(item.text, Kind::boolean, slot)) return {};
    return wrong_type(found(item), Kind::boolean);
  }

  template <class Integer>
  static Decoded<> integer(const CborItem& item, Kind kind, void* slot) {
    using Limits = std::numeric_limits<Integer>;
    const auto read = whole(item);
    if (!read || *read < Limits::min() || *read > Limits::max()) return wrong_type(found(item), kind);
    *static_cast<Integer*>(slot) = static_cast<Integer>(*read);
    return {};
  }

  /// Milliseconds, with tag 1 or without any.
  static Decoded<> timestamp(const CborItem& item, void* slot) {
    const auto milliseconds = number(item);
    if (!milliseconds || item.tag.value_or(kCborTagEpoch) != kCborTagEpoch) {
      return wrong_type(found(item), Kind::timestamp);
    }
    const auto time = from_epoch_seconds(*milliseconds / 1000);
    if (!time) return wrong_type(found(item), Kind::timestamp);
    *static_cast<Timestamp*>(slot) = *time;
    return {};
  }

  Decoded<> count_element() {
    if (++elements_ > kElementsMax) return decode_fail("the body holds too many elements");
    return {};
  }

  Decoded<> list(CborItem item, const Type& type, void* slot, const Path* at, int depth) {
    if (item.kind != CborKind::array) return wrong_type(found(item), Kind::list);
    Path here{at, Path::Step::item, {}};
    while (true) {
      PENSTOCK_TRY(const bool has_more, reader_.more(item));
      if (!has_more) return {};
      ++here.index_one;
      PENSTOCK_TRY_VOID(count_element());
      PENSTOCK_TRY(const CborItem element, reader_.next());
      if (element.kind == CborKind::null) return decode_fail("null is not allowed inside a list");
      PENSTOCK_TRY_VOID(value(element, *type.element, type.element->emplace(type.append(slot)), &here, depth + 1));
    }
  }

  Decoded<> map(CborItem item, const Type& type, void* slot, const Path* at, int depth) {
    if (item.kind != CborKind::map) return wrong_type(found(item), Kind::map);
    while (true) {
      PENSTOCK_TRY(const bool has_more, reader_.more(item));
      if (!has_more) return {};
      PENSTOCK_TRY_VOID(count_element());
      PENSTOCK_TRY(const CborItem key, reader_.next());
      if (key.kind != CborKind::text) return decode_fail("a key of a map is not text");
      PENSTOCK_TRY(const CborItem entry, reader_.next());
      if (entry.kind == CborKind::null) return decode_fail("null is not allowed inside a map");
      const Path here{at, Path::Step::entry, key.text};
      void* place = type.insert(slot, key.text);
      type.element->reset(place);  // of repeated keys the last wins
      PENSTOCK_TRY_VOID(value(entry, *type.element, type.element->emplace(place), &here, depth + 1));
    }
  }

  CborReader reader_;
  MissingMembers& missing_;
  std::size_t elements_ = 0;
};

}  // namespace

Decoded<> decode_cbor(std::string_view bytes, const Shape& shape, void* out) {
  MissingMembers missing;
  PENSTOCK_TRY_VOID(Decoder(bytes, missing).document(shape, out));
  if (missing.empty()) return {};
  return std::unexpected(DecodeError{validate_with_missing(shape, out, missing), true});
}

}  // namespace penstock::codec
