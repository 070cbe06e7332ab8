#include "services/iam/policies.h"

namespace penstock::services::iam_api {
namespace {

Rules version_id_rules() { return {.required = true, .pattern = "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?", .sensitive = true}; }
Rules usage_filter_rules() { return {.one_of = {"PermissionsPolicy", "PermissionsBoundary"}, .sensitive = true}; }

}  // namespace

const Shape& describe(const CreatePolicyInput*) {
  static const Shape shape = ShapeBuilder<CreatePolicyInput>("CreatePolicyRequest")
                                 .field("PolicyName", &CreatePolicyInput::name, name_rules_of<iam::ManagedPolicy>())
                                 .field("Path", &CreatePolicyInput::path, path_rules())
                                 .field("PolicyDocument", &CreatePolicyInput::policy_document, document_rules())
                                 .field("Description", &CreatePolicyInput::description, description_rules())
                                 .field("Tags", &CreatePolicyInput::tags, tags_rules())
                                 .build();
  return shape;
}

const Shape& describe(const PolicyOutput*) {
  static const Shape shape =
      ShapeBuilder<PolicyOutput>("PolicyResponse").field("Policy", &PolicyOutput::policy).build();
  return shape;
}

const Shape& describe(const PolicyArnInput*) {
  static const Shape shape = ShapeBuilder<PolicyArnInput>("PolicyRequest")
                                 .field("PolicyArn", &PolicyArnInput::policy_arn, arn_rules())
                                 .build();
  return shape;
}

const Shape& describe(const PagedPolicyArnInput*) {
  static const Shape shape = ShapeBuilder<PagedPolicyArnInput>("PagedPolicyRequest")
                                 .field("PolicyArn", &PagedPolicyArnInput::policy_arn, arn_rules())
                                 .field("Marker", &PagedPolicyArnInput::marker, marker_rules())
                                 .field("MaxItems", &PagedPolicyArnInput::max_items, max_items_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListPoliciesInput*) {
  static const Shape shape =
      ShapeBuilder<ListPoliciesInput>("ListPoliciesRequest")
          .field("Scope", &ListPoliciesInput::scope, {.one_of = {"All", "AWS", "Local"}, .sensitive = true})
          .field("OnlyAttached", &ListPoliciesInput::only_attached)
          .field("PathPrefix", &ListPoliciesInput::path_prefix, path_prefix_rules())
          .field("PolicyUsageFilter", &ListPoliciesInput::policy_usage_filter, usage_filter_rules())
          .field("Marker", &ListPoliciesInput::marker, marker_rules())
          .field("MaxItems", &ListPoliciesInput::max_items, max_items_rules())
          .build();
  return shape;
}

const Shape& describe(const ListPoliciesOutput*) {
  static const Shape shape = ShapeBuilder<ListPoliciesOutput>("ListPoliciesResponse")
                                 .field("Policies", &ListPoliciesOutput::policies)
                                 .field("IsTruncated", &ListPoliciesOutput::is_truncated)
                                 .field("Marker", &ListPoliciesOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const CreatePolicyVersionInput*) {
  static const Shape shape = ShapeBuilder<CreatePolicyVersionInput>("CreatePolicyVersionRequest")
                                 .field("PolicyArn", &CreatePolicyVersionInput::policy_arn, arn_rules())
                                 .field("PolicyDocument", &CreatePolicyVersionInput::policy_document, document_rules())
                                 .field("SetAsDefault", &CreatePolicyVersionInput::set_as_default)
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersionInput*) {
  static const Shape shape = ShapeBuilder<PolicyVersionInput>("PolicyVersionRequest")
                                 .field("PolicyArn", &PolicyVersionInput::policy_arn, arn_rules())
                                 .field("VersionId", &PolicyVersionInput::version_id, version_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersionOutput*) {
  static const Shape shape = ShapeBuilder<PolicyVersionOutput>("PolicyVersionResponse")
                                 .field("PolicyVersion", &PolicyVersionOutput::policy_version)
                                 .build();
  return shape;
}

const Shape& describe(const ListPolicyVersionsOutput*) {
  static const Shape shape = ShapeBuilder<ListPolicyVersionsOutput>("ListPolicyVersionsResponse")
                                 .field("Versions", &ListPolicyVersionsOutput::versions)
                                 .field("IsTruncated", &ListPolicyVersionsOutput::is_truncated)
                                 .field("Marker", &ListPolicyVersionsOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const TagPolicyInput*) {
  static const Shape shape = ShapeBuilder<TagPolicyInput>("TagPolicyRequest")
                                 .field("PolicyArn", &TagPolicyInput::policy_arn, arn_rules())
                                 .field("Tags", &TagPolicyInput::tags, tags_rules(true))
                                 .build();
  return shape;
}

const Shape& describe(const UntagPolicyInput*) {
  static const Shape shape = ShapeBuilder<UntagPolicyInput>("UntagPolicyRequest")
                                 .field("PolicyArn", &UntagPolicyInput::policy_arn, arn_rules())
                                 .field("TagKeys", &UntagPolicyInput::tag_keys, tag_keys_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListEntitiesInput*) {
  static const Shape shape =
      ShapeBuilder<ListEntitiesInput>("ListEntitiesForPolicyRequest")
          .field("PolicyArn", &ListEntitiesInput::policy_arn, arn_rules())
          .field("EntityFilter", &ListEntitiesInput::entity_filter,
                 {.one_of = {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}, .sensitive = true})
          .field("PathPrefix", &ListEntitiesInput::path_prefix, path_prefix_rules())
          .field("PolicyUsageFilter", &ListEntitiesInput::policy_usage_filter, usage_filter_rules())
          .field("Marker", &ListEntitiesInput::marker, marker_rules())
          .field("MaxItems", &ListEntitiesInput::max_items, max_items_rules())
          .build();
  return shape;
}

namespace {

template <class E>
Shape entity_shape(std::string_view name, std::string_view name_member, std::string_view id_member) {
  return ShapeBuilder<PolicyEntity<E>>(name)
      .field(name_member, &PolicyEntity<E>::name)
      .field(id_member, &PolicyEntity<E>::id)
      .build();
}

}  // namespace

const Shape& describe(const PolicyEntity<iam::Group>*) {
  static const Shape shape = entity_shape<iam::Group>("PolicyGroup", "GroupName", "GroupId");
  return shape;
}

const Shape& describe(const PolicyEntity<iam::User>*) {
  static const Shape shape = entity_shape<iam::User>("PolicyUser", "UserName", "UserId");
  return shape;
}

const Shape& describe(const PolicyEntity<iam::Role>*) {
  static const Shape shape = entity_shape<iam::Role>("PolicyRole", "RoleName", "RoleId");
  return shape;
}

const Shape& describe(const ListEntitiesOutput*) {
  static const Shape shape = ShapeBuilder<ListEntitiesOutput>("ListEntitiesForPolicyResponse")
                                 .field("PolicyGroups", &ListEntitiesOutput::groups)
                                 .field("PolicyUsers", &ListEntitiesOutput::users)
                                 .field("PolicyRoles", &ListEntitiesOutput::roles)
                                 .field("IsTruncated", &ListEntitiesOutput::is_truncated)
                                 .field("Marker", &ListEntitiesOutput::marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iam_api
