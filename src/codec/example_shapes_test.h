#pragma once
/// Shapes for the tests of this room.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"

namespace penstock::codec {

struct Child {
  std::string key{};
  std::optional<std::string> value{};
};
const Shape& describe(const Child*);

/// A member of every kind.
struct Everything {
  std::optional<bool> flag{};
  std::optional<std::int32_t> count{};
  std::optional<std::int64_t> total{};
  std::optional<double> ratio{};
  std::optional<std::string> name{};
  std::optional<Blob> data{};
  std::optional<Timestamp> when{};
  std::optional<JsonText> document{};
  std::optional<Child> child{};
  std::optional<std::vector<std::string>> names{};
  std::optional<std::vector<Child>> children{};
  std::optional<std::map<std::string, std::string>> labels{};
  std::optional<std::map<std::string, std::vector<std::string>>> tree{};
};
const Shape& describe(const Everything*);

/// REST-JSON: a member in every place.
struct RestExample {
  std::string thing_name{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::vector<std::string>> tag_keys{};
  std::optional<Timestamp> since{};
  std::optional<std::string> mode{};
  std::optional<Timestamp> modified{};
  std::optional<std::string> note{};
  std::optional<std::vector<Child>> children{};
};
const Shape& describe(const RestExample*);

struct PayloadExample {
  std::optional<std::string> mode{};
  std::optional<Child> child{};
};
const Shape& describe(const PayloadExample*);

struct RawPayloadExample {
  std::optional<Blob> payload{};
};
const Shape& describe(const RawPayloadExample*);

}  // namespace penstock::codec
