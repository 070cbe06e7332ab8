#include "services/lambda/service.h"

#include <algorithm>

#include "services/lambda/concurrency.h"
#include "services/lambda/event_source_mappings.h"
#include "services/lambda/function_urls.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/invoke.h"
#include "services/lambda/invoke_configs.h"
#include "services/lambda/known_operations.h"
#include "services/lambda/layers.h"
#include "services/lambda/permissions.h"
#include "services/lambda/reference.h"
#include "services/lambda/tags.h"
#include "services/lambda/versions.h"

namespace penstock::services::lambda {

namespace {

// Resources: Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda".
constexpr Operation kOperations[] = {
    operation<&add_layer_permission>("AddLayerVersionPermission", "lambda:AddLayerVersionPermission",
                                     &touch_layer<AddLayerPermissionInput>,
                                     {"POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", 201}),
    operation<&add_permission>("AddPermission", "lambda:AddPermission", &touch_add_permission,
                               {"POST", "/2015-03-31/functions/{FunctionName}/policy", 201}),
    operation<&create_alias>("CreateAlias", "lambda:CreateAlias", &touch<CreateAliasInput>,
                             {"POST", "/2015-03-31/functions/{FunctionName}/aliases", 201}),
    operation<&create_event_source_mapping>("CreateEventSourceMapping", "lambda:CreateEventSourceMapping",
                                            &touch_create_mapping, {"POST", "/2015-03-31/event-source-mappings", 202}),
    operation<&create_function>("CreateFunction", "lambda:CreateFunction", &touch_create_function,
                                {"POST", "/2015-03-31/functions", 201}),
    operation<&create_function_url>("CreateFunctionUrlConfig", "lambda:CreateFunctionUrlConfig", &touch_function_url,
                                    {"POST", "/2021-10-31/functions/{FunctionName}/url", 201}),
    operation<&delete_alias>("DeleteAlias", "lambda:DeleteAlias", &touch<AliasInput>,
                             {"DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 204}),
    operation<&delete_event_source_mapping>("DeleteEventSourceMapping", "lambda:DeleteEventSourceMapping",
                                            &touch_mapping,
                                            {"DELETE", "/2015-03-31/event-source-mappings/{UUID}", 202}),
    operation<&delete_function>("DeleteFunction", "lambda:DeleteFunction", &touch<QualifiedInput>,
                                {"DELETE", "/2015-03-31/functions/{FunctionName}", 204}),
    operation<&delete_function_concurrency>("DeleteFunctionConcurrency", "lambda:DeleteFunctionConcurrency",
                                            &touch<FunctionNameInput>,
                                            {"DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204}),
    operation<&delete_event_invoke_config>("DeleteFunctionEventInvokeConfig", "lambda:DeleteFunctionEventInvokeConfig",
                                           &touch<QualifiedInput>,
                                           {"DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 204}),
    operation<&delete_function_url>("DeleteFunctionUrlConfig", "lambda:DeleteFunctionUrlConfig",
                                    &touch<FunctionUrlReference>,
                                    {"DELETE", "/2021-10-31/functions/{FunctionName}/url", 204}),
    operation<&delete_layer_version>("DeleteLayerVersion", "lambda:DeleteLayerVersion", &touch_layer<LayerVersionInput>,
                                     {"DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 204}),
    operation<&delete_provisioned_concurrency>(
        "DeleteProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig", &touch<QualifiedInput>,
        {"DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 204}),
    operation<&get_account_settings>("GetAccountSettings", "lambda:GetAccountSettings", &touch_everything,
                                     {"GET", "/2016-08-19/account-settings"}),
    operation<&get_alias>("GetAlias", "lambda:GetAlias", &touch<AliasInput>,
                          {"GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"}),
    operation<&get_event_source_mapping>("GetEventSourceMapping", "lambda:GetEventSourceMapping", &touch_mapping,
                                         {"GET", "/2015-03-31/event-source-mappings/{UUID}"}),
    operation<&get_function>("GetFunction", "lambda:GetFunction", &touch<NamespacedInput>,
                             {"GET", "/2015-03-31/functions/{FunctionName}"}),
    operation<&get_function_code_signing_config>("GetFunctionCodeSigningConfig", "lambda:GetFunctionCodeSigningConfig",
                                                 &touch<FunctionNameInput>,
                                                 {"GET", "/2020-06-30/functions/{FunctionName}/code-signing-config"}),
    operation<&get_function_concurrency>("GetFunctionConcurrency", "lambda:GetFunctionConcurrency",
                                         &touch<FunctionNameInput>,
                                         {"GET", "/2019-09-30/functions/{FunctionName}/concurrency"}),
    operation<&get_function_configuration>("GetFunctionConfiguration", "lambda:GetFunctionConfiguration",
                                           &touch<NamespacedInput>,
                                           {"GET", "/2015-03-31/functions/{FunctionName}/configuration"}),
    operation<&get_event_invoke_config>("GetFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig",
                                        &touch<QualifiedInput>,
                                        {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config"}),
    operation<&get_function_url>("GetFunctionUrlConfig", "lambda:GetFunctionUrlConfig", &touch<FunctionUrlReference>,
                                 {"GET", "/2021-10-31/functions/{FunctionName}/url"}),
    operation<&get_layer_version>("GetLayerVersion", "lambda:GetLayerVersion", &touch_layer<LayerVersionInput>,
                                  {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}"}),
    operation<&get_layer_version_by_arn>("GetLayerVersionByArn", "lambda:GetLayerVersion", &touch_layer_by_arn,
                                         {"GET", "/2018-10-31/layers?find=LayerVersion"}),
    operation<&get_layer_policy>("GetLayerVersionPolicy", "lambda:GetLayerVersionPolicy",
                                 &touch_layer<LayerVersionInput>,
                                 {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"}),
    operation<&get_policy>("GetPolicy", "lambda:GetPolicy", &touch<NamespacedInput>,
                           {"GET", "/2015-03-31/functions/{FunctionName}/policy"}),
    operation<&get_provisioned_concurrency>("GetProvisionedConcurrencyConfig", "lambda:GetProvisionedConcurrencyConfig",
                                            &touch<QualifiedInput>,
                                            {"GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"}),
    operation<&invoke>("Invoke", "lambda:InvokeFunction", &touch_invoke,
                       {"POST", "/2015-03-31/functions/{FunctionName}/invocations"}),
    operation<&list_aliases>("ListAliases", "lambda:ListAliases", &touch<ListAliasesInput>,
                             {"GET", "/2015-03-31/functions/{FunctionName}/aliases"}),
    operation<&list_event_source_mappings>("ListEventSourceMappings", "lambda:ListEventSourceMappings",
                                           &touch_everything, {"GET", "/2015-03-31/event-source-mappings"}),
    operation<&list_event_invoke_configs>("ListFunctionEventInvokeConfigs", "lambda:ListFunctionEventInvokeConfigs",
                                          &touch<ListEventInvokeConfigsInput>,
                                          {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list"}),
    operation<&list_function_urls>("ListFunctionUrlConfigs", "lambda:ListFunctionUrlConfigs",
                                   &touch<ListFunctionUrlsInput>, {"GET", "/2021-10-31/functions/{FunctionName}/urls"}),
    operation<&list_functions>("ListFunctions", "lambda:ListFunctions", &touch_everything,
                               {"GET", "/2015-03-31/functions"}),
    operation<&list_layer_versions>("ListLayerVersions", "lambda:ListLayerVersions",
                                    &touch_layer<ListLayerVersionsInput>,
                                    {"GET", "/2018-10-31/layers/{LayerName}/versions"}),
    operation<&list_layers>("ListLayers", "lambda:ListLayers", &touch_everything, {"GET", "/2018-10-31/layers"}),
    operation<&list_provisioned_concurrency>(
        "ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs", &touch<ListProvisionedInput>,
        {"GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL"}),
    operation<&list_tags>("ListTags", "lambda:ListTags", &touch_list_tags, {"GET", "/2017-03-31/tags/{ARN}"}),
    operation<&list_versions_by_function>("ListVersionsByFunction", "lambda:ListVersionsByFunction",
                                          &touch<ListVersionsInput>,
                                          {"GET", "/2015-03-31/functions/{FunctionName}/versions"}),
    operation<&publish_layer_version>("PublishLayerVersion", "lambda:PublishLayerVersion",
                                      &touch_layer<PublishLayerVersionInput>,
                                      {"POST", "/2018-10-31/layers/{LayerName}/versions", 201}),
    operation<&publish_version>("PublishVersion", "lambda:PublishVersion", &touch<PublishVersionInput>,
                                {"POST", "/2015-03-31/functions/{FunctionName}/versions", 201}),
    operation<&put_function_concurrency>("PutFunctionConcurrency", "lambda:PutFunctionConcurrency",
                                         &touch<PutConcurrencyInput>,
                                         {"PUT", "/2017-10-31/functions/{FunctionName}/concurrency"}),
    operation<&put_event_invoke_config>("PutFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig",
                                        &touch<EventInvokeConfigInput>,
                                        {"PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config"}),
    operation<&put_provisioned_concurrency>(
        "PutProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig", &touch<PutProvisionedInput>,
        {"PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 202}),
    operation<&remove_layer_permission>(
        "RemoveLayerVersionPermission", "lambda:RemoveLayerVersionPermission", &touch_layer<RemoveLayerPermissionInput>,
        {"DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}", 204}),
    operation<&remove_permission>("RemovePermission", "lambda:RemovePermission", &touch<RemovePermissionInput>,
                                  {"DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", 204}),
    operation<&tag_resource>("TagResource", "lambda:TagResource", &touch_tag_resource,
                             {"POST", "/2017-03-31/tags/{ARN}", 204}),
    operation<&untag_resource>("UntagResource", "lambda:UntagResource", &touch_untag_resource,
                               {"DELETE", "/2017-03-31/tags/{ARN}", 204}),
    operation<&update_alias>("UpdateAlias", "lambda:UpdateAlias", &touch<UpdateAliasInput>,
                             {"PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"}),
    operation<&update_event_source_mapping>("UpdateEventSourceMapping", "lambda:UpdateEventSourceMapping",
                                            &touch_update_mapping,
                                            {"PUT", "/2015-03-31/event-source-mappings/{UUID}", 202}),
    operation<&update_function_code>("UpdateFunctionCode", "lambda:UpdateFunctionCode", &touch<UpdateFunctionCodeInput>,
                                     {"PUT", "/2015-03-31/functions/{FunctionName}/code"}),
    operation<&update_function_configuration>("UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration",
                                              &touch_update_configuration,
                                              {"PUT", "/2015-03-31/functions/{FunctionName}/configuration"}),
    operation<&update_event_invoke_config>("UpdateFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig",
                                           &touch<EventInvokeConfigInput>,
                                           {"POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config"}),
    operation<&update_function_url>("UpdateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig", &touch_function_url,
                                    {"PUT", "/2021-10-31/functions/{FunctionName}/url"}),
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
