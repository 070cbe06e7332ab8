#include "functions/records.h"

namespace penstock::functions {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const CodeRecord*) {
  static const Shape shape = ShapeBuilder<CodeRecord>("CodeRecord")
                                 .field("sha256_hex", &CodeRecord::sha256_hex)
                                 .field("zip_bytes", &CodeRecord::zip_bytes)
                                 .field("unpacked_bytes", &CodeRecord::unpacked_bytes)
                                 .build();
  return shape;
}

const Shape& describe(const LayerUse*) {
  static const Shape shape =
      ShapeBuilder<LayerUse>("LayerUse").field("arn", &LayerUse::arn).field("code", &LayerUse::code).build();
  return shape;
}

const Shape& describe(const LoggingRecord*) {
  static const Shape shape = ShapeBuilder<LoggingRecord>("LoggingRecord")
                                 .field("group", &LoggingRecord::group)
                                 .field("json", &LoggingRecord::json)
                                 .field("application_level", &LoggingRecord::application_level)
                                 .field("system_level", &LoggingRecord::system_level)
                                 .build();
  return shape;
}

const Shape& describe(const VersionRecord*) {
  static const Shape shape = ShapeBuilder<VersionRecord>("VersionRecord")
                                 .field("format", &VersionRecord::format)
                                 .field("function", &VersionRecord::function)
                                 .field("version", &VersionRecord::version)
                                 .field("description", &VersionRecord::description)
                                 .field("role_arn", &VersionRecord::role_arn)
                                 .field("runtime", &VersionRecord::runtime)
                                 .field("handler", &VersionRecord::handler)
                                 .field("timeout_seconds", &VersionRecord::timeout_seconds)
                                 .field("memory_mb", &VersionRecord::memory_mb)
                                 .field("ephemeral_mb", &VersionRecord::ephemeral_mb)
                                 .field("environment", &VersionRecord::environment)
                                 .field("code", &VersionRecord::code)
                                 .field("layers", &VersionRecord::layers)
                                 .field("architecture", &VersionRecord::architecture)
                                 .field("logging", &VersionRecord::logging)
                                 .field("modified", &VersionRecord::modified)
                                 .field("revision_id", &VersionRecord::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const FunctionRecord*) {
  static const Shape shape = ShapeBuilder<FunctionRecord>("FunctionRecord")
                                 .field("format", &FunctionRecord::format)
                                 .field("name", &FunctionRecord::name)
                                 .field("latest", &FunctionRecord::latest)
                                 .field("next_version", &FunctionRecord::next_version)
                                 .field("reserved_concurrency", &FunctionRecord::reserved_concurrency)
                                 .field("tags", &FunctionRecord::tags)
                                 .field("created", &FunctionRecord::created)
                                 .build();
  return shape;
}

const Shape& describe(const AliasRecord*) {
  static const Shape shape = ShapeBuilder<AliasRecord>("AliasRecord")
                                 .field("format", &AliasRecord::format)
                                 .field("name", &AliasRecord::name)
                                 .field("version", &AliasRecord::version)
                                 .field("description", &AliasRecord::description)
                                 .field("second_version", &AliasRecord::second_version)
                                 .field("second_weight", &AliasRecord::second_weight)
                                 .field("revision_id", &AliasRecord::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const Statement*) {
  static const Shape shape =
      ShapeBuilder<Statement>("Statement").field("id", &Statement::id).field("json", &Statement::json).build();
  return shape;
}

const Shape& describe(const PolicyRecord*) {
  static const Shape shape = ShapeBuilder<PolicyRecord>("PolicyRecord")
                                 .field("format", &PolicyRecord::format)
                                 .field("statements", &PolicyRecord::statements)
                                 .field("revision_id", &PolicyRecord::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const InvokeConfigRecord*) {
  static const Shape shape = ShapeBuilder<InvokeConfigRecord>("InvokeConfigRecord")
                                 .field("format", &InvokeConfigRecord::format)
                                 .field("retries_max", &InvokeConfigRecord::retries_max)
                                 .field("age_seconds_max", &InvokeConfigRecord::age_seconds_max)
                                 .field("on_success_arn", &InvokeConfigRecord::on_success_arn)
                                 .field("on_failure_arn", &InvokeConfigRecord::on_failure_arn)
                                 .field("modified", &InvokeConfigRecord::modified)
                                 .build();
  return shape;
}

const Shape& describe(const ProvisionedRecord*) {
  static const Shape shape = ShapeBuilder<ProvisionedRecord>("ProvisionedRecord")
                                 .field("format", &ProvisionedRecord::format)
                                 .field("environments", &ProvisionedRecord::environments)
                                 .field("modified", &ProvisionedRecord::modified)
                                 .build();
  return shape;
}

const Shape& describe(const CorsRecord*) {
  static const Shape shape = ShapeBuilder<CorsRecord>("CorsRecord")
                                 .field("allow_credentials", &CorsRecord::allow_credentials)
                                 .field("allow_headers", &CorsRecord::allow_headers)
                                 .field("allow_methods", &CorsRecord::allow_methods)
                                 .field("allow_origins", &CorsRecord::allow_origins)
                                 .field("expose_headers", &CorsRecord::expose_headers)
                                 .field("age_seconds_max", &CorsRecord::age_seconds_max)
                                 .build();
  return shape;
}

const Shape& describe(const UrlRecord*) {
  static const Shape shape = ShapeBuilder<UrlRecord>("UrlRecord")
                                 .field("format", &UrlRecord::format)
                                 .field("id", &UrlRecord::id)
                                 .field("auth_type", &UrlRecord::auth_type)
                                 .field("invoke_mode", &UrlRecord::invoke_mode)
                                 .field("cors", &UrlRecord::cors)
                                 .field("created", &UrlRecord::created)
                                 .field("modified", &UrlRecord::modified)
                                 .build();
  return shape;
}

const Shape& describe(const LayerVersionRecord*) {
  static const Shape shape = ShapeBuilder<LayerVersionRecord>("LayerVersionRecord")
                                 .field("format", &LayerVersionRecord::format)
                                 .field("name", &LayerVersionRecord::name)
                                 .field("version", &LayerVersionRecord::version)
                                 .field("description", &LayerVersionRecord::description)
                                 .field("license", &LayerVersionRecord::license)
                                 .field("runtimes", &LayerVersionRecord::runtimes)
                                 .field("architectures", &LayerVersionRecord::architectures)
                                 .field("code", &LayerVersionRecord::code)
                                 .field("created", &LayerVersionRecord::created)
                                 .field("policy", &LayerVersionRecord::policy)
                                 .build();
  return shape;
}

const Shape& describe(const LayerRecord*) {
  static const Shape shape = ShapeBuilder<LayerRecord>("LayerRecord")
                                 .field("format", &LayerRecord::format)
                                 .field("next_version", &LayerRecord::next_version)
                                 .build();
  return shape;
}

}  // namespace penstock::functions
