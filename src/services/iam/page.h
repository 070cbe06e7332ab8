#pragma once
/// Marker, MaxItems, IsTruncated. A marker is the last key given, so that a list may change between its pages.
/// Source: IAM API Reference, ListRoles: MaxItems is 100 when it is not given.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/encoding/base64.h"
#include "services/iam/errors.h"

namespace penstock::services::iam_api {

template <class Item>
struct Page {
  std::vector<Item> items;
  bool is_truncated = false;
  std::optional<std::string> marker;
};

/// `items` sorted by key_of(item), which is unique.
template <class Item, class KeyOf>
ApiResult<Page<Item>> page_of(std::vector<Item> items, const std::optional<std::string>& marker,
                              std::optional<std::int32_t> max_items, KeyOf key_of) {
  auto first = items.begin();
  if (marker) {
    const auto after = base64_decode(*marker);
    if (!after) return validation_error("Invalid Marker.");
    first = std::find_if(first, items.end(), [&](const Item& item) { return key_of(item) > *after; });
  }
  Page<Item> page;
  const auto wanted = static_cast<std::ptrdiff_t>(max_items.value_or(100));
  const auto last = items.end() - first > wanted ? first + wanted : items.end();
  page.items.assign(std::make_move_iterator(first), std::make_move_iterator(last));
  if (last != items.end()) {
    page.is_truncated = true;
    page.marker = base64_encode(key_of(page.items.back()));
  }
  return page;
}

}  // namespace penstock::services::iam_api
