#pragma once
/// Structures that several IAM operations share, and how entities become them.
/// Source: IAM API Reference, "Data types".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "core/clock.h"
#include "iam/entities.h"
#include "iam/identity_store.h"
#include "services/iam/errors.h"

namespace penstock::services::iam_api {

using codec::Rules;
using codec::Shape;
using codec::ShapeBuilder;

/// What the API calls an entity's name, and how long it may be.
template <class T>
struct Naming;
template <>
struct Naming<iam::Role> {
  static constexpr std::string_view kMember = "RoleName";
  static constexpr std::string_view kArgument = "roleName";
  static constexpr std::string_view kTitle = "Role";
  static constexpr std::int64_t kLengthMax = 64;
};
template <>
struct Naming<iam::User> {
  static constexpr std::string_view kMember = "UserName";
  static constexpr std::string_view kArgument = "userName";
  static constexpr std::string_view kTitle = "User";
  static constexpr std::int64_t kLengthMax = 64;
};
template <>
struct Naming<iam::Group> {
  static constexpr std::string_view kMember = "GroupName";
  static constexpr std::string_view kArgument = "groupName";
  static constexpr std::string_view kTitle = "Group";
  static constexpr std::int64_t kLengthMax = 128;
};
template <>
struct Naming<iam::InstanceProfile> {
  static constexpr std::string_view kMember = "InstanceProfileName";
  static constexpr std::string_view kArgument = "instanceProfileName";
  static constexpr std::string_view kTitle = "Instance Profile";
  static constexpr std::int64_t kLengthMax = 128;
};
template <>
struct Naming<iam::ManagedPolicy> {
  static constexpr std::string_view kMember = "PolicyName";
  static constexpr std::string_view kArgument = "policyName";
  static constexpr std::string_view kTitle = "Policy";
  static constexpr std::int64_t kLengthMax = 128;
};

// IAM's messages print no values ("Value at 'roleName' failed to satisfy constraint: .."; recorded 2026-02), which is
// how AWS words them of members that are sensitive.
inline Rules name_rules(std::int64_t max) { return {.required = true, .length = {1, max}, .sensitive = true}; }
template <class T>
Rules name_rules_of() {
  return name_rules(Naming<T>::kLengthMax);
}
inline Rules optional_name_rules() { return {.length = {1, 128}, .sensitive = true}; }
inline Rules path_rules() { return {.length = {1, 512}, .sensitive = true}; }
inline Rules path_prefix_rules() { return {.length = {1, 512}, .sensitive = true}; }
inline Rules document_rules() { return {.required = true, .length = {1, 131'072}, .sensitive = true}; }
inline Rules arn_rules() { return {.required = true, .length = {20, 2048}, .sensitive = true}; }
inline Rules optional_arn_rules() { return {.length = {20, 2048}, .sensitive = true}; }
inline Rules marker_rules() { return {.length = {1, 1024}, .sensitive = true}; }
inline Rules max_items_rules() { return {.range = {1, 1000}, .sensitive = true}; }
inline Rules description_rules() { return {.length = {0, 1000}, .sensitive = true}; }

/// For operations whose model has an output without members: the answer still has its <NameResult> element.
struct EmptyResult {};
const Shape& describe(const EmptyResult*);

struct TagData {
  std::string key;
  std::string value;
};
const Shape& describe(const TagData*);
inline Rules tags_rules(bool required = false) { return {.required = required, .length = {0, 50}, .sensitive = true}; }
inline constexpr std::string_view kTagKeyPattern = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+";
inline constexpr std::string_view kTagValuePattern = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";
inline Rules tag_keys_rules() {
  return {.required = true,
          .length = {0, 50},
          .element_length = {1, 128},
          .element_pattern = kTagKeyPattern,
          .sensitive = true};
}

struct BoundaryData {
  std::string type = "Policy";  ///< so AWS answers (recorded 2026-02); its API Reference says PermissionsBoundaryPolicy
  std::string arn;
};
const Shape& describe(const BoundaryData*);

struct LastUsedData {
  std::optional<Timestamp> date;
};
const Shape& describe(const LastUsedData*);

struct RoleData {
  std::string path;
  std::string role_name;
  std::string role_id;
  std::string arn;
  Timestamp create_date{};
  std::string trust_policy;  ///< percent-encoded
  std::optional<std::string> description;
  std::optional<std::int32_t> max_session_duration;
  std::optional<BoundaryData> boundary;
  std::optional<std::vector<TagData>> tags;
  std::optional<LastUsedData> last_used;
};
const Shape& describe(const RoleData*);

struct UserData {
  std::optional<std::string> path;
  std::optional<std::string> user_name;  ///< the account's root has none
  std::string user_id;
  std::string arn;
  Timestamp create_date{};
  std::optional<BoundaryData> boundary;
  std::optional<std::vector<TagData>> tags;
};
const Shape& describe(const UserData*);

struct GroupData {
  std::string path;
  std::string group_name;
  std::string group_id;
  std::string arn;
  Timestamp create_date{};
};
const Shape& describe(const GroupData*);

struct PolicyData {
  std::string policy_name;
  std::string policy_id;
  std::string arn;
  std::string path;
  std::string default_version_id;
  std::int32_t attachment_count = 0;
  std::int32_t boundary_usage_count = 0;
  bool is_attachable = true;
  std::optional<std::string> description;
  Timestamp create_date{};
  Timestamp update_date{};
  std::optional<std::vector<TagData>> tags;
};
const Shape& describe(const PolicyData*);

struct PolicyVersionData {
  std::optional<std::string> document;  ///< percent-encoded
  std::string version_id;
  bool is_default_version = false;
  Timestamp create_date{};
};
const Shape& describe(const PolicyVersionData*);

struct InstanceProfileData {
  std::string path;
  std::string name;
  std::string id;
  std::string arn;
  Timestamp create_date{};
  std::vector<RoleData> roles;
  std::optional<std::vector<TagData>> tags;
};
const Shape& describe(const InstanceProfileData*);

struct AttachedPolicyData {
  std::string policy_name;
  std::string policy_arn;
};
const Shape& describe(const AttachedPolicyData*);

/// How much of an entity an answer shows, as AWS's do.
enum class Detail : std::uint8_t {
  full,
  created,  ///< answers to Create: a role without description and session duration, a policy without description
  listed,   ///< lists: without tags, boundary, last use
  nested,   ///< a role within an instance profile: only what it is
};

[[nodiscard]] RoleData to_data(const iam::Role& role, Detail detail = Detail::full);
[[nodiscard]] UserData to_data(const iam::User& user, Detail detail = Detail::full);
[[nodiscard]] GroupData to_data(const iam::Group& group);
[[nodiscard]] PolicyData to_data(const iam::IdentityStore& store, const iam::ManagedPolicy& policy,
                                 Detail detail = Detail::full);
[[nodiscard]] PolicyVersionData to_data(const iam::ManagedPolicy& policy, const iam::PolicyVersion& version,
                                        bool with_document);
[[nodiscard]] InstanceProfileData to_data(const iam::IdentityStore& store, const iam::InstanceProfile& profile,
                                          Detail detail = Detail::full);
/// Nothing when there are none; to_list: an empty list then.
[[nodiscard]] std::optional<std::vector<TagData>> to_data(const std::vector<iam::Tag>& tags);
[[nodiscard]] std::vector<TagData> to_list(const std::vector<iam::Tag>& tags);

/// How many users, groups and roles have the policy attached; how many users and roles have it as boundary.
struct PolicyUse {
  std::int32_t attached = 0;
  std::int32_t as_boundary = 0;
};
[[nodiscard]] PolicyUse use_of(const iam::IdentityStore& store, std::string_view policy_arn);

}  // namespace penstock::services::iam_api
