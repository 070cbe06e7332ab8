#pragma once
/// Tags of functions and of event source mappings: TagResource, UntagResource, ListTags.
/// Source: AWS Lambda API Reference.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"

namespace penstock::services::lambda {

struct TagResourceInput {
  std::string resource{};
  std::map<std::string, std::string> tags{};
};
struct UntagResourceInput {
  std::string resource{};
  std::vector<std::string> tag_keys{};
};
struct ListTagsInput {
  std::string resource{};
};
struct ListTagsOutput {
  std::map<std::string, std::string> tags{};
};
const codec::Shape& describe(const TagResourceInput*);
const codec::Shape& describe(const UntagResourceInput*);
const codec::Shape& describe(const ListTagsInput*);
const codec::Shape& describe(const ListTagsOutput*);
Answer<Empty> tag_resource(CallContext& call, TagResourceInput input);
Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input);
Answer<ListTagsOutput> list_tags(CallContext& call, ListTagsInput input);

/// The resource's own ARN, with the tags that are given or taken as conditions.
[[nodiscard]] Touched touch_tag_resource(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_untag_resource(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_list_tags(const CallContext& call, const void* input);

}  // namespace penstock::services::lambda
