#include "telemetry/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/result.h"

namespace penstock::telemetry {
namespace {

/// How many bytes at the front of `text` are one character of UTF-8; 0: none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U; };
  const auto follows = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf && follows(1)) return 2;
  if (first >= 0xe0 && first <= 0xef && follows(1) && follows(2)) {
    const bool too_long = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return too_long || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && follows(1) && follows(2) && follows(3)) {
    const bool too_long = first == 0xf0 && byte(1) < 0x90;
    const bool too_great = first == 0xf4 && byte(1) > 0x8f;
    return too_long || too_great ? 0 : 4;
  }
  return 0;
}

void append_label_value(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_bytes(text);
    if (size == 0) {
      out += "\xef\xbf\xbd";
    } else if (text[0] == '\n') {
      out += "\\n";
    } else {
      if (text[0] == '\\' || text[0] == '"') out.push_back('\\');
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
    case MetricType::summary: return "summary";
  }
  return "untyped";
}

void Exposition::begin(const MetricFamily& family) {
  family_ = &family;
  headed_ = false;
}

void Exposition::line(std::string_view suffix, std::span<const Label> labels, const Label* more,
                      std::string_view value) {
  PENSTOCK_ASSERT(family_ != nullptr);
  if (!headed_) {
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", family_->name, family_->help,
                   to_string(family_->type));
    headed_ = true;
  }
  text_ += family_->name;
  text_ += suffix;
  char before = '{';
  const auto add = [&](const Label& label) {
    text_.push_back(before);
    before = ',';
    text_ += label.name;
    text_ += "=\"";
    append_label_value(text_, label.value);
    text_.push_back('"');
  };
  for (const Label& label : labels) add(label);
  if (more != nullptr) add(*more);
  if (before == ',') text_.push_back('}');
  text_.push_back(' ');
  text_ += value;
  text_.push_back('\n');
  ++samples_;
}

void Exposition::sample(Labels labels, std::uint64_t value) { line("", labels, nullptr, fmt::format("{}", value)); }

void Exposition::sample(Labels labels, double value) { line("", labels, nullptr, fmt::format("{}", value)); }

void Exposition::histogram(Labels labels, const Durations::Snapshot& durations) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < durations.counts.size(); ++i) {
    below += durations.counts[i];
    const bool last = i == Durations::kBounds.size();
    const std::string bound = last ? "+Inf" : fmt::format("{}", seconds(Durations::kBounds[i]));
    const Label le{"le", bound};
    line("_bucket", labels, &le, fmt::format("{}", below));
  }
  line("_sum", labels, nullptr, fmt::format("{}", seconds(durations.sum)));
  line("_count", labels, nullptr, fmt::format("{}", below));
}

void Exposition::summary_ms(Labels labels, const Average& average) {
  line("_sum", labels, nullptr, fmt::format("{}", static_cast<double>(average.sum()) / 1000));
  line("_count", labels, nullptr, fmt::format("{}", average.count()));
}

std::string Exposition::take() {
  std::string taken;
  taken.swap(text_);
  return taken;
}

}  // namespace penstock::telemetry
