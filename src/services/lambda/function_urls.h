#pragma once
/// Function URLs: their configurations. What serves them finds them through FunctionStore::find_url.
/// Source: AWS Lambda API Reference, CreateFunctionUrlConfig and its like; Developer Guide, "Creating and managing
/// Lambda function URLs".

#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/page.h"

namespace penstock::services::lambda {

struct Cors {
  std::optional<bool> allow_credentials{};
  std::optional<std::vector<std::string>> allow_headers{};
  std::optional<std::vector<std::string>> allow_methods{};
  std::optional<std::vector<std::string>> allow_origins{};
  std::optional<std::vector<std::string>> expose_headers{};
  std::optional<std::int32_t> max_age{};
};
const codec::Shape& describe(const Cors*);

/// Create and Update: absent means the default, or as it was.
struct FunctionUrlInput {
  std::string function_name{};
  std::optional<std::string> qualifier{};
  std::optional<std::string> auth_type{};
  std::optional<std::string> invoke_mode{};
  std::optional<Cors> cors{};
};
/// Of Get and Delete: the qualifier is an alias's name.
struct FunctionUrlReference : QualifiedInput {};
const codec::Shape& describe(const FunctionUrlReference*);
struct FunctionUrlConfig {
  std::string function_url{};
  std::string function_arn{};
  std::string auth_type{};
  std::optional<Cors> cors{};
  std::string creation_time{};
  std::optional<std::string> last_modified_time{};  ///< not of Create
  std::optional<std::string> invoke_mode{};         ///< of Create and Update: when the request had one
};
struct ListFunctionUrlsInput : PageInput {
  std::string function_name{};
};
struct ListFunctionUrlsOutput {
  std::vector<FunctionUrlConfig> configs{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const FunctionUrlInput*);
const codec::Shape& describe(const FunctionUrlConfig*);
const codec::Shape& describe(const ListFunctionUrlsInput*);
const codec::Shape& describe(const ListFunctionUrlsOutput*);
Answer<FunctionUrlConfig> create_function_url(CallContext& call, FunctionUrlInput input);
Answer<FunctionUrlConfig> update_function_url(CallContext& call, FunctionUrlInput input);
Answer<FunctionUrlConfig> get_function_url(CallContext& call, FunctionUrlReference input);
Answer<Empty> delete_function_url(CallContext& call, FunctionUrlReference input);
Answer<ListFunctionUrlsOutput> list_function_urls(CallContext& call, ListFunctionUrlsInput input);
/// With lambda:FunctionUrlAuthType.
[[nodiscard]] Touched touch_function_url(const CallContext& call, const void* input);

}  // namespace penstock::services::lambda
