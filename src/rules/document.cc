#include "rules/document.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <limits>

namespace penstock::rules {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The four digits behind "\u", or nullopt.
std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    value <<= 4U;
    if (is_digit(c)) {
      value |= static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value |= static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value |= static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0U | (point >> 6U));
    out += static_cast<char>(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0U | (point >> 12U));
    out += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (point & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (point >> 18U));
    out += static_cast<char>(0x80U | ((point >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (point & 0x3FU));
  }
}

/// Characters that end a run inside a string: quote, backslash, controls.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> stops{};
  for (std::size_t c = 0; c < 0x20; ++c) stops[c] = true;
  stops['"'] = true;
  stops['\\'] = true;
  return stops;
}();

}  // namespace

/// Walks the text once, without recursion: `open_` holds the arrays and objects that are not closed yet.
class DocumentParser {
 public:
  explicit DocumentParser(std::string_view text) : document_(text), text_(text) {
    document_.nodes_.reserve(text.size() / 6 + 4);
  }

  Result<Document> run() {
    if (text_.size() > std::numeric_limits<std::uint32_t>::max()) return fail(ErrorKind::invalid, "too long");
    if (!simdjson::validate_utf8(text_.data(), text_.size())) return fail(ErrorKind::invalid, "not valid UTF-8");
    do {
      if (!value()) return broken();
    } while (depth_ > 0);
    skip_space();
    if (at_ != text_.size()) return broken();
    return std::move(document_);
  }

 private:
  std::unexpected<Error> broken() const {
    return fail(ErrorKind::invalid, fmt::format("not valid JSON at byte {}", at_));
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::size_t open_node(NodeKind kind) {
    document_.nodes_.push_back(
        {.begin = static_cast<std::uint32_t>(at_), .end = 0, .next = 0, .kind = kind, .has_escape = false});
    return document_.nodes_.size() - 1;
  }
  void close_node(std::size_t index) {
    document_.nodes_[index].end = static_cast<std::uint32_t>(at_);
    document_.nodes_[index].next = static_cast<std::uint32_t>(document_.nodes_.size());
  }

  /// One value (or the opening of an array or object), then all closings and commas up to the next value.
  bool value() {
    skip_space();
    const char c = peek();
    if (c == '{' || c == '[') return open(c);
    if (!scalar(c)) return false;
    return after_value();
  }

  bool open(char c) {
    if (depth_ == kJsonDepthMax) return false;
    open_[depth_++] = open_node(c == '{' ? NodeKind::object : NodeKind::array);
    ++at_;
    skip_space();
    if (peek() == (c == '{' ? '}' : ']')) return after_value();
    return c == '[' || key();
  }

  bool after_value() {
    while (depth_ > 0) {
      skip_space();
      const bool in_object = document_.nodes_[open_[depth_ - 1]].kind == NodeKind::object;
      const char c = peek();
      if (c == (in_object ? '}' : ']')) {
        ++at_;
        close_node(open_[--depth_]);
        continue;
      }
      if (c != ',') return false;
      ++at_;
      if (!in_object) return true;
      skip_space();
      return key();
    }
    return true;
  }

  bool key() {
    if (peek() != '"' || !string()) return false;
    skip_space();
    if (peek() != ':') return false;
    ++at_;
    return true;
  }

  bool scalar(char c) {
    switch (c) {
      case '"': return string();
      case 't': return word("true", NodeKind::boolean);
      case 'f': return word("false", NodeKind::boolean);
      case 'n': return word("null", NodeKind::null);
      default: return number();
    }
  }

  bool word(std::string_view expected, NodeKind kind) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    const std::size_t node = open_node(kind);
    at_ += expected.size();
    close_node(node);
    return true;
  }

  bool string() {
    const std::size_t node = open_node(NodeKind::string);
    ++at_;
    for (;;) {
      while (at_ < text_.size() && !kStops[static_cast<unsigned char>(text_[at_])]) ++at_;
      const char c = peek();
      if (c == '"' && at_ < text_.size()) break;
      if (c != '\\' || !escape()) return false;
      document_.nodes_[node].has_escape = true;
    }
    ++at_;
    close_node(node);
    return true;
  }

  bool escape() {
    ++at_;
    const char c = peek();
    if (c != 'u') {
      if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return false;
      ++at_;
      return true;
    }
    const auto unit = hex4(text_, at_ + 1);
    if (!unit.has_value() || is_low_surrogate(*unit)) return false;
    at_ += 5;
    if (!is_high_surrogate(*unit)) return true;
    if (!text_.substr(at_).starts_with("\\u")) return false;
    const auto low = hex4(text_, at_ + 2);
    if (!low.has_value() || !is_low_surrogate(*low)) return false;
    at_ += 6;
    return true;
  }

  bool number() {
    const std::size_t node = open_node(NodeKind::number);
    if (peek() == '-') ++at_;
    if (!is_digit(peek())) return false;
    if (peek() == '0') {
      ++at_;
    } else {
      digits();
    }
    if (peek() == '.') {
      ++at_;
      const std::size_t first = at_;
      digits();
      if (at_ == first) return false;
      // A fraction that ends in 0 may be nothing but zeros; whoever writes the number out looks closer.
      if (text_[at_ - 1] == '0') document_.has_odd_whole_ = true;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      const std::size_t first = at_;
      digits();
      if (at_ == first) return false;
      document_.has_odd_whole_ = true;
    }
    close_node(node);
    return true;
  }
  void digits() {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }

  Document document_;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::array<std::size_t, kJsonDepthMax> open_{};
};

Result<Document> Document::parse(std::string_view text) { return DocumentParser(text).run(); }

std::string unescape_json(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '\\') {
      out += inside[i];
      continue;
    }
    switch (inside[++i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        std::uint32_t point = hex4(inside, i + 1).value_or(0xFFFD);
        i += 4;
        if (is_high_surrogate(point)) {
          const std::uint32_t low = hex4(inside, i + 3).value_or(0xDC00);
          point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
          i += 6;
        }
        append_utf8(point, out);
        break;
      }
      default: out += inside[i];
    }
  }
  return out;
}

std::string Document::string_at(NodeIndex at) const {
  const std::string_view inside = raw(at).substr(1, raw(at).size() - 2);
  return nodes_[at].has_escape ? unescape_json(inside) : std::string(inside);
}

bool Document::string_is(NodeIndex at, std::string_view text) const {
  if (nodes_[at].has_escape) return string_at(at) == text;
  return raw(at).size() == text.size() + 2 && raw(at).substr(1, text.size()) == text;
}

std::optional<NodeIndex> Document::member(NodeIndex object, std::string_view name) const {
  std::optional<NodeIndex> found;
  if (nodes_[object].kind != NodeKind::object) return found;
  for (NodeIndex key = first_child(object); key != nodes_[object].next; key = nodes_[key + 1].next) {
    if (string_is(key, name)) found = key + 1;
  }
  return found;
}

std::optional<NodeIndex> Document::element(NodeIndex array, std::uint64_t index) const {
  if (nodes_[array].kind != NodeKind::array) return std::nullopt;
  for (NodeIndex item = first_child(array); item != nodes_[array].next; item = nodes_[item].next) {
    if (index-- == 0) return item;
  }
  return std::nullopt;
}

}  // namespace penstock::rules
