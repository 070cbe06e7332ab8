#include "services/lambda/known_operations.h"

#include <algorithm>

namespace penstock::services::lambda {

namespace {

// Two tables in the same order, sorted by name: AWS Lambda API Reference, "Actions", and each action's request syntax.
constexpr std::string_view kNames[] = {
    "AddLayerVersionPermission",
    "AddPermission",
    "CreateAlias",
    "CreateCodeSigningConfig",
    "CreateEventSourceMapping",
    "CreateFunctionUrlConfig",
    "DeleteAlias",
    "DeleteCodeSigningConfig",
    "DeleteEventSourceMapping",
    "DeleteFunctionCodeSigningConfig",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "DeleteLayerVersion",
    "DeleteProvisionedConcurrencyConfig",
    "GetAccountSettings",
    "GetAlias",
    "GetCodeSigningConfig",
    "GetEventSourceMapping",
    "GetFunctionCodeSigningConfig",
    "GetFunctionConcurrency",
    "GetFunctionEventInvokeConfig",
    "GetFunctionRecursionConfig",
    "GetFunctionUrlConfig",
    "GetLayerVersion",
    "GetLayerVersionByArn",
    "GetLayerVersionPolicy",
    "GetPolicy",
    "GetProvisionedConcurrencyConfig",
    "GetRuntimeManagementConfig",
    "InvokeAsync",
    "InvokeWithResponseStream",
    "ListAliases",
    "ListCodeSigningConfigs",
    "ListEventSourceMappings",
    "ListFunctionEventInvokeConfigs",
    "ListFunctionUrlConfigs",
    "ListFunctions",
    "ListFunctionsByCodeSigningConfig",
    "ListLayerVersions",
    "ListLayers",
    "ListProvisionedConcurrencyConfigs",
    "ListTags",
    "ListVersionsByFunction",
    "PublishLayerVersion",
    "PublishVersion",
    "PutFunctionCodeSigningConfig",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "PutFunctionRecursionConfig",
    "PutProvisionedConcurrencyConfig",
    "PutRuntimeManagementConfig",
    "RemoveLayerVersionPermission",
    "RemovePermission",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateCodeSigningConfig",
    "UpdateEventSourceMapping",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "UpdateFunctionEventInvokeConfig",
    "UpdateFunctionUrlConfig",
};

constexpr HttpBinding kBindings[] = {
    {"POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"},  // AddLayerVersionPermission
    {"POST", "/2015-03-31/functions/{FunctionName}/policy"},                     // AddPermission
    {"POST", "/2015-03-31/functions/{FunctionName}/aliases"},                    // CreateAlias
    {"POST", "/2020-04-22/code-signing-configs"},                                // CreateCodeSigningConfig
    {"POST", "/2015-03-31/event-source-mappings"},                               // CreateEventSourceMapping
    {"POST", "/2021-10-31/functions/{FunctionName}/url"},                        // CreateFunctionUrlConfig
    {"DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"},           // DeleteAlias
    {"DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},       // DeleteCodeSigningConfig
    {"DELETE", "/2015-03-31/event-source-mappings/{UUID}"},                      // DeleteEventSourceMapping
    {"DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config"},      // DeleteFunctionCodeSigningConfig
    {"DELETE", "/2017-10-31/functions/{FunctionName}/concurrency"},              // DeleteFunctionConcurrency
    {"DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config"},      // DeleteFunctionEventInvokeConfig
    {"DELETE", "/2021-10-31/functions/{FunctionName}/url"},                      // DeleteFunctionUrlConfig
    {"DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}"},       // DeleteLayerVersion
    {"DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"},  // DeleteProvisionedConcurrencyConfig
    {"GET", "/2016-08-19/account-settings"},                                     // GetAccountSettings
    {"GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"},              // GetAlias
    {"GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},          // GetCodeSigningConfig
    {"GET", "/2015-03-31/event-source-mappings/{UUID}"},                         // GetEventSourceMapping
    {"GET", "/2020-06-30/functions/{FunctionName}/code-signing-config"},         // GetFunctionCodeSigningConfig
    {"GET", "/2019-09-30/functions/{FunctionName}/concurrency"},                 // GetFunctionConcurrency
    {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config"},         // GetFunctionEventInvokeConfig
    {"GET", "/2024-08-31/functions/{FunctionName}/recursion-config"},            // GetFunctionRecursionConfig
    {"GET", "/2021-10-31/functions/{FunctionName}/url"},                         // GetFunctionUrlConfig
    {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}"},          // GetLayerVersion
    {"GET", "/2018-10-31/layers?find=LayerVersion"},                             // GetLayerVersionByArn
    {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"},   // GetLayerVersionPolicy
    {"GET", "/2015-03-31/functions/{FunctionName}/policy"},                      // GetPolicy
    {"GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"},     // GetProvisionedConcurrencyConfig
    {"GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config"},   // GetRuntimeManagementConfig
    {"POST", "/2014-11-13/functions/{FunctionName}/invoke-async"},               // InvokeAsync
    {"POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"},  // InvokeWithResponseStream
    {"GET", "/2015-03-31/functions/{FunctionName}/aliases"},                          // ListAliases
    {"GET", "/2020-04-22/code-signing-configs"},                                      // ListCodeSigningConfigs
    {"GET", "/2015-03-31/event-source-mappings"},                                     // ListEventSourceMappings
    {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list"},         // ListFunctionEventInvokeConfigs
    {"GET", "/2021-10-31/functions/{FunctionName}/urls"},                             // ListFunctionUrlConfigs
    {"GET", "/2015-03-31/functions"},                                                 // ListFunctions
    {"GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions"},  // ListFunctionsByCodeSigningConfig
    {"GET", "/2018-10-31/layers/{LayerName}/versions"},                            // ListLayerVersions
    {"GET", "/2018-10-31/layers"},                                                 // ListLayers
    {"GET",
     "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL"},  // ListProvisionedConcurrencyConfigs
    {"GET", "/2017-03-31/tags/{ARN}"},                                          // ListTags
    {"GET", "/2015-03-31/functions/{FunctionName}/versions"},                   // ListVersionsByFunction
    {"POST", "/2018-10-31/layers/{LayerName}/versions"},                        // PublishLayerVersion
    {"POST", "/2015-03-31/functions/{FunctionName}/versions"},                  // PublishVersion
    {"PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config"},        // PutFunctionCodeSigningConfig
    {"PUT", "/2017-10-31/functions/{FunctionName}/concurrency"},                // PutFunctionConcurrency
    {"PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config"},        // PutFunctionEventInvokeConfig
    {"PUT", "/2024-08-31/functions/{FunctionName}/recursion-config"},           // PutFunctionRecursionConfig
    {"PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"},    // PutProvisionedConcurrencyConfig
    {"PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config"},  // PutRuntimeManagementConfig
    {"DELETE",
     "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}"},  // RemoveLayerVersionPermission
    {"DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}"},           // RemovePermission
    {"POST", "/2017-03-31/tags/{ARN}"},                                                // TagResource
    {"DELETE", "/2017-03-31/tags/{ARN}"},                                              // UntagResource
    {"PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"},                    // UpdateAlias
    {"PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"},                // UpdateCodeSigningConfig
    {"PUT", "/2015-03-31/event-source-mappings/{UUID}"},                               // UpdateEventSourceMapping
    {"PUT", "/2015-03-31/functions/{FunctionName}/code"},                              // UpdateFunctionCode
    {"PUT", "/2015-03-31/functions/{FunctionName}/configuration"},                     // UpdateFunctionConfiguration
    {"POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config"},  // UpdateFunctionEventInvokeConfig
    {"PUT", "/2021-10-31/functions/{FunctionName}/url"},                   // UpdateFunctionUrlConfig
};

static_assert(std::size(kNames) == std::size(kBindings));
static_assert(std::ranges::is_sorted(kNames));

}  // namespace

std::span<const std::string_view> known_operations() { return kNames; }
std::span<const HttpBinding> known_bindings() { return kBindings; }

}  // namespace penstock::services::lambda
