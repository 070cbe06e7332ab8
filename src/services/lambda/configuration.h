#pragma once
/// A function's configuration as the API carries it: what CreateFunction and UpdateFunctionConfiguration take, what
/// every operation on functions answers.
/// Source: AWS Lambda API Reference, FunctionConfiguration, CreateFunction; Developer Guide, "Lambda quotas".

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "functions/function_store.h"
#include "services/operation.h"

namespace penstock::services::lambda {

struct EnvironmentInput {
  std::optional<std::map<std::string, std::string>> variables{};
};
struct VpcConfig {
  std::optional<std::vector<std::string>> subnet_ids{};
  std::optional<std::vector<std::string>> security_group_ids{};
  std::optional<bool> ipv6_allowed{};
};
struct TracingConfig {
  std::optional<std::string> mode{};
};
struct EphemeralStorage {
  std::int32_t size = 512;  ///< MB
};
struct SnapStart {
  std::optional<std::string> apply_on{};
  std::optional<std::string> optimization_status{};
};
struct DeadLetterConfig {
  std::optional<std::string> target_arn{};
};
struct LoggingConfig {
  std::optional<std::string> log_format{};
  std::optional<std::string> application_log_level{};
  std::optional<std::string> system_log_level{};
  std::optional<std::string> log_group{};
};
const codec::Shape& describe(const EnvironmentInput*);
const codec::Shape& describe(const VpcConfig*);
const codec::Shape& describe(const TracingConfig*);
const codec::Shape& describe(const EphemeralStorage*);
const codec::Shape& describe(const SnapStart*);
const codec::Shape& describe(const DeadLetterConfig*);
const codec::Shape& describe(const LoggingConfig*);

/// The members that CreateFunction and UpdateFunctionConfiguration share. Absent means: as it was, or AWS's default.
struct FunctionSettings {
  std::optional<std::string> runtime{};
  std::optional<std::string> role{};
  std::optional<std::string> handler{};
  std::optional<std::string> description{};
  std::optional<std::int32_t> timeout{};
  std::optional<std::int32_t> memory_size{};
  std::optional<EnvironmentInput> environment{};
  std::optional<EphemeralStorage> ephemeral_storage{};
  std::optional<LoggingConfig> logging_config{};
  std::optional<std::vector<std::string>> layers{};
  std::optional<TracingConfig> tracing_config{};
  std::optional<VpcConfig> vpc_config{};
  std::optional<DeadLetterConfig> dead_letter_config{};
  std::optional<SnapStart> snap_start{};
  std::optional<std::string> kms_key_arn{};
  std::optional<std::vector<codec::JsonText>> file_system_configs{};
  std::optional<codec::JsonText> image_config{};
};

struct SettingsRules {
  bool role_required = false;
};
template <class Input>
void add_settings(codec::ShapeBuilder<Input>& shape, SettingsRules rules);

/// What cannot be had here, by name: VPC, file systems, images, X-Ray, SnapStart, dead-letter queues, customer keys.
[[nodiscard]] ApiResult<void> refuse_unsupported(const FunctionSettings& settings);

/// The settings that are there, over what `record` has; layers are looked up in the registry.
/// Errors: InvalidParameterValueException with Lambda's messages.
[[nodiscard]] ApiResult<void> apply_settings(const FunctionSettings& settings,
                                             const functions::FunctionRegistry& registry,
                                             const functions::FunctionStore& store, functions::VersionRecord& record);

/// Whether the runtime is one that can be run at all here (nodejs*, python3.*, provided.al2*).
[[nodiscard]] ApiResult<void> check_runtime(const CallContext& call, std::string_view runtime);
/// Of the machine: Lambda's name for it. Errors: another one was asked for.
[[nodiscard]] ApiResult<std::string> check_architectures(const std::optional<std::vector<std::string>>& asked);

struct LayerReference {
  std::string arn{};
  std::int64_t code_size = 0;
};
struct FunctionConfiguration {
  std::string function_name{};
  std::string function_arn{};
  std::string runtime{};
  std::string role{};
  std::string handler{};
  std::int64_t code_size = 0;
  std::string description{};
  std::int32_t timeout = 3;
  std::int32_t memory_size = 128;
  std::string last_modified{};
  std::string code_sha256{};
  std::string version{};
  std::optional<EnvironmentInput> environment{};
  TracingConfig tracing_config{};
  std::optional<std::string> master_arn{};
  std::string revision_id{};
  std::optional<std::vector<LayerReference>> layers{};
  std::optional<std::string> state{};
  std::optional<std::string> last_update_status{};
  std::string package_type = "Zip";
  std::vector<std::string> architectures{};
  EphemeralStorage ephemeral_storage{};
  SnapStart snap_start{};
  LoggingConfig logging_config{};
};
const codec::Shape& describe(const LayerReference*);
const codec::Shape& describe(const FunctionConfiguration*);

/// `arn_qualifier`: what the ARN ends in; "" for none.
[[nodiscard]] FunctionConfiguration configuration_of(const functions::FunctionStore& store,
                                                     const functions::VersionRecord& record,
                                                     std::string_view arn_qualifier);

/// "2026-11-23T20:00:00.000+0000"
[[nodiscard]] std::string lambda_time(Timestamp time);
[[nodiscard]] std::string code_sha256_of(const functions::CodeRecord& code);

// ---- Templates
namespace detail {
template <class Input, class Member>
Member Input::* of(Member FunctionSettings::* member) {
  return member;
}
[[nodiscard]] codec::Rules role_rules(bool required);
}  // namespace detail

template <class Input>
void add_settings(codec::ShapeBuilder<Input>& shape, SettingsRules rules) {
  using S = FunctionSettings;
  shape.field("Runtime", detail::of<Input>(&S::runtime))
      .field("Role", detail::of<Input>(&S::role), detail::role_rules(rules.role_required))
      .field("Handler", detail::of<Input>(&S::handler), {.length = {.max = 128}, .pattern = "[^\\s]+"})
      .field("Description", detail::of<Input>(&S::description), {.length = {.min = 0, .max = 256}})
      .field("Timeout", detail::of<Input>(&S::timeout), {.range = {.min = 1, .max = 900}})
      .field("MemorySize", detail::of<Input>(&S::memory_size), {.range = {.min = 128, .max = 10240}})
      .field("Environment", detail::of<Input>(&S::environment))
      .field("EphemeralStorage", detail::of<Input>(&S::ephemeral_storage))
      .field("LoggingConfig", detail::of<Input>(&S::logging_config))
      .field("Layers", detail::of<Input>(&S::layers))
      .field("TracingConfig", detail::of<Input>(&S::tracing_config))
      .field("VpcConfig", detail::of<Input>(&S::vpc_config))
      .field("DeadLetterConfig", detail::of<Input>(&S::dead_letter_config))
      .field("SnapStart", detail::of<Input>(&S::snap_start))
      .field("KMSKeyArn", detail::of<Input>(&S::kms_key_arn))
      .field("FileSystemConfigs", detail::of<Input>(&S::file_system_configs))
      .field("ImageConfig", detail::of<Input>(&S::image_config));
}

}  // namespace penstock::services::lambda
