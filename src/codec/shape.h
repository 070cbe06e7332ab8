#pragma once
/// One description per API structure. A request or response is a plain struct; beside it stands
///
///     struct PutRecordInput { std::optional<std::string> stream_name; Blob data; std::string partition_key; };
///     const Shape& describe(const PutRecordInput*);            // in the header, found by ADL
///
///     const Shape& describe(const PutRecordInput*) {           // in the .cc
///       static const Shape shape = ShapeBuilder<PutRecordInput>("PutRecordInput")
///           .field("StreamName", &PutRecordInput::stream_name, {.length = {1, 128}, .pattern = "[a-zA-Z0-9_.-]+"})
///           .field("Data", &PutRecordInput::data, {.required = true, .length = {0, 10485760}})
///           .field("PartitionKey", &PutRecordInput::partition_key, {.required = true, .length = {1, 256}})
///           .build();
///       return shape;
///     }
///
/// From it come decoding, encoding (JSON 1.1, Query/XML, REST-JSON; CBOR later) and AWS's validation messages. The
/// codecs are not templates: they walk the type-erased description, so that a shape costs little to compile.
/// Member types: bool, int32_t, int64_t, double, std::string, Blob, Timestamp, JsonText, described structs,
///               std::vector<T>, std::map<std::string, T>, and std::optional of any of them.
/// A member that may be absent is std::optional (absent is not written). `required` members may be plain.

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/clock.h"

namespace penstock::codec {

/// Bytes that JSON carries as base64 and CBOR as a byte string.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

/// A JSON value kept as text, for members that AWS models as free documents.
struct JsonText {
  std::string text;
  bool operator==(const JsonText&) const = default;
};

enum class Kind : std::uint8_t { boolean, int32, int64, float64, string, blob, timestamp, json, structure, list, map };

class Shape;

/// How the codecs touch a C++ type without knowing it. For std::optional, get gives nullptr when it is empty.
struct Type {
  Kind kind;
  const Type* element = nullptr;                            ///< of a list or map
  const Shape& (*shape)() = nullptr;                        ///< of a structure
  const void* (*get)(const void*) = nullptr;                ///< the value inside (through std::optional)
  void* (*emplace)(void*) = nullptr;                        ///< makes it present and gives the value inside
  std::size_t (*size)(const void*) = nullptr;               ///< list, map
  const void* (*item)(const void*, std::size_t) = nullptr;  ///< list
  void* (*append)(void*) = nullptr;                         ///< list: a new last element
  void* (*insert)(void*, std::string_view key) = nullptr;   ///< map: the element of that key
  void (*each)(const void*, const std::function<void(std::string_view key, const void* value)>&) = nullptr;  ///< map
  void (*reset)(void*) = nullptr;  ///< back to what a new struct holds (absent, empty, zero)
};

struct Bounds {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  [[nodiscard]] bool has_min() const { return min != std::numeric_limits<std::int64_t>::min(); }
  [[nodiscard]] bool has_max() const { return max != std::numeric_limits<std::int64_t>::max(); }
};

/// Where REST-JSON carries a member.
enum class Place : std::uint8_t {
  body,     ///< a member of the JSON body
  payload,  ///< this member is the whole body: a structure or JsonText as JSON, a Blob or string as it is
  path,     ///< {location} in the path
  query,    ///< ?location=
  header,   ///< header named `location`
};

struct Rules {
  bool required = false;
  Bounds length{};                         ///< string, blob: characters or bytes; list, map: elements
  Bounds range{};                          ///< numbers
  std::string_view pattern{};              ///< RE2 syntax, matches the whole string; printed in messages as written
  std::vector<std::string_view> one_of{};  ///< enum values, in AWS's order
  /// The same for each element of a list (and for each value of a map; keys have their own).
  Bounds element_length{};
  std::string_view element_pattern{};
  std::vector<std::string_view> element_one_of{};
  Bounds key_length{};
  std::string_view key_pattern{};
  Place place = Place::body;
  std::string_view location{};              ///< name in path, query or header; default: the field's name
  std::string_view list_member = "member";  ///< Query/XML element name of a list
  bool sensitive = false;                   ///< never printed in messages or logs
};

struct Field {
  std::string_view name;
  const Type* type;
  bool is_optional;
  Rules rules;
  void* (*member)(void*, const Field&);
  std::array<std::byte, sizeof(std::intptr_t) * 2> pointer;  ///< the pointer to member, as bytes
  [[nodiscard]] void* of(void* object) const { return member(object, *this); }
  [[nodiscard]] const void* of(const void* object) const { return member(const_cast<void*>(object), *this); }
};

class Shape {
 public:
  Shape(std::string_view name, std::vector<Field> fields) : name_(name), fields_(std::move(fields)) {}
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::span<const Field> fields() const { return fields_; }
  [[nodiscard]] const Field* find(std::string_view field_name) const {
    for (const Field& field : fields_) {
      if (field.name == field_name) return &field;
    }
    return nullptr;
  }

