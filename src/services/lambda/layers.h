#pragma once
/// Layers: versions of a zip that functions lay over /opt; and who may use them.
/// Source: AWS Lambda API Reference, PublishLayerVersion and its like; Developer Guide, "Managing Lambda dependencies
/// with layers".

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/lambda/change.h"
#include "services/lambda/code_upload.h"
#include "services/lambda/page.h"

namespace penstock::services::lambda {

struct PublishLayerVersionInput {
  std::string layer_name{};
  std::optional<std::string> description{};
  FunctionCode content{};
  std::optional<std::vector<std::string>> compatible_runtimes{};
  std::optional<std::vector<std::string>> compatible_architectures{};
  std::optional<std::string> license_info{};
};
struct LayerContent {
  std::optional<std::string> location{};
  std::string code_sha256{};
  std::int64_t code_size = 0;
};
/// Of Publish and Get; lists leave out `content` and `layer_arn`.
struct LayerVersion {
  std::optional<LayerContent> content{};
  std::optional<std::string> layer_arn{};
  std::string layer_version_arn{};
  std::string description{};
  std::string created_date{};
  std::int64_t version = 0;
  std::optional<std::vector<std::string>> compatible_runtimes{};
  std::optional<std::vector<std::string>> compatible_architectures{};
  std::optional<std::string> license_info{};
};
const codec::Shape& describe(const PublishLayerVersionInput*);
const codec::Shape& describe(const LayerContent*);
const codec::Shape& describe(const LayerVersion*);
Answer<LayerVersion> publish_layer_version(CallContext& call, PublishLayerVersionInput input);

struct LayerVersionInput {
  std::string layer_name{};
  std::int64_t version_number = 0;
};
struct LayerVersionByArnInput {
  std::string arn{};
};
const codec::Shape& describe(const LayerVersionInput*);
const codec::Shape& describe(const LayerVersionByArnInput*);
Answer<LayerVersion> get_layer_version(CallContext& call, LayerVersionInput input);
Answer<LayerVersion> get_layer_version_by_arn(CallContext& call, LayerVersionByArnInput input);
Answer<Empty> delete_layer_version(CallContext& call, LayerVersionInput input);

struct LayerFilter : PageInput {
  std::optional<std::string> compatible_runtime{};
  std::optional<std::string> compatible_architecture{};
};
struct ListLayersInput : LayerFilter {};
struct ListLayerVersionsInput : LayerFilter {
  std::string layer_name{};
};
struct LayerListItem {
  std::string layer_name{};
  std::string layer_arn{};
  LayerVersion latest_matching_version{};
};
struct ListLayersOutput {
  std::optional<std::string> next_marker{};
  std::vector<LayerListItem> layers{};
};
struct ListLayerVersionsOutput {
  std::optional<std::string> next_marker{};
  std::vector<LayerVersion> layer_versions{};
};
const codec::Shape& describe(const ListLayersInput*);
const codec::Shape& describe(const ListLayerVersionsInput*);
const codec::Shape& describe(const LayerListItem*);
const codec::Shape& describe(const ListLayersOutput*);
const codec::Shape& describe(const ListLayerVersionsOutput*);
Answer<ListLayersOutput> list_layers(CallContext& call, ListLayersInput input);
Answer<ListLayerVersionsOutput> list_layer_versions(CallContext& call, ListLayerVersionsInput input);

struct AddLayerPermissionInput {
  std::string layer_name{};
  std::int64_t version_number = 0;
  std::string statement_id{};
  std::string action{};
  std::string principal{};
  std::optional<std::string> organization_id{};
  std::optional<std::string> revision_id{};
};
struct RemoveLayerPermissionInput {
  std::string layer_name{};
  std::int64_t version_number = 0;
  std::string statement_id{};
  std::optional<std::string> revision_id{};
};
struct LayerStatementOutput {
  std::string statement{};
  std::string revision_id{};
};
struct LayerPolicyOutput {
  std::string policy{};
  std::string revision_id{};
};
const codec::Shape& describe(const AddLayerPermissionInput*);
const codec::Shape& describe(const RemoveLayerPermissionInput*);
const codec::Shape& describe(const LayerStatementOutput*);
const codec::Shape& describe(const LayerPolicyOutput*);
Answer<LayerStatementOutput> add_layer_permission(CallContext& call, AddLayerPermissionInput input);
Answer<Empty> remove_layer_permission(CallContext& call, RemoveLayerPermissionInput input);
Answer<LayerPolicyOutput> get_layer_policy(CallContext& call, LayerVersionInput input);

/// The layer's name out of a name or an ARN. Errors: InvalidParameterValueException (of another account or region).
[[nodiscard]] ApiResult<std::string> parse_layer(const House& house, std::string_view given);
[[nodiscard]] std::string layer_resource(const CallContext& call, std::string_view given);
inline constexpr std::array<std::string_view, 2> kArchitectures = {"x86_64", "arm64"};
/// What CompatibleRuntimes may name.
[[nodiscard]] std::span<const std::string_view> layer_runtimes();

[[nodiscard]] ApiError no_layer_version(std::string_view arn);

template <class Input>
[[nodiscard]] Touched touch_layer(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const Input*>(input);
  std::string resource = layer_resource(call, request.layer_name);
  if constexpr (requires { request.version_number; }) resource += ":" + std::to_string(request.version_number);
  return {.resources = {std::move(resource)}, .conditions = {}, .resource_policies = {}};
}
[[nodiscard]] Touched touch_layer_by_arn(const CallContext& call, const void* input);

}  // namespace penstock::services::lambda
