#include "rules/string_functions.h"

#include <simdjson.h>

#include <algorithm>

#include "rules/evaluate.h"

namespace penstock::rules {
namespace {

constexpr bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t count_characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_character));
}

/// The byte offset of a character, at most the text's size.
std::size_t byte_offset(std::string_view text, std::uint64_t characters) {
  std::size_t at = 0;
  for (; characters > 0 && at < text.size(); --characters) {
    ++at;
    while (at < text.size() && continues_character(text[at])) ++at;
  }
  return at;
}

struct CaseRange {
  std::uint32_t upper_first;
  std::uint32_t upper_last;
  std::uint32_t to_lower;  ///< added to an upper-case letter
  bool alternating;        ///< upper and lower case letters take turns
};
/// ASCII, Latin-1, Latin Extended-A (its regular parts), Greek and Cyrillic.
constexpr CaseRange kCaseRanges[] = {
    {'A', 'Z', 32, false},     {0xC0, 0xD6, 32, false},   {0xD8, 0xDE, 32, false},   {0x100, 0x12F, 1, true},
    {0x132, 0x137, 1, true},   {0x14A, 0x177, 1, true},   {0x391, 0x3A1, 32, false}, {0x3A3, 0x3AB, 32, false},
    {0x400, 0x40F, 80, false}, {0x410, 0x42F, 32, false}, {0x460, 0x481, 1, true},   {0x48A, 0x4BF, 1, true},
};

std::uint32_t mapped(std::uint32_t point, bool to_upper) {
  for (const CaseRange& range : kCaseRanges) {
    if (range.alternating) {
      if (point < range.upper_first || point > range.upper_last) continue;
      return to_upper ? (point & ~1U) : (point | 1U);
    }
    if (!to_upper && point >= range.upper_first && point <= range.upper_last) return point + range.to_lower;
    if (to_upper && point >= range.upper_first + range.to_lower && point <= range.upper_last + range.to_lower) {
      return point - range.to_lower;
    }
  }
  return point;
}

std::string change_case(std::string_view text, bool to_upper) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      out += static_cast<char>(mapped(lead, to_upper));
    } else if ((lead & 0xE0U) == 0xC0U && i + 1 < text.size()) {
      // All the ranges above ASCII are two bytes long, and stay so.
      const auto tail = static_cast<unsigned char>(text[++i]);
      const std::uint32_t point = mapped(((lead & 0x1FU) << 6U) | (tail & 0x3FU), to_upper);
      out += static_cast<char>(0xC0U | (point >> 6U));
      out += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
      out += text[i];
    }
  }
  return out;
}

constexpr std::string_view kSpaces = " \t\n\r\f\v";

std::string_view trimmed(std::string_view text, bool left, bool right) {
  if (left) text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  if (right) text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
  return text;
}

/// "rounded down to the nearest Int"; nullopt when it is no number.
std::optional<std::int64_t> whole_below(const Value& value, SqlVersion version) {
  const auto number = to_number(value, version);
  if (!number.has_value()) return std::nullopt;
  const auto whole = number->rounded(Number::Rounding::down);
  // Beyond 34 digits only the sign matters.
  return whole.has_value() ? whole->to_int64() : (number->is_negative() ? INT64_MIN : INT64_MAX);
}

}  // namespace

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string character_of(std::string_view text, std::uint64_t index) {
  const std::size_t begin = byte_offset(text, index);
  return std::string(text.substr(begin, byte_offset(text.substr(begin), 1)));
}

