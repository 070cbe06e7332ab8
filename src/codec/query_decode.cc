#include <fmt/format.h>

#include <charconv>
#include <map>
#include <string>

#include "codec/codec.h"
#include "codec/path.h"
#include "codec/scalar_text.h"
#include "core/result.h"

/// Source: Smithy specification, "AWS query protocol", request serialization.
namespace penstock::codec {
namespace {

class FormReader {
 public:
  explicit FormReader(const FormValues& form) : form_(form) {}

  /// `prefix` is "" or ends with '.'.
  Decoded<> structure(const std::string& prefix, const Shape& shape, void* out, const Path* at) {
    for (const Field& field : shape.fields()) {
      const Path here{at, Path::Step::member, field.name};
      const std::string name = prefix + std::string(field.name);
      PENSTOCK_TRY(const bool present, value(name, *field.type, &field, field.of(out), &here));
      if (present || !field.rules.required || field.is_optional || missing_.size() >= kViolationsMax) continue;
      missing_.push_back(path_text(&here));
    }
    return {};
  }

  [[nodiscard]] const MissingMembers& missing() const { return missing_; }

 private:
  /// False when the form holds nothing of that name. `place` is the member itself; it is made present only when it is.
  Decoded<bool> value(const std::string& name, const Type& type, const Field* field, void* place, const Path* at) {
    if (is_scalar(type.kind)) {
      const auto found = form_.find(name);
      if (found == form_.end()) return false;
      PENSTOCK_TRY_VOID(decode_scalar_text(found->second, type.kind, type.emplace(place)));
      return true;
    }
    if (!holds_below(name + ".")) {
      if (type.kind == Kind::structure || form_.find(name) == form_.end()) return false;
      type.emplace(place);  // "Tags=" is a list (or map) that is there and empty
      return true;
    }
    if (++depth_ > kDepthMax) return decode_fail("the request is nested too deeply");
    Decoded<> read;
    switch (type.kind) {
      case Kind::structure: read = structure(name + ".", type.shape(), type.emplace(place), at); break;
      case Kind::list: read = list(name + ".", type, field, type.emplace(place), at); break;
      default: read = map(name + ".", type, type.emplace(place), at); break;
    }
    --depth_;
    if (!read.has_value()) return std::unexpected(std::move(read).error());
    return true;
  }

  [[nodiscard]] bool holds_below(const std::string& prefix) const {
    const auto found = form_.lower_bound(prefix);
    return found != form_.end() && found->first.starts_with(prefix);
  }

  /// The numbers N of "prefixN" and "prefixN.anything", ascending, each with its "prefixN".
  Decoded<std::map<std::uint32_t, std::string>> numbers(const std::string& prefix) const {
    std::map<std::uint32_t, std::string> out;
    for (auto it = form_.lower_bound(prefix); it != form_.end() && it->first.starts_with(prefix); ++it) {
      const std::string_view rest = std::string_view(it->first).substr(prefix.size());
      const std::string_view digits = rest.substr(0, rest.find('.'));
      std::uint32_t number = 0;
      const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (code != std::errc{} || end != digits.data() + digits.size() || digits.starts_with('0')) {
        return decode_fail(fmt::format("'{}' is not a list index", it->first.substr(0, kEchoBytesMax)));
      }
      out.try_emplace(number, prefix + std::string(digits));
    }
    return out;
  }

  Decoded<> list(const std::string& prefix, const Type& type, const Field* field, void* slot, const Path* at) {
    std::string below = prefix;  // flattened: Name.N
    for (const std::string_view member : {field != nullptr ? field->rules.list_member : "member", {"member"}}) {
      const std::string named = fmt::format("{}{}.", prefix, member);
      if (holds_below(named)) below = named;
    }
    PENSTOCK_TRY(const auto items, numbers(below));
    Path here{at, Path::Step::item, {}};
    for (const auto& [number, name] : items) {
      ++here.index_one;
      PENSTOCK_TRY(const bool present, value(name, *type.element, nullptr, type.append(slot), &here));
      if (!present) return decode_fail(fmt::format("'{}' has no value", name.substr(0, kEchoBytesMax)));
    }
    return {};
  }

  Decoded<> map(const std::string& prefix, const Type& type, void* slot, const Path* at) {
    const std::string named = prefix + "entry.";
    PENSTOCK_TRY(const auto entries, numbers(holds_below(named) ? named : prefix));
    for (const auto& [number, name] : entries) {
      const auto key = form_.find(name + ".key");
      if (key == form_.end()) return decode_fail(fmt::format("'{}' has no key", name.substr(0, kEchoBytesMax)));
      const Path here{at, Path::Step::entry, key->second};
      void* place = type.insert(slot, key->second);
      type.element->reset(place);
      PENSTOCK_TRY(const bool present, value(name + ".value", *type.element, nullptr, place, &here));
      if (!present) return decode_fail(fmt::format("'{}' has no value", name.substr(0, kEchoBytesMax)));
    }
    return {};
  }

  const FormValues& form_;
  MissingMembers missing_;
  int depth_ = 0;
};

}  // namespace

Decoded<> decode_query(const FormValues& form, const Shape& shape, void* out) {
  FormReader reader(form);
  PENSTOCK_TRY_VOID(reader.structure("", shape, out, nullptr));
  if (reader.missing().empty()) return {};
  return std::unexpected(DecodeError{validate_with_missing(shape, out, reader.missing()), true});
}

}  // namespace penstock::codec
