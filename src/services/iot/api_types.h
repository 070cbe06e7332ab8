#pragma once
/// What the operations of AWS IoT share: structures, patterns, pages, the functions that name resources.
/// Source: AWS IoT API Reference, "Data Types" and the parameters of each operation.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shape.h"
#include "services/house.h"
#include "services/iot/errors.h"
#include "services/iot/iot_core.h"
#include "services/operation.h"

namespace penstock::services::iot {

using Changes = std::vector<catalog::Change>;

/// Thing, type and group names.
inline constexpr std::string_view kNamePattern = "[a-zA-Z0-9:_-]+";
inline constexpr std::string_view kPolicyNamePattern = "[\\w+=,.@-]+";
inline constexpr std::string_view kCertificateIdPattern = "(0x)?[a-fA-F0-9]+";
inline constexpr std::string_view kMarkerPattern = "[A-Za-z0-9+/]+={0,2}";
inline constexpr codec::Bounds kNameLength{.min = 1, .max = 128};
inline constexpr std::int32_t kPageMax = 250;

[[nodiscard]] codec::Rules name_in_path(std::string_view location, std::string_view pattern = kNamePattern);
[[nodiscard]] codec::Rules name_in_body();
[[nodiscard]] codec::Rules in_query(std::string_view location);
[[nodiscard]] codec::Rules in_header(std::string_view location);
[[nodiscard]] codec::Rules marker_in_query();
[[nodiscard]] codec::Rules page_size_in_query(std::string_view location);

/// Request or answer without members.
struct Empty {};
const codec::Shape& describe(const Empty*);

struct Tag {
  std::string key;
  std::optional<std::string> value;
};
const codec::Shape& describe(const Tag*);
using TagList = std::optional<std::vector<Tag>>;

/// The document of a new resource's tags; nothing when there are none. Errors: InvalidRequestException (repeated key,
/// a key of AWS's own, more than 50).
[[nodiscard]] ApiResult<Changes> tag_changes(std::string_view resource, const TagList& tags);
[[nodiscard]] iam::Conditions tag_conditions(const TagList& tags);

/// One page of something ordered by name: `take` is called for each row after the token until it has said yes `limit`
/// times; the token of the next page is given when rows remain. Looks at kRowsPerPageMax rows at most, so a page of a
/// filtered list may hold fewer (or no) rows and still have a next one.
inline constexpr std::size_t kRowsPerPageMax = 20'000;
template <class Rows, class Take>
[[nodiscard]] ApiResult<std::optional<std::string>> page_by_name(const Rows& rows,
                                                                 const std::optional<std::string>& token,
                                                                 std::optional<std::int32_t> limit, Take&& take);
/// The same for Table::by_date (newest first unless ascending): rows are pairs of date and name.
template <class Take>
[[nodiscard]] ApiResult<std::optional<std::string>> page_by_date(
    const std::set<std::pair<std::int64_t, std::string>>& rows, const std::optional<std::string>& token,
    std::optional<std::int32_t> limit, bool ascending, Take&& take);

[[nodiscard]] std::string encode_token(std::string_view last);
[[nodiscard]] ApiResult<std::string> decode_token(std::string_view token);
[[nodiscard]] std::string date_token(const std::pair<std::int64_t, std::string>& row);
[[nodiscard]] ApiResult<std::pair<std::int64_t, std::string>> decode_date_token(std::string_view token);

// ---- Resources of operations (Service Authorization Reference, "Actions, resources, and condition keys for AWS IoT")
[[nodiscard]] inline Touched touch_everything(const CallContext& /*call*/, const void* /*input*/) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

template <std::size_t size>
struct Literal {
  consteval Literal(const char (&from)[size]) { std::copy_n(from, size, text); }  // NOLINT: meant to convert
  char text[size];
};

/// touch<"thing/", &DescribeThingInput::thing_name>: the resource is a prefix and a member of the input.
template <Literal prefix, auto member>
[[nodiscard]] Touched touch(const CallContext& call, const void* input) {
  const auto name_of = []<class Input>(std::string Input::* pointer, const void* from) -> const std::string& {
    return static_cast<const Input*>(from)->*pointer;
  };
  return {.resources = {call.house.iot.arn(prefix.text + name_of(member, input))},
          .conditions = {},
          .resource_policies = {}};
}
/// The same for operations that take tags in a member `tags`.
template <Literal prefix, auto member, class Input>
[[nodiscard]] Touched touch_tagged(const CallContext& call, const void* input) {
  Touched touched = touch<prefix, member>(call, input);
  touched.conditions = tag_conditions(static_cast<const Input*>(input)->tags);
  return touched;
}

// ---- Templates
template <class Rows, class Take>
ApiResult<std::optional<std::string>> page_by_name(const Rows& rows, const std::optional<std::string>& token,
                                                   std::optional<std::int32_t> limit, Take&& take) {
  auto row = rows.begin();
  if (token.has_value()) {
    PENSTOCK_TRY(const std::string last, decode_token(*token));
    row = rows.upper_bound(last);
  }
  std::size_t seen = 0;
  std::int32_t taken = 0;
  const std::string* last = nullptr;
  for (; row != rows.end(); ++row) {
    if (taken == limit.value_or(kPageMax) || seen == kRowsPerPageMax) return encode_token(*last);
    const std::string* name = nullptr;
    if constexpr (requires { row->first; }) {
      name = &row->first;
    } else {
      name = &*row;
    }
    if (take(*row)) ++taken;
    ++seen;
    last = name;
  }
  return std::nullopt;
}

template <class Take>
ApiResult<std::optional<std::string>> page_by_date(const std::set<std::pair<std::int64_t, std::string>>& rows,
                                                   const std::optional<std::string>& token,
                                                   std::optional<std::int32_t> limit, bool ascending, Take&& take) {
  std::optional<std::pair<std::int64_t, std::string>> last;
  if (token.has_value()) {
    PENSTOCK_TRY(last, decode_date_token(*token));
  }
  std::int32_t taken = 0;
  const auto walk = [&](auto row, auto end) -> std::optional<std::string> {
    for (; row != end; ++row) {
      if (taken == limit.value_or(kPageMax)) return date_token(*last);
      take(row->second);
      ++taken;
      last = *row;
    }
    return std::nullopt;
  };
  if (ascending) return walk(last.has_value() ? rows.upper_bound(*last) : rows.begin(), rows.end());
  return walk(std::make_reverse_iterator(last.has_value() ? rows.lower_bound(*last) : rows.end()), rows.rend());
}

}  // namespace penstock::services::iot
