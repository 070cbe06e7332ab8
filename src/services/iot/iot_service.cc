#include "services/iot/iot_service.h"

#include "services/iot/known_operations.h"
#include "services/iot/operations/certificates.h"
#include "services/iot/operations/endpoint.h"
#include "services/iot/operations/policies.h"
#include "services/iot/operations/policy_attachments.h"
#include "services/iot/operations/principals.h"
#include "services/iot/operations/tags.h"
#include "services/iot/operations/things.h"
#include "services/iot/operations/topic_rules.h"

namespace penstock::services::iot {

namespace {

// Resources: Service Authorization Reference, "Actions, resources, and condition keys for AWS IoT".
constexpr Operation kOperations[] = {
    operation<&attach_policy>("AttachPolicy", "iot:AttachPolicy", &touch_target<&AttachPolicyInput::target>,
                              {"PUT", "/target-policies/{policyName}"}),
    operation<&attach_principal_policy>("AttachPrincipalPolicy", "iot:AttachPrincipalPolicy",
                                        &touch_target<&AttachPrincipalPolicyInput::principal>,
                                        {"PUT", "/principal-policies/{policyName}"}),
    operation<&attach_thing_principal>("AttachThingPrincipal", "iot:AttachThingPrincipal",
                                       &touch_thing_and_principal<AttachThingPrincipalInput>,
                                       {"PUT", "/things/{thingName}/principals"}),
    operation<&create_certificate_from_csr>("CreateCertificateFromCsr", "iot:CreateCertificateFromCsr",
                                            &touch_everything, {"POST", "/certificates"}),
    operation<&create_keys_and_certificate>("CreateKeysAndCertificate", "iot:CreateKeysAndCertificate",
                                            &touch_everything, {"POST", "/keys-and-certificate"}),
    operation<&create_policy>("CreatePolicy", "iot:CreatePolicy",
                              &touch_tagged<"policy/", &CreatePolicyInput::policy_name, CreatePolicyInput>,
                              {"POST", "/policies/{policyName}"}),
    operation<&create_policy_version>("CreatePolicyVersion", "iot:CreatePolicyVersion",
                                      &touch<"policy/", &CreatePolicyVersionInput::policy_name>,
                                      {"POST", "/policies/{policyName}/version"}),
    operation<&create_thing>("CreateThing", "iot:CreateThing", &touch<"thing/", &CreateThingInput::thing_name>,
                             {"POST", "/things/{thingName}"}),
    operation<&create_topic_rule>("CreateTopicRule", "iot:CreateTopicRule", &touch_new_rule,
                                  {"POST", "/rules/{ruleName}"}),
    operation<&delete_certificate>("DeleteCertificate", "iot:DeleteCertificate",
                                   &touch<"cert/", &DeleteCertificateInput::certificate_id>,
                                   {"DELETE", "/certificates/{certificateId}"}),
    operation<&delete_policy>("DeletePolicy", "iot:DeletePolicy", &touch<"policy/", &DeletePolicyInput::policy_name>,
                              {"DELETE", "/policies/{policyName}"}),
    operation<&delete_policy_version>("DeletePolicyVersion", "iot:DeletePolicyVersion",
                                      &touch<"policy/", &PolicyVersionInput::policy_name>,
                                      {"DELETE", "/policies/{policyName}/version/{policyVersionId}"}),
    operation<&delete_thing>("DeleteThing", "iot:DeleteThing", &touch<"thing/", &DeleteThingInput::thing_name>,
                             {"DELETE", "/things/{thingName}"}),
    operation<&delete_topic_rule>("DeleteTopicRule", "iot:DeleteTopicRule", &touch<"rule/", &RuleNameInput::rule_name>,
                                  {"DELETE", "/rules/{ruleName}"}),
    operation<&describe_certificate>("DescribeCertificate", "iot:DescribeCertificate",
                                     &touch<"cert/", &DescribeCertificateInput::certificate_id>,
                                     {"GET", "/certificates/{certificateId}"}),
    operation<&describe_endpoint>("DescribeEndpoint", "iot:DescribeEndpoint", &touch_everything, {"GET", "/endpoint"}),
    operation<&describe_thing>("DescribeThing", "iot:DescribeThing", &touch<"thing/", &DescribeThingInput::thing_name>,
                               {"GET", "/things/{thingName}"}),
    operation<&detach_policy>("DetachPolicy", "iot:DetachPolicy", &touch_target<&AttachPolicyInput::target>,
                              {"POST", "/target-policies/{policyName}"}),
    operation<&detach_principal_policy>("DetachPrincipalPolicy", "iot:DetachPrincipalPolicy",
                                        &touch_target<&AttachPrincipalPolicyInput::principal>,
                                        {"DELETE", "/principal-policies/{policyName}"}),
    operation<&detach_thing_principal>("DetachThingPrincipal", "iot:DetachThingPrincipal",
                                       &touch_thing_and_principal<DetachThingPrincipalInput>,
                                       {"DELETE", "/things/{thingName}/principals"}),
    operation<&disable_topic_rule>("DisableTopicRule", "iot:DisableTopicRule",
                                   &touch<"rule/", &RuleNameInput::rule_name>, {"POST", "/rules/{ruleName}/disable"}),
    operation<&enable_topic_rule>("EnableTopicRule", "iot:EnableTopicRule", &touch<"rule/", &RuleNameInput::rule_name>,
                                  {"POST", "/rules/{ruleName}/enable"}),
    operation<&get_policy>("GetPolicy", "iot:GetPolicy", &touch<"policy/", &GetPolicyInput::policy_name>,
                           {"GET", "/policies/{policyName}"}),
    operation<&get_policy_version>("GetPolicyVersion", "iot:GetPolicyVersion",
                                   &touch<"policy/", &PolicyVersionInput::policy_name>,
                                   {"GET", "/policies/{policyName}/version/{policyVersionId}"}),
    operation<&get_topic_rule>("GetTopicRule", "iot:GetTopicRule", &touch<"rule/", &RuleNameInput::rule_name>,
                               {"GET", "/rules/{ruleName}"}),
    operation<&list_attached_policies>("ListAttachedPolicies", "iot:ListAttachedPolicies",
                                       &touch_target<&ListAttachedPoliciesInput::target>,
                                       {"POST", "/attached-policies/{target}"}),
    operation<&list_certificates>("ListCertificates", "iot:ListCertificates", &touch_everything,
                                  {"GET", "/certificates"}),
    operation<&list_policies>("ListPolicies", "iot:ListPolicies", &touch_everything, {"GET", "/policies"}),
    operation<&list_policy_principals>("ListPolicyPrincipals", "iot:ListPolicyPrincipals",
                                       &touch<"policy/", &ListPolicyPrincipalsInput::policy_name>,
                                       {"GET", "/policy-principals"}),
    operation<&list_policy_versions>("ListPolicyVersions", "iot:ListPolicyVersions",
                                     &touch<"policy/", &ListPolicyVersionsInput::policy_name>,
                                     {"GET", "/policies/{policyName}/version"}),
    operation<&list_principal_policies>("ListPrincipalPolicies", "iot:ListPrincipalPolicies",
                                        &touch_target<&ListPrincipalPoliciesInput::principal>,
                                        {"GET", "/principal-policies"}),
    operation<&list_principal_things>("ListPrincipalThings", "iot:ListPrincipalThings", &touch_everything,
                                      {"GET", "/principals/things"}),
    operation<&list_principal_things_v2>("ListPrincipalThingsV2", "iot:ListPrincipalThingsV2", &touch_everything,
                                         {"GET", "/principals/things-v2"}),
    operation<&list_tags_for_resource>("ListTagsForResource", "iot:ListTagsForResource", &touch_list_tags,
                                       {"GET", "/tags"}),
    operation<&list_targets_for_policy>("ListTargetsForPolicy", "iot:ListTargetsForPolicy",
                                        &touch<"policy/", &ListTargetsForPolicyInput::policy_name>,
                                        {"POST", "/policy-targets/{policyName}"}),
    operation<&list_thing_principals>("ListThingPrincipals", "iot:ListThingPrincipals",
                                      &touch<"thing/", &ListThingPrincipalsInput::thing_name>,
                                      {"GET", "/things/{thingName}/principals"}),
    operation<&list_thing_principals_v2>("ListThingPrincipalsV2", "iot:ListThingPrincipalsV2",
                                         &touch<"thing/", &ListThingPrincipalsV2Input::thing_name>,
                                         {"GET", "/things/{thingName}/principals-v2"}),
    operation<&list_things>("ListThings", "iot:ListThings", &touch_everything, {"GET", "/things"}),
    operation<&list_topic_rules>("ListTopicRules", "iot:ListTopicRules", &touch_everything, {"GET", "/rules"}),
    operation<&register_certificate_without_ca>("RegisterCertificateWithoutCA", "iot:RegisterCertificateWithoutCA",
                                                &touch_everything, {"POST", "/certificate/register-no-ca"}),
    operation<&replace_topic_rule>("ReplaceTopicRule", "iot:ReplaceTopicRule",
                                   &touch<"rule/", &ReplaceTopicRuleInput::rule_name>, {"PATCH", "/rules/{ruleName}"}),
    operation<&set_default_policy_version>("SetDefaultPolicyVersion", "iot:SetDefaultPolicyVersion",
                                           &touch<"policy/", &PolicyVersionInput::policy_name>,
                                           {"PATCH", "/policies/{policyName}/version/{policyVersionId}"}),
    operation<&tag_resource>("TagResource", "iot:TagResource", &touch_tag_resource, {"POST", "/tags"}),
    operation<&untag_resource>("UntagResource", "iot:UntagResource", &touch_untag_resource, {"POST", "/untag"}),
    operation<&update_certificate>("UpdateCertificate", "iot:UpdateCertificate",
                                   &touch<"cert/", &UpdateCertificateInput::certificate_id>,
                                   {"PUT", "/certificates/{certificateId}"}),
    operation<&update_thing>("UpdateThing", "iot:UpdateThing", &touch<"thing/", &UpdateThingInput::thing_name>,
                             {"PATCH", "/things/{thingName}"}),
};

static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

}  // namespace

const Service& iot_service() {
  static const Service service{.name = "iot",
                               .protocol = Protocol::rest_json,
                               .target_prefix = {},
                               .api_version = {},
                               .xml_namespace = {},
                               .operations = kOperations,
                               .known_operations = known_operations(),
                               .malformed_code = "InvalidRequestException",
                               .validation_code = "InvalidRequestException",
                               .denied_code = "AccessDeniedException",
                               .denied_status = 403,
                               .global = false,
                               .known_bindings = known_bindings()};
  return service;
}

}  // namespace penstock::services::iot
