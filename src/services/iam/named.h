#pragma once
/// Inputs and handlers that are the same for every kind of entity but for its name: tags, boundaries, plain names.

#include "services/iam/shapes.h"
#include "services/operation.h"

namespace penstock::services::iam_api {

/// "RoleName", and nothing else.
template <class E>
struct NameInput {
  std::string name;
};
template <class E>
const Shape& describe(const NameInput<E>*);

/// "RoleName", Marker, MaxItems.
template <class E>
struct PagedNameInput {
  std::string name;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
template <class E>
const Shape& describe(const PagedNameInput<E>*);

/// PathPrefix, Marker, MaxItems: ListRoles, ListUsers, ListGroups, ListInstanceProfiles.
struct ListInput {
  std::optional<std::string> path_prefix;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const ListInput*);

template <class E>
struct TagInput {
  std::string name;
  std::vector<TagData> tags;
};
template <class E>
const Shape& describe(const TagInput<E>*);

template <class E>
struct UntagInput {
  std::string name;
  std::vector<std::string> tag_keys;
};
template <class E>
const Shape& describe(const UntagInput<E>*);

struct ListTagsOutput {
  std::vector<TagData> tags;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListTagsOutput*);

template <class E>
struct PutBoundaryInput {
  std::string name;
  std::string permissions_boundary;
};
template <class E>
const Shape& describe(const PutBoundaryInput<E>*);

template <class E>  // Role, User, InstanceProfile
Task<ApiResult<codec::Empty>> tag_entity(CallContext& call, TagInput<E> input);
template <class E>
Task<ApiResult<codec::Empty>> untag_entity(CallContext& call, UntagInput<E> input);
template <class E>
Task<ApiResult<ListTagsOutput>> list_entity_tags(CallContext& call, PagedNameInput<E> input);
template <class E>  // Role, User
Task<ApiResult<codec::Empty>> put_boundary(CallContext& call, PutBoundaryInput<E> input);
template <class E>
Task<ApiResult<codec::Empty>> delete_boundary(CallContext& call, NameInput<E> input);

/// One page of an entity's tags.
[[nodiscard]] ApiResult<ListTagsOutput> tags_page(const std::vector<iam::Tag>& tags,
                                                  const std::optional<std::string>& marker,
                                                  std::optional<std::int32_t> max_items);

}  // namespace penstock::services::iam_api
