#include "services/lambda/configuration.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "codec/json_text.h"
#include "codec/patterns.h"
#include "core/encoding/base64.h"
#include "core/encoding/hex.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_house.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::VersionRecord;

namespace {

constexpr std::size_t kLayersMax = 5;
constexpr std::size_t kEnvironmentBytesMax = 4096;
constexpr std::array<std::string_view, 6> kApplicationLevels = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
constexpr std::array<std::string_view, 3> kSystemLevels = {"DEBUG", "INFO", "WARN"};

/// Set by Lambda itself. Source: Developer Guide, "Defined runtime environment variables" (the reserved ones).
constexpr std::string_view kReservedVariables[] = {"_HANDLER",
                                                   "_X_AMZN_TRACE_ID",
                                                   "AWS_ACCESS_KEY",
                                                   "AWS_ACCESS_KEY_ID",
                                                   "AWS_DEFAULT_REGION",
                                                   "AWS_EXECUTION_ENV",
                                                   "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                   "AWS_LAMBDA_FUNCTION_NAME",
                                                   "AWS_LAMBDA_FUNCTION_VERSION",
                                                   "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                   "AWS_LAMBDA_LOG_GROUP_NAME",
                                                   "AWS_LAMBDA_LOG_STREAM_NAME",
                                                   "AWS_LAMBDA_RUNTIME_API",
                                                   "AWS_REGION",
                                                   "AWS_SECRET_ACCESS_KEY",
                                                   "AWS_SECRET_KEY",
                                                   "AWS_SESSION_TOKEN",
                                                   "LAMBDA_RUNTIME_DIR",
                                                   "LAMBDA_TASK_ROOT"};

/// What AWS takes no more, and what it says to use instead (recorded 2024-06).
struct Deprecated {
  std::string_view runtime;
  std::string_view instead;
};
constexpr Deprecated kDeprecated[] = {{"dotnetcore3.1", "dotnet6"}, {"go1.x", "provided.al2023"},
                                      {"java8", "java21"},          {"nodejs12.x", "nodejs18.x"},
                                      {"nodejs14.x", "nodejs20.x"}, {"provided", "provided.al2023"},
                                      {"python3.7", "python3.12"},  {"ruby2.7", "ruby3.2"}};

/// What AWS runs and Penstock does not. Developer Guide, "Lambda runtimes".
constexpr std::string_view kNotOurs[] = {"dotnet10", "dotnet6", "dotnet8",   "dotnet9", "java11",  "java17",
                                         "java21",   "java25",  "java8.al2", "ruby3.2", "ruby3.3", "ruby3.4"};

using Variables = std::map<std::string, std::string>;

ApiResult<void> check_environment(const Variables& variables) {
  constexpr std::string_view kPreamble =
      "Lambda was unable to configure your environment variables because the environment variables you have provided";
  std::string reserved;
  std::string measured = "{";
  for (const auto& [name, value] : variables) {
    if (std::ranges::find(kReservedVariables, name) != std::end(kReservedVariables)) {
      reserved += (reserved.empty() ? "" : ", ") + name;
    }
    if (measured.size() > 1) measured += ',';
    codec::append_json_string(name, measured);
    measured += ':';
    codec::append_json_string(value, measured);
    if (value.contains('\0')) return std::unexpected(invalid_parameter("An environment variable holds a NUL byte."));
  }
  measured += '}';
  if (!reserved.empty()) {
    return std::unexpected(invalid_parameter(fmt::format(
        "{} contains reserved keys that are currently not supported for modification. Reserved keys used in this "
        "request: {}",
        kPreamble, reserved)));
  }
  if (measured.size() > kEnvironmentBytesMax) {
    return std::unexpected(invalid_parameter(fmt::format("{} exceeded the 4KB limit.", kPreamble)));
  }
  return {};
}

ApiResult<void> apply_logging(const LoggingConfig& given, functions::LoggingRecord& record) {
  if (given.log_format.has_value()) record.json = *given.log_format == "JSON";
  if (given.log_group.has_value()) record.group = *given.log_group;
  if (!record.json) {
    if (given.application_log_level.has_value() || given.system_log_level.has_value()) {
      return std::unexpected(
          invalid_parameter("To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON."));
    }
    record.application_level.reset();
    record.system_level.reset();
    return {};
  }
  record.application_level = given.application_log_level.value_or(record.application_level.value_or("INFO"));
  record.system_level = given.system_log_level.value_or(record.system_level.value_or("INFO"));
  return {};
}

/// "arn:...:layer:<name>:<version>" of this house.
std::optional<std::string> layer_key(const functions::FunctionStore& store, std::string_view arn) {
  const std::string prefix = store.layer_arn("");
  if (!arn.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = arn.substr(prefix.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const char* const text_end = rest.data() + rest.size();
  const auto [end, failed] = std::from_chars(rest.data() + colon + 1, text_end, number);
  if (failed != std::errc{} || end != text_end) return std::nullopt;
  return functions::version_key(rest.substr(0, colon), number);
}

/// The messages are as recorded in 2024-04.
ApiResult<void> check_layer_arns(const functions::FunctionStore& store, const std::vector<std::string>& arns) {
  constexpr std::string_view kPattern =
      "(arn:[a-zA-Z0-9-]+:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
      "(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)";
  const auto is_layer = [&](const std::string& arn) {
    return arn.size() <= 140 && codec::matches_pattern(kPattern, arn);
  };
  if (!std::ranges::all_of(arns, is_layer)) {
    return std::unexpected(validation_error(
        fmt::format("[{}]", fmt::join(arns, ", ")), "layers",
        fmt::format("Member must satisfy constraint: [Member must have length less than or equal to 140, Member must "
                    "have length greater than or equal to 1, Member must satisfy regular expression pattern: {}, "
                    "Member must not be null]",
                    kPattern)));
  }
  std::map<std::string_view, std::string_view> seen;
  for (const std::string& arn : arns) {
    if (!arn.contains(fmt::format(":lambda:{}:", store.region()))) {
      return std::unexpected(invalid_parameter(
          fmt::format("Layers are not in the same region as the function. Layers are expected to be in region {}.",
                      store.region())));
    }
    const auto [other, is_new] = seen.emplace(std::string_view(arn).substr(0, arn.rfind(':')), arn);
    if (is_new) continue;
    return std::unexpected(invalid_parameter(
        fmt::format("Two different versions of the same layer are not allowed to be referenced in the same function. "
                    "{} and {} are versions of the same layer.",
                    other->second, arn)));
  }
  return {};
}

ApiResult<void> apply_layers(const std::vector<std::string>& arns, const functions::FunctionRegistry& registry,
                             const functions::FunctionStore& store, VersionRecord& record) {
  if (arns.size() > kLayersMax) {
    return std::unexpected(invalid_parameter("Cannot reference more than 5 layers."));
  }
  std::vector<functions::LayerUse> layers;
  PENSTOCK_TRY_VOID(check_layer_arns(store, arns));
  for (const std::string& arn : arns) {
    const auto key = layer_key(store, arn);
    const auto layer = key.has_value() ? registry.layer_versions().find(*key) : nullptr;
    if (layer == nullptr) {
      // A function keeps a layer whose version has been deleted. Developer Guide, "Deleting a layer version".
      const auto kept = std::ranges::find(record.layers, arn, &functions::LayerUse::arn);
      if (kept == record.layers.end()) {
        return std::unexpected(invalid_parameter(fmt::format("Layer version {} does not exist.", arn)));
      }
      layers.push_back(*kept);
    } else {
      layers.push_back({.arn = arn, .code = layer->code});
    }
  }
  record.layers = std::move(layers);
  return {};
}

ApiResult<void> check_total_size(const VersionRecord& record) {
  std::int64_t total = record.code.unpacked_bytes;
  for (const functions::LayerUse& layer : record.layers) total += layer.code.unpacked_bytes;
  if (static_cast<std::uint64_t>(total) <= functions::kUnpackedBytesMax) return {};
  return std::unexpected(invalid_parameter(
      fmt::format("Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size is "
                  "{} bytes.",
                  functions::kUnpackedBytesMax, total)));
}

}  // namespace

codec::Rules detail::role_rules(bool required) { return {.required = required, .pattern = kRolePattern}; }

ApiResult<void> refuse_unsupported(const FunctionSettings& settings) {
  const auto refuse = [](std::string_view what) {
    return std::unexpected(unsupported(fmt::format("Penstock does not have {}.", what)));
  };
  const auto is_filled = [](const auto& list) { return list.has_value() && !list->empty(); };
  if (settings.vpc_config.has_value() &&
      (is_filled(settings.vpc_config->subnet_ids) || is_filled(settings.vpc_config->security_group_ids))) {
    return refuse("VPCs: leave VpcConfig out");
  }
  if (is_filled(settings.file_system_configs)) return refuse("file systems: leave FileSystemConfigs out");
  if (settings.image_config.has_value() && settings.image_config->text != "{}") {
    return refuse("functions from container images: leave ImageConfig out");
  }
  if (is_filled(settings.kms_key_arn)) return refuse("customer managed keys: leave KMSKeyArn out");
  if (settings.tracing_config.has_value() && settings.tracing_config->mode == "Active") {
    return refuse("X-Ray: leave TracingConfig out, or set its Mode to PassThrough");
  }
  if (settings.snap_start.has_value() && settings.snap_start->apply_on == "PublishedVersions") {
    return refuse("SnapStart: leave it out, or set its ApplyOn to None");
  }
  if (settings.dead_letter_config.has_value() && is_filled(settings.dead_letter_config->target_arn)) {
    return refuse(
        "dead-letter queues: use an on-failure destination (PutFunctionEventInvokeConfig) instead of "
        "DeadLetterConfig");
  }
  return {};
}

ApiResult<void> apply_settings(const FunctionSettings& settings, const functions::FunctionRegistry& registry,
                               const functions::FunctionStore& store, VersionRecord& record) {
  const auto take = [](auto& into, const auto& given) {
    if (given.has_value()) into = *given;
  };
  take(record.runtime, settings.runtime);
  take(record.role_arn, settings.role);
  take(record.handler, settings.handler);
  take(record.description, settings.description);
  take(record.timeout_seconds, settings.timeout);
  take(record.memory_mb, settings.memory_size);
  if (settings.ephemeral_storage.has_value()) record.ephemeral_mb = settings.ephemeral_storage->size;
  if (settings.environment.has_value()) {
    Variables variables = settings.environment->variables.value_or(Variables{});
    PENSTOCK_TRY_VOID(check_environment(variables));
    record.environment = std::move(variables);  // empty ones are given back as such (recorded 2024-04)
  }
  if (settings.logging_config.has_value()) PENSTOCK_TRY_VOID(apply_logging(*settings.logging_config, record.logging));
  if (settings.layers.has_value()) PENSTOCK_TRY_VOID(apply_layers(*settings.layers, registry, store, record));
  return check_total_size(record);
}

ApiResult<void> check_runtime(const CallContext& call, std::string_view runtime) {
  for (const Deprecated& one : kDeprecated) {
    if (runtime != one.runtime) continue;
    return std::unexpected(invalid_parameter(
        fmt::format("The runtime parameter of {} is no longer supported for creating or updating AWS Lambda functions. "
                    "We recommend you use the new runtime ({}) while creating or updating functions.",
                    one.runtime, one.instead)));
  }
  const bool is_ours = runtime == "provided.al2023" || runtime == "provided.al2" ||
                       (runtime.starts_with("nodejs") && runtime.ends_with(".x")) || runtime.starts_with("python3.");
  if (!is_ours && std::ranges::find(kNotOurs, runtime) == std::end(kNotOurs)) {
    return std::unexpected(invalid_parameter(
        fmt::format("Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
                    "[nodejs24.x, nodejs22.x, nodejs20.x, nodejs18.x, nodejs16.x, provided.al2023, provided.al2, "
                    "python3.14, python3.13, python3.12, python3.11, python3.10, python3.9, python3.8] or be a valid "
                    "ARN",
                    runtime.substr(0, 64))));
  }
  if (!is_ours) {
    return std::unexpected(invalid_parameter(
        fmt::format("The runtime parameter of {} is not supported: Penstock runs nodejs*.x, python3.*, "
                    "provided.al2023 and provided.al2.",
                    runtime)));
  }
  const auto& check = call.house.lambda->check_runtime;
  if (check == nullptr) return {};
  if (const Result<void> can_run = check(runtime); !can_run.has_value()) {
    return std::unexpected(invalid_parameter(can_run.error().message));
  }
  return {};
}

ApiResult<std::string> check_architectures(const std::optional<std::vector<std::string>>& asked) {
#if defined(__aarch64__)
  constexpr std::string_view kMachine = "arm64";
#else
  constexpr std::string_view kMachine = "x86_64";
#endif
  if (!asked.has_value() || asked->empty() || asked->front() == kMachine) return std::string(kMachine);
  if (asked->front() != "arm64" && asked->front() != "x86_64") {
    return std::unexpected(validation_error(fmt::format("[{}]", asked->front()), "architectures",
                                            "Member must satisfy constraint: [Member must satisfy enum value set: "
                                            "[x86_64, arm64], Member must not be null]"));
  }
  return std::unexpected(unsupported(
      fmt::format("Penstock runs on an {} machine: it cannot run functions for {}.", kMachine, asked->front())));
}

std::string lambda_time(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}+0000", seconds, (time - seconds).count());
}

std::string code_sha256_of(const functions::CodeRecord& code) {
  return base64_encode(hex_decode(code.sha256_hex).value_or(""));
}

FunctionConfiguration configuration_of(const functions::FunctionStore& store, const VersionRecord& record,
                                       std::string_view arn_qualifier) {
  FunctionConfiguration out{
      .function_name = record.function,
      .function_arn = store.arn(record.function, arn_qualifier),
      .runtime = record.runtime,
      .role = record.role_arn,
      .handler = record.handler,
      .code_size = record.code.zip_bytes,
      .description = record.description,
      .timeout = record.timeout_seconds,
      .memory_size = record.memory_mb,
      .last_modified = lambda_time(record.modified),
      .code_sha256 = code_sha256_of(record.code),
      .version = record.version,
      .tracing_config = {.mode = "PassThrough"},
      .revision_id = record.revision_id,
      .state = "Active",
      .last_update_status = "Successful",
      .architectures = {record.architecture},
      .ephemeral_storage = {.size = record.ephemeral_mb},
      .snap_start = {.apply_on = "None", .optimization_status = "Off"},
      .logging_config = {.log_format = record.logging.json ? "JSON" : "Text",
                         .application_log_level = record.logging.application_level,
                         .system_log_level = record.logging.system_level,
                         .log_group = record.logging.group.value_or("/aws/lambda/" + record.function)}};
  if (record.environment.has_value()) out.environment = EnvironmentInput{.variables = *record.environment};
  for (const functions::LayerUse& layer : record.layers) {
    if (!out.layers.has_value()) out.layers.emplace();
    out.layers->push_back({.arn = layer.arn, .code_size = layer.code.zip_bytes});
  }
  return out;
}

// ---- Shapes

const Shape& describe(const EnvironmentInput*) {
  static const Shape shape =
      ShapeBuilder<EnvironmentInput>("Environment")
          .field("Variables", &EnvironmentInput::variables,
                 {.key_length = {.min = 2}, .key_pattern = "[a-zA-Z]([a-zA-Z0-9_])+", .sensitive = true})
          .build();
  return shape;
}

const Shape& describe(const VpcConfig*) {
  static const Shape shape = ShapeBuilder<VpcConfig>("VpcConfig")
                                 .field("SubnetIds", &VpcConfig::subnet_ids)
                                 .field("SecurityGroupIds", &VpcConfig::security_group_ids)
                                 .field("Ipv6AllowedForDualStack", &VpcConfig::ipv6_allowed)
                                 .build();
  return shape;
}

const Shape& describe(const TracingConfig*) {
  static const Shape shape = ShapeBuilder<TracingConfig>("TracingConfig")
                                 .field("Mode", &TracingConfig::mode, {.one_of = {"Active", "PassThrough"}})
                                 .build();
  return shape;
}

const Shape& describe(const EphemeralStorage*) {
  static const Shape shape =
      ShapeBuilder<EphemeralStorage>("EphemeralStorage")
          .field("Size", &EphemeralStorage::size, {.required = true, .range = {.min = 512, .max = 10240}})
          .build();
  return shape;
}

const Shape& describe(const SnapStart*) {
  static const Shape shape =
      ShapeBuilder<SnapStart>("SnapStart")
          .field("ApplyOn", &SnapStart::apply_on, {.one_of = {"PublishedVersions", "None"}})
          .field("OptimizationStatus", &SnapStart::optimization_status, {.one_of = {"On", "Off"}})
          .build();
  return shape;
}

const Shape& describe(const DeadLetterConfig*) {
  static const Shape shape =
      ShapeBuilder<DeadLetterConfig>("DeadLetterConfig").field("TargetArn", &DeadLetterConfig::target_arn).build();
  return shape;
}

const Shape& describe(const LoggingConfig*) {
  static const Shape shape = ShapeBuilder<LoggingConfig>("LoggingConfig")
                                 .field("LogFormat", &LoggingConfig::log_format, {.one_of = {"JSON", "Text"}})
                                 .field("ApplicationLogLevel", &LoggingConfig::application_log_level,
                                        {.one_of = {kApplicationLevels.begin(), kApplicationLevels.end()}})
                                 .field("SystemLogLevel", &LoggingConfig::system_log_level,
                                        {.one_of = {kSystemLevels.begin(), kSystemLevels.end()}})
                                 .field("LogGroup", &LoggingConfig::log_group,
                                        {.length = {.min = 1, .max = 512}, .pattern = "[\\.\\-_/#A-Za-z0-9]+"})
                                 .build();
  return shape;
}

const Shape& describe(const LayerReference*) {
  static const Shape shape = ShapeBuilder<LayerReference>("Layer")
                                 .field("Arn", &LayerReference::arn)
                                 .field("CodeSize", &LayerReference::code_size)
                                 .build();
  return shape;
}

const Shape& describe(const FunctionConfiguration*) {
  using Out = FunctionConfiguration;
  static const Shape shape = ShapeBuilder<Out>("FunctionConfiguration")
                                 .field("FunctionName", &Out::function_name)
                                 .field("FunctionArn", &Out::function_arn)
                                 .field("Runtime", &Out::runtime)
                                 .field("Role", &Out::role)
                                 .field("Handler", &Out::handler)
                                 .field("CodeSize", &Out::code_size)
                                 .field("Description", &Out::description)
                                 .field("Timeout", &Out::timeout)
                                 .field("MemorySize", &Out::memory_size)
                                 .field("LastModified", &Out::last_modified)
                                 .field("CodeSha256", &Out::code_sha256)
                                 .field("Version", &Out::version)
                                 .field("Environment", &Out::environment)
                                 .field("TracingConfig", &Out::tracing_config)
                                 .field("MasterArn", &Out::master_arn)
                                 .field("RevisionId", &Out::revision_id)
                                 .field("Layers", &Out::layers)
                                 .field("State", &Out::state)
                                 .field("LastUpdateStatus", &Out::last_update_status)
                                 .field("PackageType", &Out::package_type)
                                 .field("Architectures", &Out::architectures)
                                 .field("EphemeralStorage", &Out::ephemeral_storage)
                                 .field("SnapStart", &Out::snap_start)
                                 .field("LoggingConfig", &Out::logging_config)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
