#include "logs/filter_json.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "codec/json.h"
#include "logs/filter_condition.h"

namespace penstock::logs::filter {
namespace {

namespace json = boost::json;

struct Any {};  // [*]
using Step = std::variant<std::string, std::size_t, Any>;

enum class Test : std::uint8_t { compare, is_null, is_true, is_false, not_exists };

struct Condition {
  std::vector<Step> path;
  Test test = Test::compare;
  Comparison comparison;
};

bool test_value(const Condition& condition, const json::value& value) {
  switch (condition.test) {
    case Test::is_null: return value.is_null();
    case Test::is_true: return value.is_bool() && value.get_bool();
    case Test::is_false: return value.is_bool() && !value.get_bool();
    case Test::not_exists: return false;
    case Test::compare: break;
  }
  if (value.is_string()) {
    const json::string& text = value.get_string();
    return holds(condition.comparison, std::string_view(text.data(), text.size()));
  }
  if (value.is_number()) return holds(condition.comparison, value.to_number<double>());
  return false;
}

/// Whether any value that the rest of the path leads to passes; `found` tells whether there was one.
bool test_path(const Condition& condition, const json::value& value, std::size_t step, bool& found) {
  if (step == condition.path.size()) {
    found = true;
    return test_value(condition, value);
  }
  const Step& next = condition.path[step];
  if (const auto* name = std::get_if<std::string>(&next)) {
    if (!value.is_object()) return false;
    const json::value* member = value.get_object().if_contains(*name);
    return member != nullptr && test_path(condition, *member, step + 1, found);
  }
  if (!value.is_array()) return false;
  const json::array& array = value.get_array();
  if (const auto* index = std::get_if<std::size_t>(&next)) {
    return *index < array.size() && test_path(condition, array[*index], step + 1, found);
  }
  bool any = false;
  for (const json::value& element : array) any = test_path(condition, element, step + 1, found) || any;
  return any;
}

class JsonPattern final : public FilterPattern {
 public:
  JsonPattern(Node root, std::vector<Condition> conditions)
      : root_(std::move(root)), conditions_(std::move(conditions)) {}

  [[nodiscard]] bool matches(std::string_view message) const override {
    const auto parsed = codec::parse_json(message);
    if (!parsed || !parsed->is_object()) return false;
    return evaluate(root_, [&](std::size_t leaf) {
      bool found = false;
      const bool passes = test_path(conditions_[leaf], *parsed, 0, found);
      return conditions_[leaf].test == Test::not_exists ? !found : passes;
    });
  }

 private:
  Node root_;
  std::vector<Condition> conditions_;
};

class JsonReader final : public ExpressionReader {
 public:
  explicit JsonReader(Cursor& cursor) : ExpressionReader(cursor) {}
  std::vector<Condition> conditions;

 protected:
  Result<std::size_t> take_leaf(Cursor& cursor) override {
    Condition condition;
    PENSTOCK_TRY(condition.path, take_path(cursor));
    cursor.skip_blanks();
    if (const auto op = take_op(cursor)) {
      PENSTOCK_TRY(condition.comparison, take_comparison(cursor, *op, "&|)}", regex_count_));
    } else {
      PENSTOCK_TRY(condition.test, take_test(cursor));
    }
    conditions.push_back(std::move(condition));
    return conditions.size() - 1;
  }

 private:
  static Result<Test> take_test(Cursor& cursor) {
    const std::string word = cursor.take_word("&|)}");
    cursor.skip_blanks();
    const std::string second = cursor.take_word("&|)}");
    if (word == "IS" && second == "NULL") return Test::is_null;
    if (word == "IS" && second == "TRUE") return Test::is_true;
    if (word == "IS" && second == "FALSE") return Test::is_false;
    if (word == "NOT" && second == "EXISTS") return Test::not_exists;
    return invalid("a selector is followed by neither an operator, IS NULL, IS TRUE, IS FALSE nor NOT EXISTS");
  }

  static Result<std::vector<Step>> take_path(Cursor& cursor) {
    if (!cursor.take("$")) return invalid("a selector begins with $");
    std::vector<Step> path;
    while (true) {
      if (cursor.take("[")) {
        PENSTOCK_TRY(Step step, take_bracket(cursor));
        path.push_back(std::move(step));
      } else if (cursor.take(".")) {
        if (cursor.peek() == '[') continue;
        std::string name = cursor.take_word(".[=!<>&|(){}");
        if (name.empty()) return invalid("a selector lacks a name");
        path.emplace_back(std::move(name));
      } else {
        break;
      }
    }
    if (path.empty()) return invalid("a selector lacks a name");
    return path;
  }

  static Result<Step> take_bracket(Cursor& cursor) {
    Step step = Any{};
    if (cursor.peek() == '"') {
      PENSTOCK_TRY(std::string name, cursor.take_quoted());
      step = std::move(name);
    } else if (const std::string text = cursor.take_word("]"); text.starts_with('\'') && text.size() > 2) {
      step = text.substr(1, text.size() - 2);
    } else if (text != "*") {
      const auto index = parse_number(text);
      if (!index || *index < 0 || *index > 1e6 || *index != static_cast<double>(static_cast<std::size_t>(*index))) {
        return invalid("an index in a selector is not a whole number");
      }
      step = static_cast<std::size_t>(*index);
    }
    if (!cursor.take("]")) return invalid("a bracket in a selector is not closed");
    return step;
  }

  int regex_count_ = 0;
};

}  // namespace

Result<std::shared_ptr<const FilterPattern>> compile_json(std::string_view pattern) {
  Cursor cursor(pattern);
  if (!cursor.take("{")) return invalid("it does not begin with {");
  JsonReader reader(cursor);
  PENSTOCK_TRY(Node root, reader.read());
  cursor.skip_blanks();
  if (!cursor.take("}")) return invalid("it does not end with }");
  cursor.skip_blanks();
  if (!cursor.at_end()) return invalid("something follows the }");
  return std::make_shared<JsonPattern>(std::move(root), std::move(reader.conditions));
}

}  // namespace penstock::logs::filter
