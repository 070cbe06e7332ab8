#include "services/lambda/payload_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <optional>
#include <vector>

namespace penstock::services::lambda {

namespace {

/// Takes everything, keeps nothing.
struct Listener {
  using error_code = boost::system::error_code;
  using string_view = boost::json::string_view;
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(string_view, std::size_t, error_code&) { return true; }
  bool on_key(string_view, std::size_t, error_code&) { return true; }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
  bool on_double(double, string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kAnyValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Where the parser stopped, what follows one value included; nullopt: `text` is one value.
std::optional<std::size_t> stop_of(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kPayloadDepthMax;
  boost::json::basic_parser<Listener> parser(options);
  boost::system::error_code problem;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), problem);
  if (problem) return used;
  const std::size_t more = text.find_first_not_of(kSpace, used);
  if (more == std::string_view::npos) return std::nullopt;
  return more;
}

unsigned code_of(char c) { return static_cast<unsigned char>(c); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_of_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '$'; }

/// `what`, and that it was met before byte `at`, lines and columns counted from 1.
std::string located(std::string_view text, std::size_t at, std::string_view what) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
  return fmt::format(
      "{}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]",
      what, line, column);
}

/// What is open and what came last where the parser stopped.
struct Surroundings {
  std::vector<char> open;
  char last = 0;           ///< of structure; 0: nothing yet
  bool has_value = false;  ///< a value, or a name, after `last`
  bool in_text = false;

  [[nodiscard]] bool wants_name() const { return !open.empty() && open.back() == '{' && last != ':'; }
};

Surroundings surroundings(std::string_view before) {
  Surroundings out;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const char c = before[i];
    if (out.in_text) {
      if (c == '\\') ++i;
      if (c == '"') out.in_text = false;
      continue;
    }
    if (c == '"') out.in_text = true;
    if (c == '{' || c == '[') out.open.push_back(c);
    if ((c == '}' || c == ']') && !out.open.empty()) out.open.pop_back();
    if (std::string_view("{[,:").contains(c)) {
      out.last = c;
      out.has_value = false;
    } else if (!kSpace.contains(c)) {
      out.has_value = true;
    }
  }
  return out;
}

std::string expectation(const Surroundings& around) {
  if (!around.has_value && around.wants_name()) return "was expecting double-quote to start field name";
  if (!around.has_value) return fmt::format("expected a valid value {}", kAnyValue);
  if (around.wants_name()) return "was expecting a colon to separate field name and value";
  if (around.open.empty()) return "Expected space separating root-level values";
  return fmt::format("was expecting comma to separate {} entries", around.open.back() == '{' ? "Object" : "Array");
}

std::string unexpected_character(std::string_view text, std::size_t at, const Surroundings& around) {
  const unsigned code = code_of(text[at]);
  const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  if (around.in_text && code >= 0x80) {
    return located(text, at + 1, fmt::format("Invalid UTF-8 start byte 0x{:x}", code));
  }
  const std::string shown =
      is_control ? fmt::format("(CTRL-CHAR, code {})", code)
                 : fmt::format("'{}' (code {})", code < 0x80 ? std::string(1, text[at]) : std::string("?"), code);
  if (around.in_text) {
    return located(text, at + 1,
                   fmt::format("Illegal unquoted character ({}): has to be escaped using backslash to be included in "
                               "string value",
                               shown));
  }
  return located(text, at, fmt::format("Unexpected character ({}): {}", shown, expectation(around)));
}

}  // namespace

bool is_json(std::string_view text) { return !stop_of(text).has_value(); }

std::string json_problem(std::string_view text) {
  const std::size_t at = std::min(stop_of(text).value_or(text.size()), text.size());
  std::size_t start = at;
  while (start > 0 && is_of_word(text[start - 1])) --start;
  const Surroundings around = surroundings(text.substr(0, start));
  const bool is_value = !around.in_text && !around.has_value && !around.wants_name();
  const bool is_word = is_value && start < text.size() && is_letter(text[start]);
  if (is_word) {
    std::size_t end = start;
    while (end < text.size() && is_of_word(text[end])) ++end;
    if (end < text.size() && code_of(text[end]) >= 0x80) {
      return located(text, end + 1, fmt::format("Invalid UTF-8 start byte 0x{:x}", code_of(text[end])));
    }
    const std::string_view token = text.substr(start, std::min(end - start, kTokenShownMax));
    return located(text, end, fmt::format("Unrecognized token '{}': was expecting {}", token, kAnyValue));
  }
  if (at == text.size()) return located(text, at, "Unexpected end-of-input");
  if (around.open.size() >= kPayloadDepthMax) {
    return located(text, at, fmt::format("Document nesting depth exceeds the maximum allowed ({})", kPayloadDepthMax));
  }
  return unexpected_character(text, at, surroundings(text.substr(0, at)));
}

}  // namespace penstock::services::lambda
