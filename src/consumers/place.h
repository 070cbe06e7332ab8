#pragma once
/// Where a reader stands in a shard: before the record `index` of the frame at `position`. Pure.

#include <compare>
#include <cstdint>

namespace penstock::consumers {

struct Place {
  std::uint64_t position = 0;
  std::uint16_t index = 0;
  auto operator<=>(const Place&) const = default;
};

/// Directly behind the record that stands at `place`.
[[nodiscard]] constexpr Place after(Place place) {
  if (place.index == UINT16_MAX) return {.position = place.position + 1, .index = 0};
  return {.position = place.position, .index = static_cast<std::uint16_t>(place.index + 1)};
}

}  // namespace penstock::consumers
