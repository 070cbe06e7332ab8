#include "rules/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "codec/json_text.h"
#include "rules/functions.h"

namespace penstock::rules {

const Document* Evaluation::json() {
  if (payload == nullptr) payload = std::make_unique<Result<Document>>(Document::parse(event.payload));
  if (payload->has_value()) return &**payload;
  if (!error.has_value()) {
    error =
        Error{ErrorKind::invalid, "The payload is not JSON, which the statement needs: " + payload->error().message};
  }
  return nullptr;
}

bool Evaluation::charge(std::size_t bytes) {
  work_bytes += bytes;
  if (work_bytes <= kWorkBytesMax) return true;
  if (!error.has_value()) error = Error{ErrorKind::invalid, "The statement's intermediate results are too large."};
  return false;
}

namespace {

Value root(Evaluation& evaluation) {
  if (evaluation.scope.has_value()) return *evaluation.scope;
  const Document* document = evaluation.json();
  return document != nullptr ? Value(View{document, Document::kRoot}) : Value();
}

/// The payload for `*` as an argument: JSON if it is, raw bytes if not.
Value whole_payload(Evaluation& evaluation) {
  if (evaluation.scope.has_value()) return *evaluation.scope;
  if (evaluation.payload == nullptr) {
    evaluation.payload = std::make_unique<Result<Document>>(Document::parse(evaluation.event.payload));
  }
  if (evaluation.payload->has_value()) return View{&**evaluation.payload, Document::kRoot};
  return Bytes{evaluation.event.payload};
}

Value index_into(const Value& collection, const Value& at, SqlVersion version) {
  if (collection.kind() != Kind::array) return {};
  const auto index = to_int(at, version);
  if (!index.has_value() || index->is_negative() || !index->fits_int64()) return {};
  return collection.element(static_cast<std::uint64_t>(index->to_int64()));
}

Value plus(const Value& a, const Value& b, Evaluation& evaluation) {
  const SqlVersion version = evaluation.version;
  if (a.kind() == Kind::string || b.kind() == Kind::string) {
    auto left = to_string(a, version);
    const auto right = to_string(b, version);
    if (!left.has_value() || !right.has_value()) return {};
    if (!evaluation.charge(left->size() + right->size())) return {};
    return *std::move(left) + *right;
  }
  const auto x = to_number(a, version);
  const auto y = to_number(b, version);
  return x.has_value() && y.has_value() ? Value::of(add(*x, *y), version) : Value();
}

Value arithmetic(Operator op, const Value& a, const Value& b, Evaluation& evaluation) {
  if (op == Operator::plus) return plus(a, b, evaluation);
  const auto x = to_number(a, evaluation.version);
  const auto y = to_number(b, evaluation.version);
  if (!x.has_value() || !y.has_value()) return {};
  switch (op) {
    case Operator::minus: return Value::of(subtract(*x, *y), evaluation.version);
    case Operator::times: return Value::of(multiply(*x, *y), evaluation.version);
    case Operator::divide: return Value::of(divide(*x, *y), evaluation.version);
    default: return Value::of(remainder(*x, *y), evaluation.version);
  }
}

Value ordering(Operator op, const Value& a, const Value& b, SqlVersion version) {
  const auto x = to_number(a, version);
  const auto y = to_number(b, version);
  if (!x.has_value() || !y.has_value()) return {};
  const std::strong_ordering order = compare(*x, *y);
  switch (op) {
    case Operator::less: return order < 0;
    case Operator::less_equal: return order <= 0;
    case Operator::greater: return order > 0;
    default: return order >= 0;
  }
}

/// AND and OR: both sides must be Boolean (or "true"/"false"), or the result is Undefined.
Value logic(Operator op, const Value& a, const Value& b) {
  const auto x = to_boolean(a);
  const auto y = to_boolean(b);
  if (!x.has_value() || !y.has_value()) return {};
  return op == Operator::logical_and ? (*x && *y) : (*x || *y);
}

Value binary(const Expression& expression, Evaluation& evaluation) {
  const Value a = evaluate(*expression.operands[0], evaluation);
  const Value b = evaluate(*expression.operands[1], evaluation);
  if (evaluation.error.has_value()) return {};
  switch (expression.op) {
    case Operator::logical_or:
    case Operator::logical_and: return logic(expression.op, a, b);
    case Operator::equal:
    case Operator::not_equal: {
      const auto same = equals(a, b, evaluation.version);
      if (!same.has_value()) return {};
      return *same == (expression.op == Operator::equal);
    }
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal: return ordering(expression.op, a, b, evaluation.version);
    default: return arithmetic(expression.op, a, b, evaluation);
  }
}

Value cast(CastType type, const Value& value, SqlVersion version) {
  const bool is_boolean = value.kind() == Kind::boolean;
  switch (type) {
    case CastType::string: {
      auto text = to_string(value, version);
      return text.has_value() ? Value(*std::move(text)) : Value();
    }
    case CastType::boolean: {
      if (value.kind() == Kind::number) {
        const auto number = value.number(version);
        return number.has_value() ? Value(!number->is_zero()) : Value();
      }
      const auto boolean = to_boolean(value);
      return boolean.has_value() ? Value(*boolean) : Value();
    }
    case CastType::integer: {
      if (is_boolean) return Number::of_int(value.boolean() ? 1 : 0);
      const auto number = to_number(value, version);
      return number.has_value() ? Value::of(number->rounded(Number::Rounding::down), version) : Value();
    }
    case CastType::decimal:
    case CastType::double_precision: {
      if (is_boolean) return Value::of(Number::parse(value.boolean() ? "1.0" : "0.0"), version);
      const auto number = to_number(value, version);
      if (!number.has_value()) return {};
      return Value::of(type == CastType::decimal ? number->as_decimal() : Number::of_double(number->to_double()),
                       version);
    }
  }
  std::unreachable();
}

Value choose(const Expression& expression, Evaluation& evaluation) {
  const Value value = evaluate(*expression.operands[0], evaluation);
  if (value.is_undefined()) return {};
  const std::size_t pairs_end = expression.operands.size() - (expression.has_else ? 1 : 0);
  for (std::size_t i = 1; i < pairs_end; i += 2) {
    const Value candidate = evaluate(*expression.operands[i], evaluation);
    if (equals(value, candidate, evaluation.version) == true) return evaluate(*expression.operands[i + 1], evaluation);
  }
  return expression.has_else ? evaluate(*expression.operands.back(), evaluation) : Value();
}

Value negated(const Value& value, SqlVersion version) {
  const auto number = to_number(value, version);
  return number.has_value() ? Value::of(number->negated(), version) : Value();
}

Value logical_not(const Value& value) {
  const auto boolean = to_boolean(value);
  return boolean.has_value() ? Value(!*boolean) : Value();
}

Array all(const std::vector<ExpressionPtr>& expressions, Evaluation& evaluation) {
  Array out;
  out.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) out.push_back(evaluate(*expression, evaluation));
  return out;
}

void put(Object& members, std::string_view name, Value value) {
  const auto place = std::ranges::find(members, name, &Member::first);
  if (place == members.end()) {
    members.emplace_back(name, std::move(value));
  } else {
    place->second = std::move(value);
  }
}

Value object_literal(const Expression& expression, Evaluation& evaluation) {
  Object out;
  for (std::size_t i = 0; i < expression.keys.size(); ++i) {
    put(out, expression.keys[i], evaluate(*expression.operands[i], evaluation));
  }
  return out;
}

/// What a nested SELECT makes of the value in scope; Undefined when WHERE is not true.
Value selected(const Select& select, Evaluation& evaluation) {
  if (select.where != nullptr && to_boolean(evaluate(*select.where, evaluation)) != true) return {};
  if (select.value_only) return evaluate(*select.items[0].expression, evaluation);
  const bool only_star = select.items.size() == 1 && select.items[0].expression == nullptr;
  if (only_star) return *evaluation.scope;
  Object out;
  for (const SelectItem& item : select.items) {
    if (item.expression != nullptr) {
      put(out, item.alias, evaluate(*item.expression, evaluation));
    } else if (evaluation.scope->kind() == Kind::object) {
      for (auto& [name, value] : evaluation.scope->members()) put(out, name, std::move(value));
    }
  }
  return out;
}

/// Over an array: an array of what each element gives. Over anything else: what that gives.
Value subquery(const Expression& expression, Evaluation& evaluation) {
  const Value source = evaluate(*expression.operands[0], evaluation);
  if (source.is_undefined() || evaluation.error.has_value()) return {};
  const std::optional<Value> outer = evaluation.scope;
  Value out;
  if (source.kind() == Kind::array) {
    Array results;
    for (Value& element : source.elements()) {
      // Nested loops must not run away: each step counts as work.
      if (!evaluation.charge(64)) break;
      evaluation.scope = std::move(element);
      Value result = selected(*expression.select, evaluation);
      if (!result.is_undefined()) results.push_back(std::move(result));
    }
    out = std::move(results);
  } else {
    evaluation.scope = source;
    out = selected(*expression.select, evaluation);
  }
  evaluation.scope = outer;
  return out;
}

}  // namespace

