#include "iam/pattern.h"

#include <utility>

namespace penstock::iam {
namespace {

constexpr char16_t kStar = 0x100;
constexpr char16_t kOne = 0x101;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<std::vector<std::string_view>> split_arn(std::string_view arn) {
  std::vector<std::string_view> parts;
  while (parts.size() < 5) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts.push_back(arn.substr(0, colon));
    arn.remove_prefix(colon + 1);
  }
  parts.push_back(arn);
  return parts;
}

std::optional<Pattern> Pattern::parse(std::string_view text, unsigned reads) {
  Pattern out;
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) out.parts_.push_back(Part{.kind = Part::Kind::text, .text = std::exchange(plain, {})});
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((reads & wildcards) != 0 && (c == '*' || c == '?')) {
      flush();
      out.parts_.push_back(Part{.kind = c == '*' ? Part::Kind::star : Part::Kind::one, .text = {}});
    } else if ((reads & variables) != 0 && text.substr(at).starts_with("${")) {
      const std::size_t end = text.find('}', at);
      if (end == std::string_view::npos) return std::nullopt;
      std::string_view inside = text.substr(at + 2, end - at - 2);
      at = end;
      if (inside == "*" || inside == "?" || inside == "$") {
        plain += inside;
        continue;
      }
      Part part{.kind = Part::Kind::variable, .text = {}};
      if (const std::size_t comma = inside.find(','); comma != std::string_view::npos) {
        const std::string_view fallback = trim(inside.substr(comma + 1));
        if (fallback.size() < 2 || fallback.front() != '\'' || fallback.back() != '\'') return std::nullopt;
        part.fallback = std::string(fallback.substr(1, fallback.size() - 2));
        inside = inside.substr(0, comma);
      }
      part.text = lower_case(trim(inside));
      if (part.text.empty()) return std::nullopt;
      flush();
      out.parts_.push_back(std::move(part));
    } else {
      plain += c;
    }
  }
  flush();
  out.settle();
  return out;
}

void Pattern::settle() {
  bool wild = false;
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::variable) {
      shape_ = Shape::with_variables;
      return;
    }
    wild = wild || part.kind != Part::Kind::text;
  }
  if (!wild) {
    exact_ = parts_.empty() ? "" : parts_.front().text;
  } else if (parts_.size() == 1 && parts_.front().kind == Part::Kind::star) {
    shape_ = Shape::anything;
  } else {
    shape_ = Shape::glob;
    for (const Part& part : parts_) static_cast<void>(append_to(glob_, part, nullptr));
  }
}

const std::string* Pattern::value_of(const Part& part, const Facts& facts) {
  const std::vector<std::string>* values = facts.find(part.text);
  if (values && values->size() == 1) return values->data();
  return part.fallback ? &*part.fallback : nullptr;
}

bool Pattern::append_to(Glob& glob, const Part& part, const Facts* facts) const {
  const std::string* text = &part.text;
  switch (part.kind) {
    case Part::Kind::star: glob += kStar; return true;
    case Part::Kind::one: glob += kOne; return true;
    case Part::Kind::variable:
      text = value_of(part, *facts);
      if (!text) return false;
      break;
    case Part::Kind::text: break;
  }
  for (const char c : *text) glob += static_cast<unsigned char>(c);
  return true;
}

bool Pattern::matches(std::string_view text, const Facts& facts) const {
  switch (shape_) {
    case Shape::anything: return true;
    case Shape::exact: return text == exact_;
    case Shape::glob: return glob_matches(glob_, text);
    case Shape::with_variables: break;
  }
  Glob glob;
  for (const Part& part : parts_) {
    if (!append_to(glob, part, &facts)) return false;
  }
  return glob_matches(glob, text);
}

std::optional<std::string> Pattern::expand(const Facts& facts) const {
  std::string out;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::star: out += '*'; break;
      case Part::Kind::one: out += '?'; break;
      case Part::Kind::text: out += part.text; break;
      case Part::Kind::variable: {
        const std::string* value = value_of(part, facts);
        if (!value) return std::nullopt;
        out += *value;
        break;
      }
    }
  }
  return out;
}

bool Pattern::glob_matches(const Glob& glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = Glob::npos;  // where to go on after the last star, if what follows it fits nowhere yet
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == kStar) {
      star = ++g;
      star_text = t;
    } else if (g < glob.size() && glob[g] == kOne) {
      ++g;
      ++t;
      while (t < text.size() && continues_character(text[t])) ++t;
    } else if (g < glob.size() && glob[g] == static_cast<unsigned char>(text[t])) {
      ++g;
      ++t;
    } else if (star != Glob::npos) {
      g = star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == kStar) ++g;
  return g == glob.size();
}

}  // namespace penstock::iam
