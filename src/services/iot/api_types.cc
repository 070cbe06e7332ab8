#include "services/iot/api_types.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "core/encoding/base64.h"

namespace penstock::services::iot {

using codec::Place;
using codec::Rules;
using codec::Shape;
using codec::ShapeBuilder;

namespace {
constexpr std::size_t kTagsMax = 50;  ///< AWS General Reference, "Tag limits and restrictions"
constexpr std::string_view kTagKeyPattern = "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$";
}  // namespace

Rules name_in_path(std::string_view location, std::string_view pattern) {
  return {.required = true, .length = kNameLength, .pattern = pattern, .place = Place::path, .location = location};
}
Rules name_in_body() { return {.length = kNameLength, .pattern = kNamePattern}; }
Rules in_query(std::string_view location) { return {.place = Place::query, .location = location}; }
Rules in_header(std::string_view location) { return {.required = true, .place = Place::header, .location = location}; }
Rules marker_in_query() {
  return {.length = {.max = 1024}, .pattern = kMarkerPattern, .place = Place::query, .location = "marker"};
}
Rules page_size_in_query(std::string_view location) {
  return {.range = {.min = 1, .max = kPageMax}, .place = Place::query, .location = location};
}

const Shape& describe(const Empty*) {
  static const Shape shape = ShapeBuilder<Empty>("Empty").build();
  return shape;
}

const Shape& describe(const Tag*) {
  static const Shape shape =
      ShapeBuilder<Tag>("Tag")
          .field("Key", &Tag::key, {.required = true, .length = {.min = 1, .max = 128}, .pattern = kTagKeyPattern})
          .field("Value", &Tag::value, {.length = {.min = 0, .max = 256}})
          .build();
  return shape;
}

ApiResult<Changes> tag_changes(std::string_view resource, const TagList& tags) {
  if (!tags.has_value() || tags->empty()) return Changes{};
  if (tags->size() > kTagsMax) return std::unexpected(limit_exceeded("A resource can have 50 tags at most."));
  Tags document;
  for (const Tag& tag : *tags) {
    if (tag.key.starts_with("aws:")) {
      return std::unexpected(invalid_request("Tag keys that start with aws: are reserved for AWS use."));
    }
    if (!document.tags.emplace(tag.key, tag.value.value_or("")).second) {
      return std::unexpected(invalid_request(fmt::format("Duplicate tag key found: {}", tag.key)));
    }
  }
  return Changes{{.key = key::tags(resource), .expected = std::nullopt, .bytes = to_document(document)}};
}

iam::Conditions tag_conditions(const TagList& tags) {
  iam::Conditions conditions;
  if (!tags.has_value()) return conditions;
  for (const Tag& tag : *tags) {
    conditions["aws:RequestTag/" + tag.key] = {tag.value.value_or("")};
    conditions["aws:TagKeys"].push_back(tag.key);
  }
  return conditions;
}

std::string encode_token(std::string_view last) { return base64_encode(last); }

ApiResult<std::string> decode_token(std::string_view token) {
  auto last = base64_decode(token);
  if (!last.has_value() || last->empty()) return std::unexpected(invalid_request("Invalid pagination token."));
  return std::move(*last);
}

std::string date_token(const std::pair<std::int64_t, std::string>& row) {
  return encode_token(fmt::format("{}:{}", row.first, row.second));
}

ApiResult<std::pair<std::int64_t, std::string>> decode_date_token(std::string_view token) {
  PENSTOCK_TRY(std::string text, decode_token(token));
  std::pair<std::int64_t, std::string> row;
  const char* const text_end = text.data() + text.size();
  const auto [end, failed] = std::from_chars(text.data(), text_end, row.first);
  if (failed != std::errc{} || end == text_end || *end != ':') {
    return std::unexpected(invalid_request("Invalid pagination token."));
  }
  row.second.assign(end + 1, text_end);
  return row;
}

}  // namespace penstock::services::iot