Value evaluate(const Expression& expression, Evaluation& evaluation) {
  if (evaluation.error.has_value()) return {};
  const auto operand = [&](std::size_t i) { return evaluate(*expression.operands[i], evaluation); };
  switch (expression.kind) {
    case ExpressionKind::literal: return expression.value;
    case ExpressionKind::star: return whole_payload(evaluation);
    case ExpressionKind::name: return root(evaluation).member(expression.name);
    case ExpressionKind::member: return operand(0).member(expression.name);
    case ExpressionKind::index: return index_into(operand(0), operand(1), evaluation.version);
    case ExpressionKind::negate: return negated(operand(0), evaluation.version);
    case ExpressionKind::logical_not: return logical_not(operand(0));
    case ExpressionKind::binary: return binary(expression, evaluation);
    case ExpressionKind::call: {
      const Array arguments = all(expression.operands, evaluation);
      return evaluation.error.has_value() ? Value() : expression.function->call(evaluation, arguments);
    }
    case ExpressionKind::cast: return cast(expression.cast_type, operand(0), evaluation.version);
    case ExpressionKind::choice: return choose(expression, evaluation);
    case ExpressionKind::array: return all(expression.operands, evaluation);
    case ExpressionKind::object: return object_literal(expression, evaluation);
    case ExpressionKind::subquery: return subquery(expression, evaluation);
  }
  std::unreachable();
}

}  // namespace penstock::rules