namespace functions {
namespace {

template <class F>
Value on_text(Evaluation& evaluation, const Value& argument, F function) {
  const auto text = to_string(argument, evaluation.version);
  if (!text.has_value() || !evaluation.charge(text->size())) return {};
  return Value(function(*text));
}

template <class F>
Value on_texts(Evaluation& evaluation, Arguments arguments, F function) {
  const auto a = to_string(arguments[0], evaluation.version);
  const auto b = to_string(arguments[1], evaluation.version);
  if (!a.has_value() || !b.has_value()) return {};
  return Value(function(*a, *b));
}

Value pad(Evaluation& evaluation, Arguments arguments, bool left) {
  const auto spaces = whole_below(arguments[1], evaluation.version);
  if (!spaces.has_value()) return {};
  const std::string padding(static_cast<std::size_t>(std::clamp<std::int64_t>(*spaces, 0, 1000)), ' ');
  if (!evaluation.charge(padding.size())) return {};
  return on_text(evaluation, arguments[0],
                 [&](const std::string& text) { return left ? padding + text : text + padding; });
}

}  // namespace

Value chr(Evaluation& evaluation, Arguments arguments) {
  const auto code = whole_below(arguments[0], evaluation.version);
  if (!code.has_value() || *code < 0 || *code > 127) return {};
  return std::string(1, static_cast<char>(*code));
}

Value concat(Evaluation& evaluation, Arguments arguments) {
  if (arguments.empty()) return {};
  if (arguments.size() == 1) return arguments[0];
  if (std::ranges::any_of(arguments, [](const Value& v) { return v.kind() == Kind::array; })) {
    Array out;
    for (const Value& argument : arguments) {
      if (argument.kind() == Kind::array) {
        Array elements = argument.elements();
        if (!evaluation.charge(elements.size() * 16)) return {};
        out.insert(out.end(), elements.begin(), elements.end());
      } else {
        out.push_back(argument);
      }
    }
    return out;
  }
  if (std::ranges::none_of(arguments, [](const Value& v) { return v.kind() == Kind::string; })) return {};
  std::string out;
  for (const Value& argument : arguments) {
    const auto text = to_string(argument, evaluation.version);
    if (!text.has_value() || !evaluation.charge(text->size())) return {};
    out += *text;
  }
  return out;
}

Value endswith(Evaluation& evaluation, Arguments arguments) {
  return on_texts(evaluation, arguments, [](const std::string& a, const std::string& b) { return a.ends_with(b); });
}

Value startswith(Evaluation& evaluation, Arguments arguments) {
  return on_texts(evaluation, arguments, [](const std::string& a, const std::string& b) { return a.starts_with(b); });
}

Value indexof(Evaluation& evaluation, Arguments arguments) {
  return on_texts(evaluation, arguments, [](const std::string& a, const std::string& b) {
    const std::size_t at = a.find(b);
    if (at == std::string::npos) return Number::of_int(-1);
    return Number::of_int(static_cast<std::int64_t>(count_characters(std::string_view(a).substr(0, at))));
  });
}

Value length(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0], [](const std::string& text) {
    return Number::of_int(static_cast<std::int64_t>(count_characters(text)));
  });
}

Value numbytes(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0],
                 [](const std::string& text) { return Number::of_int(static_cast<std::int64_t>(text.size())); });
}

Value lower(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0], [](const std::string& text) { return change_case(text, false); });
}

Value upper(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0], [](const std::string& text) { return change_case(text, true); });
}

Value lpad(Evaluation& evaluation, Arguments arguments) { return pad(evaluation, arguments, true); }
Value rpad(Evaluation& evaluation, Arguments arguments) { return pad(evaluation, arguments, false); }

Value ltrim(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0],
                 [](const std::string& text) { return std::string(trimmed(text, true, false)); });
}

Value rtrim(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0],
                 [](const std::string& text) { return std::string(trimmed(text, false, true)); });
}

Value trim(Evaluation& evaluation, Arguments arguments) {
  return on_text(evaluation, arguments[0],
                 [](const std::string& text) { return std::string(trimmed(text, true, true)); });
}

Value replace(Evaluation& evaluation, Arguments arguments) {
  const auto text = to_string(arguments[0], evaluation.version);
  const auto from = to_string(arguments[1], evaluation.version);
  const auto to = to_string(arguments[2], evaluation.version);
  if (!text.has_value() || !from.has_value() || !to.has_value()) return {};
  if (from->empty()) return *text;
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t found = text->find(*from, at);
    out.append(*text, at, found - at);
    if (found == std::string::npos) break;
    out += *to;
    if (!evaluation.charge(to->size() + 1)) return {};
    at = found + from->size();
  }
  return evaluation.charge(out.size()) ? Value(std::move(out)) : Value();
}

Value substring(Evaluation& evaluation, Arguments arguments) {
  const auto text = to_string(arguments[0], evaluation.version);
  const auto first = whole_below(arguments[1], evaluation.version);
  const auto last = arguments.size() > 2 ? whole_below(arguments[2], evaluation.version) : std::optional(INT64_MAX);
  if (!text.has_value() || !first.has_value() || !last.has_value() || !evaluation.charge(text->size())) return {};
  if (*first >= *last) return std::string();
  const std::size_t begin = byte_offset(*text, static_cast<std::uint64_t>(std::max<std::int64_t>(*first, 0)));
  const std::size_t end = byte_offset(*text, static_cast<std::uint64_t>(std::max<std::int64_t>(*last, 0)));
  return text->substr(begin, end - std::min(begin, end));
}

}  // namespace functions
}  // namespace penstock::rules
