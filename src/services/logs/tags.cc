// TagResource, UntagResource, ListTagsForResource, and their older forms that name the group.
#include <fmt/format.h>

#include "services/house.h"
#include "services/logs/operations.h"

namespace penstock::services::logs_api {
namespace {

constexpr std::size_t kTagsMax = 50;

Answer<Empty> add_tags(CallContext& call, std::string group, TagMap tags) {
  const auto changed = co_await store(call).edit_group(
      std::move(group), [tags = std::move(tags)](penstock::logs::GroupRecord& record) -> Result<void> {
        for (const auto& [key, value] : tags) record.tags.insert_or_assign(key, value);
        if (record.tags.size() <= kTagsMax) return {};
        return fail(ErrorKind::conflict, fmt::format("A resource can have no more than {} tags.", kTagsMax));
      });
  if (!changed && changed.error().kind == ErrorKind::conflict) {
    co_return api_fail("TooManyTagsException", changed.error().message);
  }
  if (!changed) co_return to_api_error(changed.error());
  co_return Empty{};
}

Answer<Empty> remove_tags(CallContext& call, std::string group, std::vector<std::string> keys) {
  const auto changed = co_await store(call).edit_group(
      std::move(group), [keys = std::move(keys)](penstock::logs::GroupRecord& record) -> Result<void> {
        for (const std::string& key : keys) record.tags.erase(key);
        return {};
      });
  if (!changed) co_return to_api_error(changed.error());
  co_return Empty{};
}

}  // namespace

Answer<Empty> tag_log_group(CallContext& call, TagLogGroupInput input) {
  co_return co_await add_tags(call, std::move(input.group), std::move(input.tags));
}

Answer<Empty> untag_log_group(CallContext& call, UntagLogGroupInput input) {
  co_return co_await remove_tags(call, std::move(input.group), std::move(input.keys));
}

Answer<TagsOutput> list_tags_log_group(CallContext& call, GroupInput input) {
  PENSTOCK_CO_TRY(const auto group, find_group(call, input.group));
  co_return TagsOutput{.tags = group->record().tags};
}

Answer<Empty> tag_resource(CallContext& call, TagResourceInput input) {
  PENSTOCK_CO_TRY(std::string group, group_in_arn(call, input.arn));
  co_return co_await add_tags(call, std::move(group), std::move(input.tags));
}

Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input) {
  PENSTOCK_CO_TRY(std::string group, group_in_arn(call, input.arn));
  co_return co_await remove_tags(call, std::move(group), std::move(input.keys));
}

Answer<TagsOutput> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input) {
  PENSTOCK_CO_TRY(const std::string name, group_in_arn(call, input.arn));
  PENSTOCK_CO_TRY(const auto group, find_group(call, name));
  co_return TagsOutput{.tags = group->record().tags};
}

}  // namespace penstock::services::logs_api
