// Space-delimited patterns.
#include <optional>
#include <string>
#include <vector>

#include "logs/filter_condition.h"
#include "logs/filter_json.h"

namespace penstock::logs::filter {
namespace {

constexpr std::size_t kFieldsMax = 4096;  ///< of a message that are looked at

/// The fields of a message: words, and what stands in "" or [] as one.
std::vector<std::string_view> split(std::string_view message) {
  std::vector<std::string_view> fields;
  while (fields.size() < kFieldsMax) {
    while (!message.empty() && is_blank(message.front())) message.remove_prefix(1);
    if (message.empty()) break;
    const char open = message.front();
    const char close = open == '"' ? '"' : ']';
    const std::size_t end = open == '"' || open == '[' ? message.find(close, 1) : std::string_view::npos;
    if (end != std::string_view::npos) {
      fields.push_back(message.substr(1, end - 1));
      message.remove_prefix(end + 1);
      continue;
    }
    std::size_t length = 0;
    while (length < message.size() && !is_blank(message[length])) ++length;
    fields.push_back(message.substr(0, length));
    message.remove_prefix(length);
  }
  return fields;
}

struct Field {
  std::string name;
  std::optional<Node> condition;
  std::vector<Comparison> comparisons;

  [[nodiscard]] bool takes(std::string_view value) const {
    if (!condition) return true;
    return evaluate(*condition, [&](std::size_t leaf) { return holds(comparisons[leaf], value); });
  }
};

class FieldsPattern final : public FilterPattern {
 public:
  FieldsPattern(std::vector<Field> before, std::optional<std::vector<Field>> after)
      : before_(std::move(before)), after_(std::move(after)) {}

  [[nodiscard]] bool matches(std::string_view message) const override {
    const auto fields = split(message);
    const std::size_t needed = before_.size() + (after_ ? after_->size() : 0);
    if (after_ ? fields.size() < needed : fields.size() != needed) return false;
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (!before_[i].takes(fields[i])) return false;
    }
    for (std::size_t i = 0; after_ && i < after_->size(); ++i) {
      if (!(*after_)[i].takes(fields[fields.size() - after_->size() + i])) return false;
    }
    return true;
  }

 private:
  std::vector<Field> before_;
  std::optional<std::vector<Field>> after_;  ///< behind "...", which stands for any number of fields
};

/// "status = 4* || status = 500": every condition names the field.
class FieldReader final : public ExpressionReader {
 public:
  FieldReader(Cursor& cursor, int& regex_count) : ExpressionReader(cursor), regex_count_(regex_count) {}
  std::string name;
  std::vector<Comparison> comparisons;
  bool is_bare = false;

 protected:
  Result<std::size_t> take_leaf(Cursor& cursor) override {
    std::string word = cursor.take_word(",]=!<>&|()");
    if (word.empty()) return invalid("a field lacks a name");
    if (!name.empty() && word != name) return invalid("a condition names another field");
    name = std::move(word);
    cursor.skip_blanks();
    const auto op = take_op(cursor);
    if (!op) {
      is_bare = true;
      return 0;
    }
    PENSTOCK_TRY(Comparison comparison, take_comparison(cursor, *op, ",]&|)", regex_count_));
    comparisons.push_back(std::move(comparison));
    return comparisons.size() - 1;
  }

 private:
  int& regex_count_;
};

Result<Field> take_field(Cursor& cursor, int& regex_count) {
  FieldReader reader(cursor, regex_count);
  PENSTOCK_TRY(Node root, reader.read());
  Field field{.name = std::move(reader.name), .condition = std::nullopt, .comparisons = {}};
  if (reader.is_bare && (root.kind != Node::Kind::leaf || !reader.comparisons.empty())) {
    return invalid("a condition lacks an operator");
  }
  if (!reader.is_bare) {
    field.condition = std::move(root);
    field.comparisons = std::move(reader.comparisons);
  }
  return field;
}

}  // namespace

Result<std::shared_ptr<const FilterPattern>> compile_fields(std::string_view pattern) {
  Cursor cursor(pattern);
  if (!cursor.take("[")) return invalid("it does not begin with [");
  std::vector<Field> before;
  std::optional<std::vector<Field>> after;
  int regex_count = 0;
  while (true) {
    cursor.skip_blanks();
    if (cursor.take("...")) {
      if (after) return invalid("it holds more than one ...");
      after.emplace();
    } else {
      PENSTOCK_TRY(Field field, take_field(cursor, regex_count));
      (after ? *after : before).push_back(std::move(field));
    }
    if (before.size() + (after ? after->size() : 0) > kConditionsMax) return invalid("it holds too many fields");
    cursor.skip_blanks();
    if (cursor.take(",")) continue;
    if (!cursor.take("]")) return invalid("it does not end with ]");
    break;
  }
  cursor.skip_blanks();
  if (!cursor.at_end()) return invalid("something follows the ]");
  return std::make_shared<FieldsPattern>(std::move(before), std::move(after));
}

}  // namespace penstock::logs::filter
