#include "services/lambda/known_operations.h"

#include <algorithm>
#include <array>

namespace penstock::services::lambda {

namespace {

struct Known {
  std::string_view name;
  std::string_view method;
  std::string_view path;
};

// Sorted by name. AWS Lambda API Reference, "Actions", and each action's request syntax.
constexpr Known kKnown[] = {
    {"CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs"},
    {"DeleteCodeSigningConfig", "DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},
    {"DeleteFunctionCodeSigningConfig", "DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config"},
    {"GetCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},
    {"GetFunctionRecursionConfig", "GET", "/2024-08-31/functions/{FunctionName}/recursion-config"},
    {"GetRuntimeManagementConfig", "GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config"},
    {"InvokeAsync", "POST", "/2014-11-13/functions/{FunctionName}/invoke-async"},
    {"InvokeWithResponseStream", "POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"},
    {"ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs"},
    {"ListFunctionsByCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions"},
    {"PutFunctionCodeSigningConfig", "PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config"},
    {"PutFunctionRecursionConfig", "PUT", "/2024-08-31/functions/{FunctionName}/recursion-config"},
    {"PutRuntimeManagementConfig", "PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config"},
    {"UpdateCodeSigningConfig", "PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},
};

static_assert(std::ranges::is_sorted(kKnown, {}, &Known::name));

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kKnown)> names;
  std::ranges::transform(kKnown, names.begin(), &Known::name);
  return names;
}();

constexpr auto kBindings = [] {
  std::array<HttpBinding, std::size(kKnown)> bindings;
  std::ranges::transform(kKnown, bindings.begin(),
                         [](const Known& one) { return HttpBinding{.method = one.method, .path = one.path}; });
  return bindings;
}();

}  // namespace

std::span<const std::string_view> known_operations() { return kNames; }
std::span<const HttpBinding> known_bindings() { return kBindings; }

}  // namespace penstock::services::lambda