 private:
  std::string_view name_;
  std::vector<Field> fields_;
};

template <class T>
const Shape& shape_of() {
  return describe(static_cast<const T*>(nullptr));
}

namespace detail {

template <class T>
struct TypeMaker {  // a described structure
  static Type make() { return {.kind = Kind::structure, .shape = &shape_of<T>}; }
};
#define PENSTOCK_SCALAR_TYPE(cpp_type, kind_name)            \
  template <>                                                \
  struct TypeMaker<cpp_type> {                               \
    static Type make() { return {.kind = Kind::kind_name}; } \
  }
PENSTOCK_SCALAR_TYPE(bool, boolean);
PENSTOCK_SCALAR_TYPE(std::int32_t, int32);
PENSTOCK_SCALAR_TYPE(std::int64_t, int64);
PENSTOCK_SCALAR_TYPE(double, float64);
PENSTOCK_SCALAR_TYPE(std::string, string);
PENSTOCK_SCALAR_TYPE(Blob, blob);
PENSTOCK_SCALAR_TYPE(Timestamp, timestamp);
PENSTOCK_SCALAR_TYPE(JsonText, json);
#undef PENSTOCK_SCALAR_TYPE

}  // namespace detail

template <class T>
const Type& type_of() {
  static const Type type = [] {
    Type made = detail::TypeMaker<T>::make();
    if (!made.get) made.get = [](const void* value) { return value; };
    if (!made.emplace) made.emplace = [](void* value) { return value; };
    made.reset = [](void* value) { *static_cast<T*>(value) = T{}; };
    return made;
  }();
  return type;
}

namespace detail {

template <class T>
struct TypeMaker<std::vector<T>> {
  static Type make() {
    return {.kind = Kind::list,
            .element = &type_of<T>(),
            .size = [](const void* list) { return static_cast<const std::vector<T>*>(list)->size(); },
            .item = [](const void* list, std::size_t i) -> const void* {
              return &(*static_cast<const std::vector<T>*>(list))[i];
            },
            .append = [](void* list) -> void* { return &static_cast<std::vector<T>*>(list)->emplace_back(); }};
  }
};

template <class T>
struct TypeMaker<std::map<std::string, T>> {
  using Map = std::map<std::string, T>;
  static Type make() {
    return {
        .kind = Kind::map,
        .element = &type_of<T>(),
        .size = [](const void* map) { return static_cast<const Map*>(map)->size(); },
        .insert = [](void* map, std::string_view key) -> void* { return &(*static_cast<Map*>(map))[std::string(key)]; },
        .each =
            [](const void* map, const std::function<void(std::string_view, const void*)>& visit) {
              for (const auto& [key, value] : *static_cast<const Map*>(map)) visit(key, &value);
            }};
  }
};

template <class T>
struct TypeMaker<std::optional<T>> {
  static Type make() {
    Type made = type_of<T>();
    made.get = [](const void* value) -> const void* {
      const auto* optional = static_cast<const std::optional<T>*>(value);
      return optional->has_value() ? &**optional : nullptr;
    };
    made.emplace = [](void* value) -> void* {
      auto* optional = static_cast<std::optional<T>*>(value);
      if (!optional->has_value()) optional->emplace();
      return &**optional;
    };
    return made;
  }
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

}  // namespace detail

template <class Struct>
class ShapeBuilder {
 public:
  explicit ShapeBuilder(std::string_view name) : name_(name) {}

  template <class Member>
  ShapeBuilder&& field(std::string_view name, Member Struct::* member, Rules rules = {}) && {
    add(name, member, std::move(rules));
    return std::move(*this);
  }
  /// For builders that stand in a loop.
  template <class Member>
  ShapeBuilder& field(std::string_view name, Member Struct::* member, Rules rules = {}) & {
    add(name, member, std::move(rules));
    return *this;
  }
  [[nodiscard]] Shape build() && { return Shape(name_, std::move(fields_)); }

 private:
  template <class Member>
  void add(std::string_view name, Member Struct::* member, Rules rules) {
    using Pointer = Member Struct::*;
    static_assert(sizeof(Pointer) <= sizeof(std::intptr_t) * 2);
    Field field{.name = name,
                .type = &type_of<Member>(),
                .is_optional = detail::kIsOptional<Member>,
                .rules = std::move(rules),
                .member = [](void* object, const Field& self) -> void* {
                  Pointer pointer;
                  __builtin_memcpy(&pointer, self.pointer.data(), sizeof pointer);
                  return &(static_cast<Struct*>(object)->*pointer);
                },
                .pointer = {}};
    __builtin_memcpy(field.pointer.data(), &member, sizeof member);
    fields_.push_back(std::move(field));
  }

  std::string_view name_;
  std::vector<Field> fields_;
};

/// An input or output without members.
struct Empty {};
const Shape& describe(const Empty*);

}  // namespace penstock::codec
