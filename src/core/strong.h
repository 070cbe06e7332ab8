#pragma once
/// Distinct types for ids and counts, so that a shard index cannot be passed for a position.

#include <compare>
#include <cstddef>
#include <functional>

namespace penstock {

template <class Tag, class T>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(value) {}
  [[nodiscard]] constexpr T get() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

}  // namespace penstock

template <class Tag, class T>
struct std::hash<penstock::Strong<Tag, T>> {
  std::size_t operator()(const penstock::Strong<Tag, T>& id) const noexcept { return std::hash<T>{}(id.get()); }
};
