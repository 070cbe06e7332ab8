#pragma once
/// Where devices connect.
/// Source: AWS IoT API Reference, DescribeEndpoint.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

struct DescribeEndpointInput {
  std::optional<std::string> endpoint_type{};
};
struct DescribeEndpointOutput {
  std::string endpoint_address{};
};
const codec::Shape& describe(const DescribeEndpointInput*);
const codec::Shape& describe(const DescribeEndpointOutput*);
Task<ApiResult<DescribeEndpointOutput>> describe_endpoint(CallContext& call, DescribeEndpointInput input);

}  // namespace penstock::services::iot
