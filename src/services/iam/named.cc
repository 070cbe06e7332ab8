#include "services/iam/named.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"

namespace penstock::services::iam_api {

template <class E>
const Shape& describe(const NameInput<E>*) {
  static const Shape shape =
      ShapeBuilder<NameInput<E>>("NameRequest").field(Naming<E>::kMember, &NameInput<E>::name, name_rules(128)).build();
  return shape;
}

template <class E>
const Shape& describe(const PagedNameInput<E>*) {
  static const Shape shape = ShapeBuilder<PagedNameInput<E>>("PagedNameRequest")
                                 .field(Naming<E>::kMember, &PagedNameInput<E>::name, name_rules(128))
                                 .field("Marker", &PagedNameInput<E>::marker, marker_rules())
                                 .field("MaxItems", &PagedNameInput<E>::max_items, max_items_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListInput*) {
  static const Shape shape = ShapeBuilder<ListInput>("ListRequest")
                                 .field("PathPrefix", &ListInput::path_prefix, path_prefix_rules())
                                 .field("Marker", &ListInput::marker, marker_rules())
                                 .field("MaxItems", &ListInput::max_items, max_items_rules())
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const TagInput<E>*) {
  static const Shape shape = ShapeBuilder<TagInput<E>>("TagRequest")
                                 .field(Naming<E>::kMember, &TagInput<E>::name, name_rules(128))
                                 .field("Tags", &TagInput<E>::tags, tags_rules(true))
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const UntagInput<E>*) {
  static const Shape shape = ShapeBuilder<UntagInput<E>>("UntagRequest")
                                 .field(Naming<E>::kMember, &UntagInput<E>::name, name_rules(128))
                                 .field("TagKeys", &UntagInput<E>::tag_keys, tag_keys_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsOutput*) {
  static const Shape shape = ShapeBuilder<ListTagsOutput>("ListTagsResponse")
                                 .field("Tags", &ListTagsOutput::tags)
                                 .field("IsTruncated", &ListTagsOutput::is_truncated)
                                 .field("Marker", &ListTagsOutput::marker)
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const PutBoundaryInput<E>*) {
  static const Shape shape = ShapeBuilder<PutBoundaryInput<E>>("PutPermissionsBoundaryRequest")
                                 .field(Naming<E>::kMember, &PutBoundaryInput<E>::name, name_rules(128))
                                 .field("PermissionsBoundary", &PutBoundaryInput<E>::permissions_boundary, arn_rules())
                                 .build();
  return shape;
}

namespace {

/// Changes one member of an entity that must exist. `alter`: (store, E&) -> ApiResult<void>.
template <class E, class Alter>
Task<ApiResult<codec::Empty>> alter_entity(CallContext& call, std::string name, Alter alter) {
  return change<codec::Empty>(call,
                              [name = std::move(name), alter = std::move(alter)](
                                  const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
                                const auto found = store.find<E>(name);
                                if (!found) return cannot_be_found<E>(name);
                                E entity = *found;
                                PENSTOCK_TRY_VOID(alter(store, entity));
                                Plan<codec::Empty> plan;
                                plan.edit.put(entity);
                                return plan;
                              });
}

/// "TagsPerRole", "TagsPerInstanceProfile"
template <class E>
std::string tags_quota() {
  std::string title(Naming<E>::kTitle);
  std::erase(title, ' ');
  return "TagsPer" + title;
}

}  // namespace

template <class E>
Task<ApiResult<codec::Empty>> tag_entity(CallContext& call, TagInput<E> input) {
  return alter_entity<E>(call, input.name,
                         [tags = std::move(input.tags)](const iam::IdentityStore&, E& entity) -> ApiResult<void> {
                           PENSTOCK_TRY(entity.tags, merged_tags(entity.tags, tags, tags_quota<E>()));
                           return {};
                         });
}

template <class E>
Task<ApiResult<codec::Empty>> untag_entity(CallContext& call, UntagInput<E> input) {
  return alter_entity<E>(call, input.name,
                         [keys = std::move(input.tag_keys)](const iam::IdentityStore&, E& entity) -> ApiResult<void> {
                           entity.tags = without_tags(std::move(entity.tags), keys);
                           return {};
                         });
}

ApiResult<ListTagsOutput> tags_page(const std::vector<iam::Tag>& tags, const std::optional<std::string>& marker,
                                    std::optional<std::int32_t> max_items) {
  std::vector<TagData> all = to_data(tags).value_or(std::vector<TagData>{});
  std::ranges::sort(all, {}, &TagData::key);
  PENSTOCK_TRY(auto page, page_of(std::move(all), marker, max_items, [](const TagData& tag) { return tag.key; }));
  return ListTagsOutput{
      .tags = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

template <class E>
Task<ApiResult<ListTagsOutput>> list_entity_tags(CallContext& call, PagedNameInput<E> input) {
  const auto found = call.house.iam.find<E>(input.name);
  if (!found) co_return cannot_be_found<E>(input.name);
  co_return tags_page(found->tags, input.marker, input.max_items);
}

template <class E>
Task<ApiResult<codec::Empty>> put_boundary(CallContext& call, PutBoundaryInput<E> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto found = store.find<E>(input.name);
        if (!found) return cannot_be_found<E>(input.name);
        PENSTOCK_TRY_VOID(check_boundary(store, input.permissions_boundary));
        E entity = *found;
        entity.boundary = input.permissions_boundary;
        Plan<codec::Empty> plan;
        plan.edit.put(entity);
        if (const auto policy = store.find_policy(input.permissions_boundary); policy && policy->version != 0) {
          plan.edit.hold(*policy);
        }
        return plan;
      });
}

template <class E>
Task<ApiResult<codec::Empty>> delete_boundary(CallContext& call, NameInput<E> input) {
  return alter_entity<E>(call, input.name, [](const iam::IdentityStore&, E& entity) -> ApiResult<void> {
    if (!entity.boundary) {
      return no_such_entity(fmt::format("{} {} does not have a permissions boundary.", Naming<E>::kTitle, entity.name));
    }
    entity.boundary.reset();
    return {};
  });
}

#define PENSTOCK_FOR_NAMED(E)                             \
  template const Shape& describe<E>(const NameInput<E>*); \
  template const Shape& describe<E>(const PagedNameInput<E>*)
PENSTOCK_FOR_NAMED(iam::Role);
PENSTOCK_FOR_NAMED(iam::User);
PENSTOCK_FOR_NAMED(iam::Group);
PENSTOCK_FOR_NAMED(iam::InstanceProfile);
#undef PENSTOCK_FOR_NAMED

#define PENSTOCK_FOR_TAGGED(E)                                                         \
  template const Shape& describe<E>(const TagInput<E>*);                               \
  template const Shape& describe<E>(const UntagInput<E>*);                             \
  template Task<ApiResult<codec::Empty>> tag_entity<E>(CallContext&, TagInput<E>);     \
  template Task<ApiResult<codec::Empty>> untag_entity<E>(CallContext&, UntagInput<E>); \
  template Task<ApiResult<ListTagsOutput>> list_entity_tags<E>(CallContext&, PagedNameInput<E>)
PENSTOCK_FOR_TAGGED(iam::Role);
PENSTOCK_FOR_TAGGED(iam::User);
PENSTOCK_FOR_TAGGED(iam::InstanceProfile);
#undef PENSTOCK_FOR_TAGGED

#define PENSTOCK_FOR_BOUNDED(E)                                                              \
  template const Shape& describe<E>(const PutBoundaryInput<E>*);                             \
  template Task<ApiResult<codec::Empty>> put_boundary<E>(CallContext&, PutBoundaryInput<E>); \
  template Task<ApiResult<codec::Empty>> delete_boundary<E>(CallContext&, NameInput<E>)
PENSTOCK_FOR_BOUNDED(iam::Role);
PENSTOCK_FOR_BOUNDED(iam::User);
#undef PENSTOCK_FOR_BOUNDED

}  // namespace penstock::services::iam_api
