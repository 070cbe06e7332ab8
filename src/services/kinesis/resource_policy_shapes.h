#pragma once
/// Requests and answers about resource policies. Source: Kinesis API Reference, the actions of the same names.

#include <string>

#include "codec/shape.h"

namespace penstock::services::kinesis {

struct PutResourcePolicyInput {
  std::string resource_arn{};
  std::string policy{};
};

struct GetResourcePolicyInput {
  std::string resource_arn{};
};

struct GetResourcePolicyOutput {
  std::string policy{};
};

struct DeleteResourcePolicyInput {
  std::string resource_arn{};
};

const codec::Shape& describe(const PutResourcePolicyInput*);
const codec::Shape& describe(const GetResourcePolicyInput*);
const codec::Shape& describe(const GetResourcePolicyOutput*);
const codec::Shape& describe(const DeleteResourcePolicyInput*);

}  // namespace penstock::services::kinesis
