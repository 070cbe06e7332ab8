#include "codec/patterns.h"

#include <re2/re2.h>

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

constexpr int kRepeatMax = 1000;  // RE2's own bound

/// At text[i] stands '{': takes "{m,n}" with n beyond RE2's bound and writes "{m,}". False when it is not that.
bool take_wide_repeat(std::string_view text, std::size_t& i, std::string& out) {
  const std::size_t close = text.find('}', i);
  if (close == std::string_view::npos) return false;
  const std::string_view inside = text.substr(i + 1, close - i - 1);
  const std::size_t comma = inside.find(',');
  if (comma == std::string_view::npos) return false;
  int high = 0;
  const auto [end, code] = std::from_chars(inside.data() + comma + 1, inside.data() + inside.size(), high);
  if (code != std::errc{} || end != inside.data() + inside.size() || high <= kRepeatMax) return false;
  out.append("{").append(inside.substr(0, comma)).append(",}");
  i = close;
  return true;
}

/// A pattern, and what a text that matches it must not match as a whole ("" = nothing).
struct Split {
  std::string pattern;
  std::string forbidden;
};

/// RE2 has no lookahead; AWS uses one kind, at the front: "(?!^\d+$)..." says "not the whole of this".
Split without_lookahead(std::string_view pattern) {
  constexpr std::string_view kOpening = "(?!^";
  constexpr std::string_view kClosing = "$)";
  const std::size_t begin = pattern.starts_with('(') && pattern.substr(1).starts_with(kOpening) ? 1 : 0;
  const std::size_t end = pattern.find(kClosing);
  if (!pattern.substr(begin).starts_with(kOpening) || end == std::string_view::npos) return {std::string(pattern), {}};
  const std::size_t inside = begin + kOpening.size();
  std::string rest(pattern.substr(0, begin));
  rest += pattern.substr(end + kClosing.size());
  return {std::move(rest), std::string(pattern.substr(inside, end - inside))};
}

/// AWS prints its patterns in Java's syntax. Two more things differ in RE2: \uXXXX is \x{XXXX} there, and a repeat may
/// not exceed 1000, so that a wider upper bound is left to the length constraint that stands beside it.
std::string to_re2(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 5 < pattern.size() && pattern[i + 1] == 'u') {
      out.append("\\x{").append(pattern.substr(i + 2, 4)).append("}");
      i += 5;
    } else if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out.append(pattern.substr(i, 2));
      ++i;
    } else if (pattern[i] != '{' || !take_wide_repeat(pattern, i, out)) {
      out += pattern[i];
    }
  }
  return out;
}

class Patterns {
 public:
  struct Entry {
    Entry(std::string_view text, const Split& split, const re2::RE2::Options& options)
        : pattern(text), expression(to_re2(split.pattern), options) {
      if (!split.forbidden.empty()) forbidden.emplace(to_re2(split.forbidden), options);
    }
    [[nodiscard]] bool ok() const { return expression.ok() && (!forbidden.has_value() || forbidden->ok()); }
    [[nodiscard]] bool matches(re2::StringPiece text) const {
      return re2::RE2::FullMatch(text, expression) &&
             (!forbidden.has_value() || !re2::RE2::FullMatch(text, *forbidden));
    }
    std::string pattern;
    re2::RE2 expression;
    std::optional<re2::RE2> forbidden;
  };

  const Entry& compiled(std::string_view pattern) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const auto found = by_text_.find(pattern);
    if (found != by_text_.end()) return *found->second;
    re2::RE2::Options options;
    options.set_log_errors(false);
    return *by_text_.emplace(pattern, std::make_unique<Entry>(pattern, without_lookahead(pattern), options))
                .first->second;
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> by_text_ GUARDED_BY(mutex_);
};

/// Never destroyed: threads that outlive main may still match.
Patterns& patterns() {
  static auto& all = *new Patterns;
  return all;
}

}  // namespace

bool pattern_compiles(std::string_view pattern) { return patterns().compiled(pattern).ok(); }

bool matches_pattern(std::string_view pattern, std::string_view text) {
  thread_local std::map<std::string_view, const Patterns::Entry*> known;  // saves the lock
  auto found = known.find(pattern);
  if (found == known.end()) {
    const Patterns::Entry& entry = patterns().compiled(pattern);
    if (!entry.ok()) fatal("a shape's pattern does not compile: " + entry.pattern, __FILE__, __LINE__);
    found = known.emplace(entry.pattern, &entry).first;
  }
  return found->second->matches(re2::StringPiece(text.data(), text.size()));
}

}  // namespace penstock::codec
