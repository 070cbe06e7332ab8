#include "services/iot/operations/endpoint.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {
/// AWS answers with a host alone, and device SDKs connect to this port of it.
constexpr std::string_view kDefaultPort = ":8883";
}  // namespace

Task<ApiResult<DescribeEndpointOutput>> describe_endpoint(CallContext& call, DescribeEndpointInput input) {
  const std::string type = input.endpoint_type.value_or("iot:Data");
  if (type == "iot:Data" || type == "iot:Data-ATS") {
    std::string address = call.house.iot.endpoints().mqtts;
    if (address.empty()) co_return std::unexpected(invalid_request("This server has no MQTT TLS listener."));
    if (address.ends_with(kDefaultPort)) address.resize(address.size() - kDefaultPort.size());
    co_return DescribeEndpointOutput{.endpoint_address = std::move(address)};
  }
  if (type == "iot:CredentialProvider" || type == "iot:Jobs" || type == "iot:Data-Beta") {
    co_return std::unexpected(invalid_request(fmt::format("Endpoint type {} is not implemented by Penstock.", type)));
  }
  co_return std::unexpected(invalid_request(fmt::format("Endpoint type {} not recognized.", type)));
}

const Shape& describe(const DescribeEndpointInput*) {
  static const Shape shape =
      ShapeBuilder<DescribeEndpointInput>("DescribeEndpointRequest")
          .field("endpointType", &DescribeEndpointInput::endpoint_type,
                 {.length = {.max = 128}, .place = codec::Place::query, .location = "endpointType"})
          .build();
  return shape;
}

const Shape& describe(const DescribeEndpointOutput*) {
  static const Shape shape = ShapeBuilder<DescribeEndpointOutput>("DescribeEndpointResponse")
                                 .field("endpointAddress", &DescribeEndpointOutput::endpoint_address)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
