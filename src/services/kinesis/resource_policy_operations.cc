// PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.
#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/resource_policies.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const PutResourcePolicyInput*) {
  static const Shape shape = ShapeBuilder<PutResourcePolicyInput>("PutResourcePolicyInput")
                                 .field("ResourceARN", &PutResourcePolicyInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &PutResourcePolicyInput::stream_id, stream_id_rules())
                                 .field("Policy", &PutResourcePolicyInput::policy, {.required = true})
                                 .build();
  return shape;
}
const Shape& describe(const GetResourcePolicyInput*) {
  static const Shape shape = ShapeBuilder<GetResourcePolicyInput>("GetResourcePolicyInput")
                                 .field("ResourceARN", &GetResourcePolicyInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &GetResourcePolicyInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}
const Shape& describe(const GetResourcePolicyOutput*) {
  static const Shape shape = ShapeBuilder<GetResourcePolicyOutput>("GetResourcePolicyOutput")
                                 .field("Policy", &GetResourcePolicyOutput::policy)
                                 .build();
  return shape;
}
const Shape& describe(const DeleteResourcePolicyInput*) {
  static const Shape shape = ShapeBuilder<DeleteResourcePolicyInput>("DeleteResourcePolicyInput")
                                 .field("ResourceARN", &DeleteResourcePolicyInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &DeleteResourcePolicyInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}

namespace {

/// As find_resource. Errors: ResourceInUseException too, when the stream is CREATING or DELETING, or the consumer is.
ApiResult<ResourceName> find_settled_resource(const CallContext& call, std::string_view arn) {
  PENSTOCK_TRY(ResourceName resource, find_resource(call, arn));
  const auto view = call.house.streams.get_settled(resource.stream);
  if (!view) return to_api_error(view.error(), Plane::control);
  if (resource.consumer.empty()) return resource;
  PENSTOCK_TRY(const auto consumer, find_consumer(call, *view, resource));
  if (consumer) PENSTOCK_TRY_VOID(check_active(call, resource.stream, *consumer));
  return resource;
}

std::unexpected<ApiError> no_policy(std::string_view arn) {
  return api_fail(kNotFound, fmt::format("No resource policy found for resource ARN {}.", arn));
}

}  // namespace

Answer<Empty> put_resource_policy(CallContext& call, PutResourcePolicyInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_CO_TRY(ResourceName resource, find_settled_resource(call, input.resource_arn));
  if (const auto good = check_resource_policy(input.policy, input.resource_arn); !good) {
    co_return to_api_error(good.error(), Plane::control);
  }
  const auto put = co_await put_resource_policy_document(call.house.streams, call.house.catalog, std::move(resource),
                                                         std::move(input.policy));
  if (!put) co_return to_api_error(put.error(), Plane::control);
  co_return Empty{};
}

Answer<GetResourcePolicyOutput> get_resource_policy(CallContext& call, GetResourcePolicyInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_CO_TRY(const ResourceName resource, find_settled_resource(call, input.resource_arn));
  std::string policy = resource_policy(call.house.streams, call.house.catalog, resource);
  if (policy.empty()) co_return no_policy(input.resource_arn);
  co_return GetResourcePolicyOutput{.policy = std::move(policy)};
}

Answer<Empty> delete_resource_policy(CallContext& call, DeleteResourcePolicyInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_CO_TRY(ResourceName resource, find_settled_resource(call, input.resource_arn));
  if (resource_policy(call.house.streams, call.house.catalog, resource).empty()) {
    co_return no_policy(input.resource_arn);
  }
  const auto removed =
      co_await remove_resource_policy_document(call.house.streams, call.house.catalog, std::move(resource));
  if (!removed) co_return to_api_error(removed.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
