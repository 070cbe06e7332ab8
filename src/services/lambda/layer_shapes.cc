#include "services/lambda/layers.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kLayerNamePattern =
    "(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+";

codec::Rules layer_name_rules() {
  return {.required = true,
          .length = {.min = 1, .max = 140},
          .pattern = kLayerNamePattern,
          .place = codec::Place::path,
          .location = "LayerName"};
}

codec::Rules version_rules() { return {.required = true, .place = codec::Place::path, .location = "VersionNumber"}; }

/// What layers may say they go with; as recorded in 2024-04, and what AWS has taken up since (Developer Guide, "Lambda
/// runtimes").
constexpr std::string_view kRuntimes[] = {
    "nodejs24.x", "nodejs22.x", "nodejs20.x", "provided.al2023", "python3.14", "python3.13", "python3.12",
    "java17",     "nodejs16.x", "dotnet8",    "python3.10",      "java11",     "python3.11", "dotnet6",
    "java21",     "nodejs18.x", "dotnet9",    "dotnet10",        "java25",     "ruby3.4",    "provided.al2",
    "ruby3.3",    "java8.al2",  "ruby3.2",    "python3.8",       "python3.9",  "python3.7",  "nodejs14.x",
    "nodejs12.x", "java8",      "go1.x",      "dotnetcore3.1",   "ruby2.7",    "provided"};

template <class Input>
void add_filter(ShapeBuilder<Input>& builder) {
  std::optional<std::string> Input::* runtime = &LayerFilter::compatible_runtime;
  std::optional<std::string> Input::* architecture = &LayerFilter::compatible_architecture;
  codec::Rules runtime_rules = in_query("CompatibleRuntime");
  runtime_rules.one_of = {std::begin(kRuntimes), std::end(kRuntimes)};
  codec::Rules architecture_rules = in_query("CompatibleArchitecture");
  architecture_rules.one_of = {kArchitectures.begin(), kArchitectures.end()};
  builder.field("CompatibleRuntime", runtime, std::move(runtime_rules))
      .field("CompatibleArchitecture", architecture, std::move(architecture_rules));
  add_page(builder, 50);
}

}  // namespace

std::span<const std::string_view> layer_runtimes() { return kRuntimes; }

const Shape& describe(const PublishLayerVersionInput*) {
  using Input = PublishLayerVersionInput;
  static const Shape shape =
      ShapeBuilder<Input>("PublishLayerVersionRequest")
          .field("LayerName", &Input::layer_name, layer_name_rules())
          .field("Description", &Input::description, {.length = {.min = 0, .max = 256}})
          .field("Content", &Input::content, {.required = true})
          .field("CompatibleRuntimes", &Input::compatible_runtimes, {.length = {.max = 15}})
          .field("CompatibleArchitectures", &Input::compatible_architectures, {.length = {.max = 2}})
          .field("LicenseInfo", &Input::license_info, {.length = {.max = 512}})
          .build();
  return shape;
}

const Shape& describe(const LayerContent*) {
  static const Shape shape = ShapeBuilder<LayerContent>("LayerVersionContentOutput")
                                 .field("Location", &LayerContent::location)
                                 .field("CodeSha256", &LayerContent::code_sha256)
                                 .field("CodeSize", &LayerContent::code_size)
                                 .build();
  return shape;
}

const Shape& describe(const LayerVersion*) {
  using Out = LayerVersion;
  static const Shape shape = ShapeBuilder<Out>("LayerVersion")
                                 .field("Content", &Out::content)
                                 .field("LayerArn", &Out::layer_arn)
                                 .field("LayerVersionArn", &Out::layer_version_arn)
                                 .field("Description", &Out::description)
                                 .field("CreatedDate", &Out::created_date)
                                 .field("Version", &Out::version)
                                 .field("CompatibleRuntimes", &Out::compatible_runtimes)
                                 .field("CompatibleArchitectures", &Out::compatible_architectures)
                                 .field("LicenseInfo", &Out::license_info)
                                 .build();
  return shape;
}

const Shape& describe(const LayerVersionInput*) {
  static const Shape shape = ShapeBuilder<LayerVersionInput>("LayerVersionRequest")
                                 .field("LayerName", &LayerVersionInput::layer_name, layer_name_rules())
                                 .field("VersionNumber", &LayerVersionInput::version_number, version_rules())
                                 .build();
  return shape;
}

