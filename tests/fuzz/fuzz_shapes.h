#pragma once
/// Shapes with a member of every kind and place, for the codec's fuzz targets.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"

namespace penstock::fuzz {

struct Anything {
  std::optional<bool> flag{};
  std::optional<std::int32_t> count{};
  std::optional<std::int64_t> total{};
  std::optional<double> ratio{};
  std::optional<std::string> name{};
  std::optional<codec::Blob> data{};
  std::optional<Timestamp> when{};
  std::optional<codec::JsonText> document{};
  std::optional<std::vector<std::string>> names{};
  std::optional<std::vector<Anything>> children{};  // recursive
  std::optional<std::map<std::string, std::string>> labels{};
  std::optional<std::map<std::string, std::vector<Anything>>> tree{};
  std::string needed{};
};
inline const codec::Shape& describe(const Anything*) {
  using A = Anything;
  static const codec::Shape shape = codec::ShapeBuilder<A>("Anything")
                                        .field("F", &A::flag)
                                        .field("C", &A::count, {.range = {-5, 5}})
                                        .field("T", &A::total)
                                        .field("R", &A::ratio, {.range = {0, 1}})
                                        .field("N", &A::name, {.length = {1, 4}, .pattern = "[a-z]+"})
                                        .field("D", &A::data, {.length = {0, 4}})
                                        .field("W", &A::when)
                                        .field("J", &A::document)
                                        .field("L", &A::names, {.element_length = {1, 2}, .element_one_of = {"a", "b"}})
                                        .field("K", &A::children, {.length = {0, 3}})
                                        .field("M", &A::labels, {.element_pattern = "x*", .key_length = {1, 2}})
                                        .field("B", &A::tree)
                                        .field("Needed", &A::needed, {.required = true})
                                        .build();
  return shape;
}

struct Rest {
  std::string name{};
  std::optional<std::string> mode{};
  std::optional<Timestamp> modified{};
  std::optional<std::vector<std::string>> tags{};
  std::optional<std::int32_t> count{};
  std::optional<Anything> body{};
  std::optional<std::string> note{};
};
inline const codec::Shape& describe(const Rest*) {
  using codec::Place;
  static const codec::Shape shape =
      codec::ShapeBuilder<Rest>("Rest")
          .field("name", &Rest::name, {.required = true, .place = Place::path})
          .field("mode", &Rest::mode, {.place = Place::header, .location = "X-Mode"})
          .field("modified", &Rest::modified, {.place = Place::header, .location = "Last-Modified"})
          .field("tags", &Rest::tags, {.place = Place::query})
          .field("count", &Rest::count, {.place = Place::query})
          .field("body", &Rest::body)
          .field("note", &Rest::note)
          .build();
  return shape;
}

}  // namespace penstock::fuzz
