#pragma once
/// Pages of lists: items in the order of their keys; a marker names the last one that was given.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/shape.h"
#include "core/encoding/base64.h"
#include "services/lambda/errors.h"

namespace penstock::services::lambda {

/// The Marker and MaxItems of a request's query.
struct PageInput {
  std::optional<std::string> marker{};
  std::optional<std::int32_t> max_items{};
};

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_marker;
};

/// `keyed` is sorted by its keys. Errors: InvalidParameterValueException (a marker of nobody's).
template <class T>
[[nodiscard]] ApiResult<Page<T>> page_of(std::vector<std::pair<std::string, T>> keyed, const PageInput& page,
                                         std::size_t default_max) {
  auto from = keyed.begin();
  if (page.marker.has_value() && !page.marker->empty()) {
    const auto last = base64_decode(*page.marker);
    if (!last.has_value()) return std::unexpected(invalid_parameter("Invalid pagination token."));
    from = std::ranges::upper_bound(keyed, *last, {}, &std::pair<std::string, T>::first);
  }
  const auto left = static_cast<std::size_t>(keyed.end() - from);
  const std::size_t count =
      std::min(left, page.max_items.has_value() ? static_cast<std::size_t>(*page.max_items) : default_max);
  Page<T> out;
  for (std::size_t i = 0; i < count; ++i, ++from) {
    if (i + 1 == count && count < left) out.next_marker = base64_encode(from->first);
    out.items.push_back(std::move(from->second));
  }
  return out;
}

/// The two members, for the shape of an input that derives from PageInput.
template <class Input>
void add_page(codec::ShapeBuilder<Input>& shape, std::int32_t items_max) {
  std::optional<std::string> Input::* marker = &PageInput::marker;
  std::optional<std::int32_t> Input::* max_items = &PageInput::max_items;
  shape.field("Marker", marker, {.place = codec::Place::query, .location = "Marker"})
      .field("MaxItems", max_items,
             {.range = {.min = 1, .max = items_max}, .place = codec::Place::query, .location = "MaxItems"});
}

}  // namespace penstock::services::lambda
