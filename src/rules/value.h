#pragma once
/// What an IoT SQL expression evaluates to, and the conversions between types.
/// Source: AWS IoT Developer Guide, "Data types" (To Decimal, To Int, To Boolean, To String).
/// Lifetime: a value that is a View lies in a Document; the evaluation owns both. Values built by the statement share
///           their elements.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rules/document.h"
#include "rules/number.h"

namespace penstock::rules {

enum class SqlVersion : std::uint8_t { v2015_10_08, v2016_03_23 };

struct Undefined {};
struct Null {};
/// A payload that is not JSON, as `*` gives it.
struct Bytes {
  std::string_view bytes;
};
/// A value inside a JSON document, not converted yet.
struct View {
  const Document* document;
  NodeIndex node;
};

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
using Object = std::vector<Member>;

enum class Kind : std::uint8_t { undefined, null, boolean, number, string, array, object, bytes };

class Value {
 public:
  Value() = default;
  Value(Null null) : value_(null) {}
  Value(bool boolean) : value_(boolean) {}
  Value(Number number) : value_(number) {}
  Value(std::string string) : value_(std::move(string)) {}
  Value(View view) : value_(view) {}
  Value(Bytes bytes) : value_(bytes) {}
  Value(Array array) : value_(std::make_shared<const Array>(std::move(array))) {}
  Value(Object object) : value_(std::make_shared<const Object>(std::move(object))) {}
  Value(const char*) = delete;
  /// Undefined when there is none.
  static Value of(std::optional<Number> number, SqlVersion version);

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_undefined() const { return kind() == Kind::undefined; }

  // What is inside; each only for its kind.
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::optional<Number> number(SqlVersion version) const;  ///< nullopt beyond 1E999
  [[nodiscard]] std::string string() const;
  [[nodiscard]] std::string_view bytes() const { return std::get<Bytes>(value_).bytes; }
  [[nodiscard]] const View* view() const { return std::get_if<View>(&value_); }

  /// Array or object; Undefined when there is no such element.
  [[nodiscard]] Value element(std::uint64_t index) const;
  [[nodiscard]] Value member(std::string_view name) const;
  [[nodiscard]] std::vector<Value> elements() const;
  /// With the last of repeated keys only, in the order of their first appearance.
  [[nodiscard]] Object members() const;

 private:
  std::variant<Undefined, Null, bool, Number, std::string, Bytes, View, std::shared_ptr<const Array>,
               std::shared_ptr<const Object>>
      value_;
};

// ---- Conversions; nullopt is Undefined
[[nodiscard]] std::optional<Number> to_number(const Value& value, SqlVersion version);
[[nodiscard]] std::optional<bool> to_boolean(const Value& value);
[[nodiscard]] std::optional<std::string> to_string(const Value& value, SqlVersion version);
/// How "To Int" treats a fraction: numbers are rounded to the nearest, strings lose it. nullopt is Undefined.
[[nodiscard]] std::optional<Number> to_int(const Value& value, SqlVersion version);

/// IoT SQL's `=`: nullopt when a side is Undefined.
[[nodiscard]] std::optional<bool> equals(const Value& a, const Value& b, SqlVersion version);

/// Appends JSON. Undefined members and elements are left out. What lies in the payload goes out as it came in, except
/// that whole numbers written with a fraction or exponent become Ints in version 2016-03-23.
void append_json(const Value& value, SqlVersion version, std::string& out);
/// The same without white space between tokens (what To String of arrays and objects gives).
void append_compact_json(const Value& value, SqlVersion version, std::string& out);

}  // namespace penstock::rules
