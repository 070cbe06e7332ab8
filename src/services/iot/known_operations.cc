#include "services/iot/known_operations.h"

namespace penstock::services::iot {

namespace {

// Two tables in the same order, sorted by name: AWS IoT API Reference, "Actions", and each action's request syntax.
constexpr std::string_view kNames[] = {
    "AcceptCertificateTransfer",
    "AddThingToBillingGroup",
    "AssociateSbomWithPackageVersion",
    "AssociateTargetsWithJob",
    "AttachSecurityProfile",
    "CancelAuditMitigationActionsTask",
    "CancelAuditTask",
    "CancelCertificateTransfer",
    "CancelDetectMitigationActionsTask",
    "CancelJob",
    "CancelJobExecution",
    "ClearDefaultAuthorizer",
    "ConfirmTopicRuleDestination",
    "CreateAuditSuppression",
    "CreateAuthorizer",
    "CreateBillingGroup",
    "CreateCertificateProvider",
    "CreateCommand",
    "CreateCustomMetric",
    "CreateDimension",
    "CreateDomainConfiguration",
    "CreateDynamicThingGroup",
    "CreateFleetMetric",
    "CreateJob",
    "CreateJobTemplate",
    "CreateMitigationAction",
    "CreateOTAUpdate",
    "CreatePackage",
    "CreatePackageVersion",
    "CreateProvisioningClaim",
    "CreateProvisioningTemplate",
    "CreateProvisioningTemplateVersion",
    "CreateScheduledAudit",
    "CreateSecurityProfile",
    "CreateStream",
    "CreateTopicRuleDestination",
    "DeleteAccountAuditConfiguration",
    "DeleteAuditSuppression",
    "DeleteAuthorizer",
    "DeleteBillingGroup",
    "DeleteCACertificate",
    "DeleteCertificateProvider",
    "DeleteCommand",
    "DeleteCommandExecution",
    "DeleteCustomMetric",
    "DeleteDimension",
    "DeleteDomainConfiguration",
    "DeleteDynamicThingGroup",
    "DeleteFleetMetric",
    "DeleteJob",
    "DeleteJobExecution",
    "DeleteJobTemplate",
    "DeleteMitigationAction",
    "DeleteOTAUpdate",
    "DeletePackage",
    "DeletePackageVersion",
    "DeleteProvisioningTemplate",
    "DeleteProvisioningTemplateVersion",
    "DeleteScheduledAudit",
    "DeleteSecurityProfile",
    "DeleteStream",
    "DeleteTopicRuleDestination",
    "DeleteV2LoggingLevel",
    "DescribeAccountAuditConfiguration",
    "DescribeAuditFinding",
    "DescribeAuditMitigationActionsTask",
    "DescribeAuditSuppression",
    "DescribeAuditTask",
    "DescribeAuthorizer",
    "DescribeBillingGroup",
    "DescribeCACertificate",
    "DescribeCertificateProvider",
    "DescribeCustomMetric",
    "DescribeDefaultAuthorizer",
    "DescribeDetectMitigationActionsTask",
    "DescribeDimension",
    "DescribeDomainConfiguration",
    "DescribeEncryptionConfiguration",
    "DescribeFleetMetric",
    "DescribeIndex",
    "DescribeJob",
    "DescribeJobExecution",
    "DescribeJobTemplate",
    "DescribeManagedJobTemplate",
    "DescribeMitigationAction",
    "DescribeProvisioningTemplate",
    "DescribeProvisioningTemplateVersion",
    "DescribeScheduledAudit",
    "DescribeSecurityProfile",
    "DescribeStream",
    "DescribeThingRegistrationTask",
    "DetachSecurityProfile",
    "DisassociateSbomFromPackageVersion",
    "GetBehaviorModelTrainingSummaries",
    "GetBucketsAggregation",
    "GetCardinality",
    "GetCommand",
    "GetCommandExecution",
    "GetEffectivePolicies",
    "GetJobDocument",
    "GetLoggingOptions",
    "GetOTAUpdate",
    "GetPackage",
    "GetPackageConfiguration",
    "GetPackageVersion",
    "GetPercentiles",
    "GetStatistics",
    "GetThingConnectivityData",
    "GetTopicRuleDestination",
    "ListActiveViolations",
    "ListAuditFindings",
    "ListAuditMitigationActionsExecutions",
    "ListAuditMitigationActionsTasks",
    "ListAuditSuppressions",
    "ListAuditTasks",
    "ListAuthorizers",
    "ListBillingGroups",
    "ListCACertificates",
    "ListCertificateProviders",
    "ListCertificatesByCA",
    "ListCommandExecutions",
    "ListCommands",
    "ListCustomMetrics",
    "ListDetectMitigationActionsExecutions",
    "ListDetectMitigationActionsTasks",
    "ListDimensions",
    "ListDomainConfigurations",
    "ListFleetMetrics",
    "ListIndices",
    "ListJobExecutionsForJob",
    "ListJobExecutionsForThing",
    "ListJobTemplates",
    "ListJobs",
    "ListManagedJobTemplates",
    "ListMetricValues",
    "ListMitigationActions",
    "ListOTAUpdates",
    "ListOutgoingCertificates",
    "ListPackageVersions",
    "ListPackages",
    "ListProvisioningTemplateVersions",
    "ListProvisioningTemplates",
    "ListRelatedResourcesForAuditFinding",
    "ListSbomValidationResults",
    "ListScheduledAudits",
    "ListSecurityProfiles",
    "ListSecurityProfilesForTarget",
    "ListStreams",
    "ListTargetsForSecurityProfile",
    "ListThingRegistrationTaskReports",
    "ListThingRegistrationTasks",
    "ListThingsInBillingGroup",
    "ListTopicRuleDestinations",
    "ListV2LoggingLevels",
    "ListViolationEvents",
    "PutVerificationStateOnViolation",
    "RegisterCACertificate",
    "RegisterCertificate",
    "RegisterThing",
    "RejectCertificateTransfer",
    "RemoveThingFromBillingGroup",
    "SearchIndex",
    "SetDefaultAuthorizer",
    "SetLoggingOptions",
    "SetV2LoggingLevel",
    "StartAuditMitigationActionsTask",
    "StartDetectMitigationActionsTask",
    "StartOnDemandAuditTask",
    "StartThingRegistrationTask",
    "StopThingRegistrationTask",
    "TestAuthorization",
    "TestInvokeAuthorizer",
    "TransferCertificate",
    "UpdateAccountAuditConfiguration",
    "UpdateAuditSuppression",
    "UpdateAuthorizer",
    "UpdateBillingGroup",
    "UpdateCACertificate",
    "UpdateCertificateProvider",
    "UpdateCommand",
    "UpdateCustomMetric",
    "UpdateDimension",
    "UpdateDomainConfiguration",
    "UpdateDynamicThingGroup",
    "UpdateEncryptionConfiguration",
    "UpdateFleetMetric",
    "UpdateJob",
    "UpdateMitigationAction",
    "UpdatePackage",
    "UpdatePackageConfiguration",
    "UpdatePackageVersion",
    "UpdateProvisioningTemplate",
    "UpdateScheduledAudit",
    "UpdateSecurityProfile",
    "UpdateStream",
    "UpdateThingGroupsForThing",
    "UpdateTopicRuleDestination",
    "ValidateSecurityProfileBehaviors",
};

constexpr HttpBinding kBindings[] = {
    {.method = "PATCH", .path = "/accept-certificate-transfer/{certificateId}"},  // AcceptCertificateTransfer
    {.method = "PUT", .path = "/billing-groups/addThingToBillingGroup"},          // AddThingToBillingGroup
    {.method = "PUT",
     .path = "/packages/{packageName}/versions/{versionName}/sbom"},                // AssociateSbomWithPackageVersion
    {.method = "POST", .path = "/jobs/{jobId}/targets"},                            // AssociateTargetsWithJob
    {.method = "PUT", .path = "/security-profiles/{securityProfileName}/targets"},  // AttachSecurityProfile
    {.method = "PUT", .path = "/audit/mitigationactions/tasks/{taskId}/cancel"},    // CancelAuditMitigationActionsTask
    {.method = "PUT", .path = "/audit/tasks/{taskId}/cancel"},                      // CancelAuditTask
    {.method = "PATCH", .path = "/cancel-certificate-transfer/{certificateId}"},    // CancelCertificateTransfer
    {.method = "PUT", .path = "/detect/mitigationactions/tasks/{taskId}/cancel"},   // CancelDetectMitigationActionsTask
    {.method = "PUT", .path = "/jobs/{jobId}/cancel"},                              // CancelJob
    {.method = "PUT", .path = "/things/{thingName}/jobs/{jobId}/cancel"},           // CancelJobExecution
    {.method = "DELETE", .path = "/default-authorizer"},                            // ClearDefaultAuthorizer
    {.method = "GET", .path = "/confirmdestination/{confirmationToken+}"},          // ConfirmTopicRuleDestination
    {.method = "POST", .path = "/audit/suppressions/create"},                       // CreateAuditSuppression
    {.method = "POST", .path = "/authorizer/{authorizerName}"},                     // CreateAuthorizer
    {.method = "POST", .path = "/billing-groups/{billingGroupName}"},               // CreateBillingGroup
    {.method = "POST", .path = "/certificate-providers/{certificateProviderName}"},  // CreateCertificateProvider
    {.method = "PUT", .path = "/commands/{commandId}"},                              // CreateCommand
    {.method = "POST", .path = "/custom-metric/{metricName}"},                       // CreateCustomMetric
    {.method = "POST", .path = "/dimensions/{name}"},                                // CreateDimension
    {.method = "POST", .path = "/domainConfigurations/{domainConfigurationName}"},   // CreateDomainConfiguration
    {.method = "POST", .path = "/dynamic-thing-groups/{thingGroupName}"},            // CreateDynamicThingGroup
    {.method = "PUT", .path = "/fleet-metric/{metricName}"},                         // CreateFleetMetric
    {.method = "PUT", .path = "/jobs/{jobId}"},                                      // CreateJob
    {.method = "PUT", .path = "/job-templates/{jobTemplateId}"},                     // CreateJobTemplate
    {.method = "POST", .path = "/mitigationactions/actions/{actionName}"},           // CreateMitigationAction
    {.method = "POST", .path = "/otaUpdates/{otaUpdateId}"},                         // CreateOTAUpdate
    {.method = "PUT", .path = "/packages/{packageName}"},                            // CreatePackage
    {.method = "PUT", .path = "/packages/{packageName}/versions/{versionName}"},     // CreatePackageVersion
    {.method = "POST", .path = "/provisioning-templates/{templateName}/provisioning-claim"},  // CreateProvisioningClaim
    {.method = "POST", .path = "/provisioning-templates"},                          // CreateProvisioningTemplate
    {.method = "POST", .path = "/provisioning-templates/{templateName}/versions"},  // CreateProvisioningTemplateVersion
    {.method = "POST", .path = "/audit/scheduledaudits/{scheduledAuditName}"},      // CreateScheduledAudit
    {.method = "POST", .path = "/security-profiles/{securityProfileName}"},         // CreateSecurityProfile
    {.method = "POST", .path = "/streams/{streamId}"},                              // CreateStream
    {.method = "POST", .path = "/destinations"},                                    // CreateTopicRuleDestination
    {.method = "DELETE", .path = "/audit/configuration"},                           // DeleteAccountAuditConfiguration
    {.method = "POST", .path = "/audit/suppressions/delete"},                       // DeleteAuditSuppression
    {.method = "DELETE", .path = "/authorizer/{authorizerName}"},                   // DeleteAuthorizer
    {.method = "DELETE", .path = "/billing-groups/{billingGroupName}"},             // DeleteBillingGroup
    {.method = "DELETE", .path = "/cacertificate/{caCertificateId}"},               // DeleteCACertificate
    {.method = "DELETE", .path = "/certificate-providers/{certificateProviderName}"},  // DeleteCertificateProvider
    {.method = "DELETE", .path = "/commands/{commandId}"},                             // DeleteCommand
    {.method = "DELETE", .path = "/command-executions/{executionId}"},                 // DeleteCommandExecution
    {.method = "DELETE", .path = "/custom-metric/{metricName}"},                       // DeleteCustomMetric
    {.method = "DELETE", .path = "/dimensions/{name}"},                                // DeleteDimension
    {.method = "DELETE", .path = "/domainConfigurations/{domainConfigurationName}"},   // DeleteDomainConfiguration
    {.method = "DELETE", .path = "/dynamic-thing-groups/{thingGroupName}"},            // DeleteDynamicThingGroup
    {.method = "DELETE", .path = "/fleet-metric/{metricName}"},                        // DeleteFleetMetric
    {.method = "DELETE", .path = "/jobs/{jobId}"},                                     // DeleteJob
    {.method = "DELETE",
     .path = "/things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}"},  // DeleteJobExecution
    {.method = "DELETE", .path = "/job-templates/{jobTemplateId}"},                  // DeleteJobTemplate
    {.method = "DELETE", .path = "/mitigationactions/actions/{actionName}"},         // DeleteMitigationAction
    {.method = "DELETE", .path = "/otaUpdates/{otaUpdateId}"},                       // DeleteOTAUpdate
    {.method = "DELETE", .path = "/packages/{packageName}"},                         // DeletePackage
    {.method = "DELETE", .path = "/packages/{packageName}/versions/{versionName}"},  // DeletePackageVersion
    {.method = "DELETE", .path = "/provisioning-templates/{templateName}"},          // DeleteProvisioningTemplate
    {.method = "DELETE",
     .path = "/provisioning-templates/{templateName}/versions/{versionId}"},      // DeleteProvisioningTemplateVersion
    {.method = "DELETE", .path = "/audit/scheduledaudits/{scheduledAuditName}"},  // DeleteScheduledAudit
    {.method = "DELETE", .path = "/security-profiles/{securityProfileName}"},     // DeleteSecurityProfile
    {.method = "DELETE", .path = "/streams/{streamId}"},                          // DeleteStream
    {.method = "DELETE", .path = "/destinations/{arn+}"},                         // DeleteTopicRuleDestination
    {.method = "DELETE", .path = "/v2LoggingLevel"},                              // DeleteV2LoggingLevel
    {.method = "GET", .path = "/audit/configuration"},                            // DescribeAccountAuditConfiguration
    {.method = "GET", .path = "/audit/findings/{findingId}"},                     // DescribeAuditFinding
    {.method = "GET", .path = "/audit/mitigationactions/tasks/{taskId}"},         // DescribeAuditMitigationActionsTask
    {.method = "POST", .path = "/audit/suppressions/describe"},                   // DescribeAuditSuppression
    {.method = "GET", .path = "/audit/tasks/{taskId}"},                           // DescribeAuditTask
    {.method = "GET", .path = "/authorizer/{authorizerName}"},                    // DescribeAuthorizer
    {.method = "GET", .path = "/billing-groups/{billingGroupName}"},              // DescribeBillingGroup
    {.method = "GET", .path = "/cacertificate/{caCertificateId}"},                // DescribeCACertificate
    {.method = "GET", .path = "/certificate-providers/{certificateProviderName}"},  // DescribeCertificateProvider
    {.method = "GET", .path = "/custom-metric/{metricName}"},                       // DescribeCustomMetric
    {.method = "GET", .path = "/default-authorizer"},                               // DescribeDefaultAuthorizer
    {.method = "GET", .path = "/detect/mitigationactions/tasks/{taskId}"},  // DescribeDetectMitigationActionsTask
    {.method = "GET", .path = "/dimensions/{name}"},                        // DescribeDimension
    {.method = "GET", .path = "/domainConfigurations/{domainConfigurationName}"},  // DescribeDomainConfiguration
    {.method = "GET", .path = "/encryption-configuration"},                        // DescribeEncryptionConfiguration
    {.method = "GET", .path = "/fleet-metric/{metricName}"},                       // DescribeFleetMetric
    {.method = "GET", .path = "/indices/{indexName}"},                             // DescribeIndex
    {.method = "GET", .path = "/jobs/{jobId}"},                                    // DescribeJob
    {.method = "GET", .path = "/things/{thingName}/jobs/{jobId}"},                 // DescribeJobExecution
    {.method = "GET", .path = "/job-templates/{jobTemplateId}"},                   // DescribeJobTemplate
    {.method = "GET", .path = "/managed-job-templates/{templateName}"},            // DescribeManagedJobTemplate
    {.method = "GET", .path = "/mitigationactions/actions/{actionName}"},          // DescribeMitigationAction
    {.method = "GET", .path = "/provisioning-templates/{templateName}"},           // DescribeProvisioningTemplate
    {.method = "GET",
     .path = "/provisioning-templates/{templateName}/versions/{versionId}"},   // DescribeProvisioningTemplateVersion
    {.method = "GET", .path = "/audit/scheduledaudits/{scheduledAuditName}"},  // DescribeScheduledAudit
    {.method = "GET", .path = "/security-profiles/{securityProfileName}"},     // DescribeSecurityProfile
    {.method = "GET", .path = "/streams/{streamId}"},                          // DescribeStream
    {.method = "GET", .path = "/thing-registration-tasks/{taskId}"},           // DescribeThingRegistrationTask
    {.method = "DELETE", .path = "/security-profiles/{securityProfileName}/targets"},  // DetachSecurityProfile
    {.method = "DELETE",
     .path = "/packages/{packageName}/versions/{versionName}/sbom"},              // DisassociateSbomFromPackageVersion
    {.method = "GET", .path = "/behavior-model-training/summaries"},              // GetBehaviorModelTrainingSummaries
    {.method = "POST", .path = "/indices/buckets"},                               // GetBucketsAggregation
    {.method = "POST", .path = "/indices/cardinality"},                           // GetCardinality
    {.method = "GET", .path = "/commands/{commandId}"},                           // GetCommand
    {.method = "GET", .path = "/command-executions/{executionId}"},               // GetCommandExecution
    {.method = "POST", .path = "/effective-policies"},                            // GetEffectivePolicies
    {.method = "GET", .path = "/jobs/{jobId}/job-document"},                      // GetJobDocument
    {.method = "GET", .path = "/loggingOptions"},                                 // GetLoggingOptions
    {.method = "GET", .path = "/otaUpdates/{otaUpdateId}"},                       // GetOTAUpdate
    {.method = "GET", .path = "/packages/{packageName}"},                         // GetPackage
    {.method = "GET", .path = "/package-configuration"},                          // GetPackageConfiguration
    {.method = "GET", .path = "/packages/{packageName}/versions/{versionName}"},  // GetPackageVersion
    {.method = "POST", .path = "/indices/percentiles"},                           // GetPercentiles
    {.method = "POST", .path = "/indices/statistics"},                            // GetStatistics
    {.method = "POST", .path = "/things/{thingName}/connectivity-data"},          // GetThingConnectivityData
    {.method = "GET", .path = "/destinations/{arn+}"},                            // GetTopicRuleDestination
    {.method = "GET", .path = "/active-violations"},                              // ListActiveViolations
    {.method = "POST", .path = "/audit/findings"},                                // ListAuditFindings
    {.method = "GET", .path = "/audit/mitigationactions/executions"},    // ListAuditMitigationActionsExecutions
    {.method = "GET", .path = "/audit/mitigationactions/tasks"},         // ListAuditMitigationActionsTasks
    {.method = "POST", .path = "/audit/suppressions/list"},              // ListAuditSuppressions
    {.method = "GET", .path = "/audit/tasks"},                           // ListAuditTasks
    {.method = "GET", .path = "/authorizers/"},                          // ListAuthorizers
    {.method = "GET", .path = "/billing-groups"},                        // ListBillingGroups
    {.method = "GET", .path = "/cacertificates"},                        // ListCACertificates
    {.method = "GET", .path = "/certificate-providers/"},                // ListCertificateProviders
    {.method = "GET", .path = "/certificates-by-ca/{caCertificateId}"},  // ListCertificatesByCA
    {.method = "POST", .path = "/command-executions"},                   // ListCommandExecutions
    {.method = "GET", .path = "/commands"},                              // ListCommands
    {.method = "GET", .path = "/custom-metrics"},                        // ListCustomMetrics
    {.method = "GET", .path = "/detect/mitigationactions/executions"},   // ListDetectMitigationActionsExecutions
    {.method = "GET", .path = "/detect/mitigationactions/tasks"},        // ListDetectMitigationActionsTasks
    {.method = "GET", .path = "/dimensions"},                            // ListDimensions
    {.method = "GET", .path = "/domainConfigurations"},                  // ListDomainConfigurations
    {.method = "GET", .path = "/fleet-metrics"},                         // ListFleetMetrics
    {.method = "GET", .path = "/indices"},                               // ListIndices
    {.method = "GET", .path = "/jobs/{jobId}/things"},                   // ListJobExecutionsForJob
    {.method = "GET", .path = "/things/{thingName}/jobs"},               // ListJobExecutionsForThing
    {.method = "GET", .path = "/job-templates"},                         // ListJobTemplates
    {.method = "GET", .path = "/jobs"},                                  // ListJobs
    {.method = "GET", .path = "/managed-job-templates"},                 // ListManagedJobTemplates
    {.method = "GET", .path = "/metric-values"},                         // ListMetricValues
    {.method = "GET", .path = "/mitigationactions/actions"},             // ListMitigationActions
    {.method = "GET", .path = "/otaUpdates"},                            // ListOTAUpdates
    {.method = "GET", .path = "/certificates-out-going"},                // ListOutgoingCertificates
    {.method = "GET", .path = "/packages/{packageName}/versions"},       // ListPackageVersions
    {.method = "GET", .path = "/packages"},                              // ListPackages
    {.method = "GET", .path = "/provisioning-templates/{templateName}/versions"},  // ListProvisioningTemplateVersions
    {.method = "GET", .path = "/provisioning-templates"},                          // ListProvisioningTemplates
    {.method = "GET", .path = "/audit/relatedResources"},  // ListRelatedResourcesForAuditFinding
    {.method = "GET",
     .path = "/packages/{packageName}/versions/{versionName}/sbom-validation-results"},  // ListSbomValidationResults
    {.method = "GET", .path = "/audit/scheduledaudits"},                                 // ListScheduledAudits
    {.method = "GET", .path = "/security-profiles"},                                     // ListSecurityProfiles
    {.method = "GET", .path = "/security-profiles-for-target"},                     // ListSecurityProfilesForTarget
    {.method = "GET", .path = "/streams"},                                          // ListStreams
    {.method = "GET", .path = "/security-profiles/{securityProfileName}/targets"},  // ListTargetsForSecurityProfile
    {.method = "GET", .path = "/thing-registration-tasks/{taskId}/reports"},        // ListThingRegistrationTaskReports
    {.method = "GET", .path = "/thing-registration-tasks"},                         // ListThingRegistrationTasks
    {.method = "GET", .path = "/billing-groups/{billingGroupName}/things"},         // ListThingsInBillingGroup
    {.method = "GET", .path = "/destinations"},                                     // ListTopicRuleDestinations
    {.method = "GET", .path = "/v2LoggingLevel"},                                   // ListV2LoggingLevels
    {.method = "GET", .path = "/violation-events"},                                 // ListViolationEvents
    {.method = "POST", .path = "/violations/verification-state/{violationId}"},     // PutVerificationStateOnViolation
    {.method = "POST", .path = "/cacertificate"},                                   // RegisterCACertificate
    {.method = "POST", .path = "/certificate/register"},                            // RegisterCertificate
    {.method = "POST", .path = "/things"},                                          // RegisterThing
    {.method = "PATCH", .path = "/reject-certificate-transfer/{certificateId}"},    // RejectCertificateTransfer
    {.method = "PUT", .path = "/billing-groups/removeThingFromBillingGroup"},       // RemoveThingFromBillingGroup
    {.method = "POST", .path = "/indices/search"},                                  // SearchIndex
    {.method = "POST", .path = "/default-authorizer"},                              // SetDefaultAuthorizer
    {.method = "POST", .path = "/loggingOptions"},                                  // SetLoggingOptions
    {.method = "POST", .path = "/v2LoggingLevel"},                                  // SetV2LoggingLevel
    {.method = "POST", .path = "/audit/mitigationactions/tasks/{taskId}"},          // StartAuditMitigationActionsTask
    {.method = "PUT", .path = "/detect/mitigationactions/tasks/{taskId}"},          // StartDetectMitigationActionsTask
    {.method = "POST", .path = "/audit/tasks"},                                     // StartOnDemandAuditTask
    {.method = "POST", .path = "/thing-registration-tasks"},                        // StartThingRegistrationTask
    {.method = "PUT", .path = "/thing-registration-tasks/{taskId}/cancel"},         // StopThingRegistrationTask
    {.method = "POST", .path = "/test-authorization"},                              // TestAuthorization
    {.method = "POST", .path = "/authorizer/{authorizerName}/test"},                // TestInvokeAuthorizer
    {.method = "PATCH", .path = "/transfer-certificate/{certificateId}"},           // TransferCertificate
    {.method = "PATCH", .path = "/audit/configuration"},                            // UpdateAccountAuditConfiguration
    {.method = "PATCH", .path = "/audit/suppressions/update"},                      // UpdateAuditSuppression
    {.method = "PUT", .path = "/authorizer/{authorizerName}"},                      // UpdateAuthorizer
    {.method = "PATCH", .path = "/billing-groups/{billingGroupName}"},              // UpdateBillingGroup
    {.method = "PUT", .path = "/cacertificate/{caCertificateId}"},                  // UpdateCACertificate
    {.method = "PUT", .path = "/certificate-providers/{certificateProviderName}"},  // UpdateCertificateProvider
    {.method = "PATCH", .path = "/commands/{commandId}"},                           // UpdateCommand
    {.method = "PATCH", .path = "/custom-metric/{metricName}"},                     // UpdateCustomMetric
    {.method = "PATCH", .path = "/dimensions/{name}"},                              // UpdateDimension
    {.method = "PUT", .path = "/domainConfigurations/{domainConfigurationName}"},   // UpdateDomainConfiguration
    {.method = "PATCH", .path = "/dynamic-thing-groups/{thingGroupName}"},          // UpdateDynamicThingGroup
    {.method = "PATCH", .path = "/encryption-configuration"},                       // UpdateEncryptionConfiguration
    {.method = "PATCH", .path = "/fleet-metric/{metricName}"},                      // UpdateFleetMetric
    {.method = "PATCH", .path = "/jobs/{jobId}"},                                   // UpdateJob
    {.method = "PATCH", .path = "/mitigationactions/actions/{actionName}"},         // UpdateMitigationAction
    {.method = "PATCH", .path = "/packages/{packageName}"},                         // UpdatePackage
    {.method = "PATCH", .path = "/package-configuration"},                          // UpdatePackageConfiguration
    {.method = "PATCH", .path = "/packages/{packageName}/versions/{versionName}"},  // UpdatePackageVersion
    {.method = "PATCH", .path = "/provisioning-templates/{templateName}"},          // UpdateProvisioningTemplate
    {.method = "PATCH", .path = "/audit/scheduledaudits/{scheduledAuditName}"},     // UpdateScheduledAudit
    {.method = "PATCH", .path = "/security-profiles/{securityProfileName}"},        // UpdateSecurityProfile
    {.method = "PUT", .path = "/streams/{streamId}"},                               // UpdateStream
    {.method = "PUT", .path = "/thing-groups/updateThingGroupsForThing"},           // UpdateThingGroupsForThing
    {.method = "PATCH", .path = "/destinations"},                                   // UpdateTopicRuleDestination
    {.method = "POST", .path = "/security-profile-behaviors/validate"},             // ValidateSecurityProfileBehaviors
};

static_assert(std::size(kNames) == std::size(kBindings));

}  // namespace

std::span<const std::string_view> known_operations() { return kNames; }
std::span<const HttpBinding> known_bindings() { return kBindings; }

}  // namespace penstock::services::iot
