#pragma once
/// How requests name functions and layers, and the ARNs that they touch.
/// Source: AWS Lambda API Reference, "Name formats" of FunctionName; Service Authorization Reference, "Actions,
/// resources, and condition keys for AWS Lambda".

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "codec/shape.h"
#include "services/house.h"
#include "services/operation.h"

namespace penstock::services::lambda {

// Patterns: AWS's own service model, and its messages as recorded in 2024.
inline constexpr std::string_view kFunctionNamePattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
    "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
/// Of operations that read a function or invoke it: their names may have dots.
inline constexpr std::string_view kNamespacedNamePattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
    "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
inline constexpr std::string_view kQualifierPattern = "(|[a-zA-Z0-9$_-]+)";
inline constexpr std::string_view kVersionPattern = "(\\$LATEST|[0-9]+)";
inline constexpr std::string_view kRolePattern = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";

[[nodiscard]] codec::Rules function_name_in_path();
/// NamespacedFunctionName: GetFunction, GetFunctionConfiguration, GetPolicy, Invoke, ListVersionsByFunction.
[[nodiscard]] codec::Rules namespaced_name_in_path();
[[nodiscard]] codec::Rules qualifier_in_query();
[[nodiscard]] codec::Rules in_query(std::string_view location);

/// A function, and the version or alias that was named with it.
struct FunctionReference {
  std::string name;
  std::string qualifier;  ///< "" when none was given
};

/// From "name", "name:qualifier", "account:function:name[:qualifier]" or an ARN, and the parameter Qualifier.
/// Errors: ResourceNotFoundException (another region), AccessDeniedException (another account),
///         InvalidParameterValueException (two qualifiers that differ).
[[nodiscard]] ApiResult<FunctionReference> parse_function(const House& house, std::string_view given,
                                                          const std::optional<std::string>& qualifier = std::nullopt);

/// The function's ARN without a qualifier; what cannot be parsed touches a name that does not exist.
[[nodiscard]] std::string touched_function(const CallContext& call, std::string_view given);
/// With the qualifier, and the resource policy that is bound to it.
[[nodiscard]] Touched touch_qualified(const CallContext& call, std::string_view given,
                                      const std::optional<std::string>& qualifier);

[[nodiscard]] inline Touched touch_everything(const CallContext& /*call*/, const void* /*input*/) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}
/// touch<GetFunctionInput>: the function named in its member function_name, with the function's resource policy.
template <class Input>
[[nodiscard]] Touched touch(const CallContext& call, const void* input) {
  Touched touched = touch_qualified(call, static_cast<const Input*>(input)->function_name, std::nullopt);
  return touched;
}

}  // namespace penstock::services::lambda
