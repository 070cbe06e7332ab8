#include "logs/filter_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "logs/filter_condition.h"
#include "logs/filter_json.h"

namespace penstock::logs {
namespace {

using filter::Cursor;
using filter::invalid;

struct Term {
  std::string text;
  std::shared_ptr<const re2::RE2> regex;

  [[nodiscard]] bool is_in(std::string_view message) const {
    if (regex == nullptr) return message.contains(text);
    return re2::RE2::PartialMatch(re2::StringPiece(message.data(), message.size()), *regex);
  }
};

class TermsPattern final : public FilterPattern {
 public:
  [[nodiscard]] bool matches(std::string_view message) const override {
    const auto is_in = [&](const Term& term) { return term.is_in(message); };
    if (!std::ranges::all_of(required, is_in) || std::ranges::any_of(excluded, is_in)) return false;
    // "If you do combine ? with other filter patterns, the question mark will be ignored": its terms then do not count.
    if (!required.empty() || !excluded.empty()) return true;
    return optional.empty() || std::ranges::any_of(optional, is_in);
  }

  std::vector<Term> required;
  std::vector<Term> excluded;
  std::vector<Term> optional;
};

bool is_plain(std::string_view word) {
  return std::ranges::all_of(word, [](char c) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return is_word || static_cast<unsigned char>(c) >= 0x80;
  });
}

Result<Term> take_term(Cursor& cursor, int& regex_count) {
  Term term;
  if (cursor.peek() == '"') {
    PENSTOCK_TRY(term.text, cursor.take_quoted());
    return term;
  }
  if (cursor.peek() == '%') {
    PENSTOCK_TRY(const std::string text, cursor.take_regex());
    PENSTOCK_TRY(term.regex, filter::compile_regex(text, regex_count));
    return term;
  }
  term.text = cursor.take_word("");
  if (term.text.empty() || !is_plain(term.text)) {
    return fail(ErrorKind::invalid, fmt::format("Invalid character(s) in term '{}'", term.text));
  }
  return term;
}

Result<std::shared_ptr<const FilterPattern>> compile_terms(Cursor cursor) {
  auto pattern = std::make_shared<TermsPattern>();
  int regex_count = 0;
  while (true) {
    cursor.skip_blanks();
    if (cursor.at_end()) return pattern;
    std::vector<Term>* terms = &pattern->required;
    if (cursor.take("-")) {
      terms = &pattern->excluded;
    } else if (cursor.take("?")) {
      terms = &pattern->optional;
    }
    PENSTOCK_TRY(Term term, take_term(cursor, regex_count));
    terms->push_back(std::move(term));
  }
}

}  // namespace

Result<std::shared_ptr<const FilterPattern>> compile_filter(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) return invalid("it is too long");
  while (!pattern.empty() && filter::is_blank(pattern.front())) pattern.remove_prefix(1);
  if (pattern.starts_with('{')) return filter::compile_json(pattern);
  if (pattern.starts_with('[')) return filter::compile_fields(pattern);
  return compile_terms(Cursor(pattern));
}

}  // namespace penstock::logs