const Shape& describe(const LayerVersionByArnInput*) {
  static const Shape shape =
      ShapeBuilder<LayerVersionByArnInput>("GetLayerVersionByArnRequest")
          .field("Arn", &LayerVersionByArnInput::arn,
                 {.required = true,
                  .length = {.min = 1, .max = 140},
                  .pattern = "arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:layer:"
                             "[a-zA-Z0-9-_]+:[0-9]+",
                  .place = codec::Place::query,
                  .location = "Arn"})
          .build();
  return shape;
}

const Shape& describe(const ListLayersInput*) {
  static const Shape shape = [] {
    ShapeBuilder<ListLayersInput> builder("ListLayersRequest");
    add_filter(builder);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListLayerVersionsInput*) {
  static const Shape shape = [] {
    ShapeBuilder<ListLayerVersionsInput> builder("ListLayerVersionsRequest");
    builder.field("LayerName", &ListLayerVersionsInput::layer_name, layer_name_rules());
    add_filter(builder);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const LayerListItem*) {
  static const Shape shape = ShapeBuilder<LayerListItem>("LayersListItem")
                                 .field("LayerName", &LayerListItem::layer_name)
                                 .field("LayerArn", &LayerListItem::layer_arn)
                                 .field("LatestMatchingVersion", &LayerListItem::latest_matching_version)
                                 .build();
  return shape;
}

const Shape& describe(const ListLayersOutput*) {
  static const Shape shape = ShapeBuilder<ListLayersOutput>("ListLayersResponse")
                                 .field("NextMarker", &ListLayersOutput::next_marker)
                                 .field("Layers", &ListLayersOutput::layers)
                                 .build();
  return shape;
}

const Shape& describe(const ListLayerVersionsOutput*) {
  static const Shape shape = ShapeBuilder<ListLayerVersionsOutput>("ListLayerVersionsResponse")
                                 .field("NextMarker", &ListLayerVersionsOutput::next_marker)
                                 .field("LayerVersions", &ListLayerVersionsOutput::layer_versions)
                                 .build();
  return shape;
}

const Shape& describe(const AddLayerPermissionInput*) {
  using Input = AddLayerPermissionInput;
  static const Shape shape =
      ShapeBuilder<Input>("AddLayerVersionPermissionRequest")
          .field("LayerName", &Input::layer_name, layer_name_rules())
          .field("VersionNumber", &Input::version_number, version_rules())
          .field("StatementId", &Input::statement_id,
                 {.required = true, .length = {.min = 1, .max = 100}, .pattern = "([a-zA-Z0-9-_]+)"})
          .field("Action", &Input::action,
                 {.required = true, .length = {.max = 22}, .pattern = "lambda:GetLayerVersion"})
          .field("Principal", &Input::principal,
                 {.required = true, .pattern = "\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root"})
          .field("OrganizationId", &Input::organization_id, {.length = {.max = 34}, .pattern = "o-[a-z0-9]{10,32}"})
          .field("RevisionId", &Input::revision_id, in_query("RevisionId"))
          .build();
  return shape;
}

const Shape& describe(const RemoveLayerPermissionInput*) {
  using Input = RemoveLayerPermissionInput;
  static const Shape shape = ShapeBuilder<Input>("RemoveLayerVersionPermissionRequest")
                                 .field("LayerName", &Input::layer_name, layer_name_rules())
                                 .field("VersionNumber", &Input::version_number, version_rules())
                                 .field("StatementId", &Input::statement_id,
                                        {.required = true,
                                         .length = {.min = 1, .max = 100},
                                         .pattern = "([a-zA-Z0-9-_]+)",
                                         .place = codec::Place::path,
                                         .location = "StatementId"})
                                 .field("RevisionId", &Input::revision_id, in_query("RevisionId"))
                                 .build();
  return shape;
}

const Shape& describe(const LayerStatementOutput*) {
  static const Shape shape = ShapeBuilder<LayerStatementOutput>("AddLayerVersionPermissionResponse")
                                 .field("Statement", &LayerStatementOutput::statement)
                                 .field("RevisionId", &LayerStatementOutput::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const LayerPolicyOutput*) {
  static const Shape shape = ShapeBuilder<LayerPolicyOutput>("GetLayerVersionPolicyResponse")
                                 .field("Policy", &LayerPolicyOutput::policy)
                                 .field("RevisionId", &LayerPolicyOutput::revision_id)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
