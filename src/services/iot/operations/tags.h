#pragma once
/// Tags of rules, policies, types, groups and role aliases.
/// Source: AWS IoT API Reference, TagResource, UntagResource, ListTagsForResource.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

struct TagResourceInput {
  std::string resource_arn{};
  std::vector<Tag> tags{};
};
const codec::Shape& describe(const TagResourceInput*);
Task<ApiResult<Empty>> tag_resource(CallContext& call, TagResourceInput input);

struct UntagResourceInput {
  std::string resource_arn{};
  std::vector<std::string> tag_keys{};
};
const codec::Shape& describe(const UntagResourceInput*);
Task<ApiResult<Empty>> untag_resource(CallContext& call, UntagResourceInput input);

struct ListTagsForResourceInput {
  std::string resource_arn{};
  std::optional<std::string> next_token{};
};
struct ListTagsForResourceOutput {
  std::vector<Tag> tags{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListTagsForResourceInput*);
const codec::Shape& describe(const ListTagsForResourceOutput*);
Task<ApiResult<ListTagsForResourceOutput>> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input);

/// The resource's own ARN, with the tags that are given or taken as conditions.
[[nodiscard]] Touched touch_tag_resource(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_untag_resource(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_list_tags(const CallContext& call, const void* input);

}  // namespace penstock::services::iot
