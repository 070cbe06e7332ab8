#pragma once
/// Where a decoder or the validator stands inside a value: a chain of nodes on the stack, written out only for
/// messages.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shape.h"

namespace penstock::codec {

struct Path {
  enum class Step : unsigned char { member, item, entry };
  const Path* parent;
  Step step;
  std::string_view name;      ///< of a member or a map's key
  std::size_t index_one = 0;  ///< of a list's item, from 1
};

/// AWS's form: members with a small first letter, list items as "1.member": "records.1.member.partitionKey".
[[nodiscard]] std::string path_text(const Path* path);

/// Paths of required members that the input did not hold and that the struct cannot show as absent.
using MissingMembers = std::vector<std::string>;

/// AWS lists no more than ten violations.
inline constexpr std::size_t kViolationsMax = 10;

/// As validate(), and each of `missing` is "Member must not be null".
[[nodiscard]] std::string validate_with_missing(const Shape& shape, const void* value, const MissingMembers& missing);

}  // namespace penstock::codec
