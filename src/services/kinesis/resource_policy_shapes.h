#pragma once
/// Requests and answers about resource policies. Source: Kinesis API Reference, the actions of the same names.

#include <optional>
#include <string>

#include "codec/shape.h"

namespace penstock::services::kinesis {

struct PutResourcePolicyInput {
  std::string resource_arn{};
  std::string policy{};
  std::optional<std::string> stream_id{};
};

struct GetResourcePolicyInput {
  std::string resource_arn{};
  std::optional<std::string> stream_id{};
};

struct GetResourcePolicyOutput {
  std::string policy{};
};

struct DeleteResourcePolicyInput {
  std::string resource_arn{};
  std::optional<std::string> stream_id{};
};

const codec::Shape& describe(const PutResourcePolicyInput*);
const codec::Shape& describe(const GetResourcePolicyInput*);
const codec::Shape& describe(const GetResourcePolicyOutput*);
const codec::Shape& describe(const DeleteResourcePolicyInput*);

}  // namespace penstock::services::kinesis
