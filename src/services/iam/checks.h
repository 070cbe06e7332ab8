#pragma once
/// What IAM checks beyond a shape's own rules.
/// Source: IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference.

#include <string>
#include <string_view>
#include <vector>

#include "iam/identity_store.h"
#include "services/iam/errors.h"
#include "services/iam/shapes.h"

namespace penstock::services::iam_api {

inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::size_t kAttachedMax = 10;
inline constexpr std::size_t kManagedPolicyCharactersMax = 6144;
inline constexpr std::size_t kTrustPolicyCharactersMax = 2048;

[[nodiscard]] ApiResult<void> check_name(std::string_view argument, std::string_view name);
[[nodiscard]] ApiResult<void> check_path(std::string_view path);

/// Keys of policies' tags differ by case alone, those of users, roles and instance profiles do not.
enum class TagKeys : std::uint8_t { case_insensitive, case_sensitive };

/// Tags of a new entity, or added to those that it has. `what`: "TagsPerRole".
[[nodiscard]] ApiResult<std::vector<iam::Tag>> merged_tags(std::vector<iam::Tag> tags,
                                                           const std::vector<TagData>& added, std::string_view what,
                                                           TagKeys keys = TagKeys::case_insensitive);
[[nodiscard]] std::vector<iam::Tag> without_tags(std::vector<iam::Tag> tags, const std::vector<std::string>& gone,
                                                 TagKeys keys = TagKeys::case_insensitive);

/// White space does not count against IAM's limits.
[[nodiscard]] std::size_t characters_without_space(std::string_view document);

[[nodiscard]] ApiResult<void> check_identity_policy(std::string_view document);
[[nodiscard]] ApiResult<void> check_managed_policy(std::string_view document);
/// The principals of this account must exist, except `itself`: a new role may name itself.
[[nodiscard]] ApiResult<void> check_trust_policy(const iam::IdentityStore& store, std::string_view document,
                                                 std::string_view itself);
/// The policy exists and may be a boundary.
[[nodiscard]] ApiResult<void> check_boundary(const iam::IdentityStore& store, std::string_view arn);
[[nodiscard]] ApiResult<void> check_arn(std::string_view arn);

/// The condition keys of tagging calls: aws:RequestTag/key, aws:TagKeys.
void add_tag_conditions(iam::Conditions& conditions, const std::vector<TagData>& tags);

}  // namespace penstock::services::iam_api
