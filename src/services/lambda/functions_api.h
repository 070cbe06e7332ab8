#pragma once
/// Functions themselves: made, changed, read, listed, deleted.

#include <map>
#include <optional>
#include <string>

#include "services/lambda/change.h"
#include "services/lambda/code_upload.h"
#include "services/lambda/configuration.h"
#include "services/lambda/page.h"

namespace penstock::services::lambda {

struct CreateFunctionInput : FunctionSettings {
  std::string function_name{};
  FunctionCode code{};
  std::optional<bool> publish{};
  std::optional<std::string> package_type{};
  std::optional<std::vector<std::string>> architectures{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<std::string> code_signing_config_arn{};
};
const codec::Shape& describe(const CreateFunctionInput*);
Answer<FunctionConfiguration> create_function(CallContext& call, CreateFunctionInput input);
[[nodiscard]] Touched touch_create_function(const CallContext& call, const void* input);

/// Names a function and perhaps a version or alias of it.
struct QualifiedInput {
  std::string function_name{};
  std::optional<std::string> qualifier{};
};
const codec::Shape& describe(const QualifiedInput*);

/// The same for operations whose names may have dots (there is no such function: they answer that).
struct NamespacedInput : QualifiedInput {};
const codec::Shape& describe(const NamespacedInput*);

struct FunctionCodeLocation {
  std::string repository_type = "S3";
  std::optional<std::string> location{};
};
struct Concurrency {
  std::optional<std::int32_t> reserved_concurrent_executions{};
};
const codec::Shape& describe(const FunctionCodeLocation*);
const codec::Shape& describe(const Concurrency*);
struct GetFunctionOutput {
  FunctionConfiguration configuration{};
  FunctionCodeLocation code{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<Concurrency> concurrency{};
};
const codec::Shape& describe(const GetFunctionOutput*);
Answer<GetFunctionOutput> get_function(CallContext& call, NamespacedInput input);
Answer<FunctionConfiguration> get_function_configuration(CallContext& call, NamespacedInput input);
Answer<Empty> delete_function(CallContext& call, QualifiedInput input);

struct UpdateFunctionCodeInput : FunctionCode {
  std::string function_name{};
  std::optional<bool> publish{};
  std::optional<bool> dry_run{};
  std::optional<std::string> revision_id{};
  std::optional<std::vector<std::string>> architectures{};
};
const codec::Shape& describe(const UpdateFunctionCodeInput*);
Answer<FunctionConfiguration> update_function_code(CallContext& call, UpdateFunctionCodeInput input);

struct UpdateFunctionConfigurationInput : FunctionSettings {
  std::string function_name{};
  std::optional<std::string> revision_id{};
};
const codec::Shape& describe(const UpdateFunctionConfigurationInput*);
Answer<FunctionConfiguration> update_function_configuration(CallContext& call, UpdateFunctionConfigurationInput input);
[[nodiscard]] Touched touch_update_configuration(const CallContext& call, const void* input);

struct ListFunctionsInput : PageInput {
  std::optional<std::string> master_region{};
  std::optional<std::string> function_version{};
};
struct ListFunctionsOutput {
  std::optional<std::string> next_marker{};
  std::vector<FunctionConfiguration> functions{};
};
const codec::Shape& describe(const ListFunctionsInput*);
const codec::Shape& describe(const ListFunctionsOutput*);
Answer<ListFunctionsOutput> list_functions(CallContext& call, ListFunctionsInput input);

/// Tags: at most 50, keys of 1 to 128 characters not beginning with "aws:". Errors: InvalidParameterValueException.
[[nodiscard]] ApiResult<void> check_tags(const std::map<std::string, std::string>& tags);
/// aws:RequestTag/.. and aws:TagKeys
[[nodiscard]] iam::Conditions tag_conditions(const std::optional<std::map<std::string, std::string>>& tags);

}  // namespace penstock::services::lambda
