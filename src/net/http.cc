#include "net/http.h"

#include <algorithm>

#include "net/http_text.h"

namespace penstock::net {

void Headers::add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(entries_, [&](const auto& entry) { return same_ignoring_case(entry.first, name); });
  add(std::string(name), std::move(value));
}

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (same_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

std::string_view HttpRequest::path() const {
  const std::string_view whole = target;
  return whole.substr(0, whole.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::string_view whole = target;
  const std::size_t mark = whole.find('?');
  return mark == std::string_view::npos ? std::string_view{} : whole.substr(mark + 1);
}

}  // namespace penstock::net
