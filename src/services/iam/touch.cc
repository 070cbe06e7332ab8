#include "services/iam/touch.h"

#include <fmt/format.h>

namespace penstock::services::iam_api {

std::string make_arn(std::string_view account, std::string_view noun, std::string_view path, std::string_view name) {
  return fmt::format("arn:{}:iam::{}:{}{}{}", iam::kPartition, account, noun, path, name);
}

void add_resource_tags(iam::Conditions& conditions, const std::vector<iam::Tag>& tags) {
  for (const iam::Tag& tag : tags) {
    conditions["aws:ResourceTag/" + tag.key] = {tag.value};
    conditions["iam:ResourceTag/" + tag.key] = {tag.value};
  }
}

Touched touch_all(const CallContext&, const void*) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

}  // namespace penstock::services::iam_api
