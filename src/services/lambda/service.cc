#include "services/lambda/service.h"

#include <algorithm>

#include "services/lambda/functions_api.h"
#include "services/lambda/invoke.h"
#include "services/lambda/known_operations.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

namespace {

// Resources: Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda".
constexpr Operation kOperations[] = {
    operation<&create_function>("CreateFunction", "lambda:CreateFunction", &touch_create_function,
                                {"POST", "/2015-03-31/functions", 201}),
    operation<&delete_function>("DeleteFunction", "lambda:DeleteFunction", &touch<QualifiedInput>,
                                {"DELETE", "/2015-03-31/functions/{FunctionName}", 204}),
    operation<&get_function>("GetFunction", "lambda:GetFunction", &touch<QualifiedInput>,
                             {"GET", "/2015-03-31/functions/{FunctionName}"}),
    operation<&get_function_configuration>("GetFunctionConfiguration", "lambda:GetFunctionConfiguration",
                                           &touch<QualifiedInput>,
                                           {"GET", "/2015-03-31/functions/{FunctionName}/configuration"}),
    operation<&invoke>("Invoke", "lambda:InvokeFunction", &touch_invoke,
                       {"POST", "/2015-03-31/functions/{FunctionName}/invocations"}),
};

static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

}  // namespace

const Service& service() {
  static const Service service{.name = "lambda",
                               .protocol = Protocol::rest_json,
                               .target_prefix = {},
                               .api_version = {},
                               .xml_namespace = {},
                               .operations = kOperations,
                               .known_operations = known_operations(),
                               .malformed_code = "InvalidRequestContentException",
                               .validation_code = "ValidationException",
                               .denied_code = "AccessDeniedException",
                               .denied_status = 403,
                               .global = false,
                               .known_bindings = known_bindings()};
  return service;
}

}  // namespace penstock::services::lambda
