// AddTagsToStream, RemoveTagsFromStream, ListTagsForStream, TagResource, UntagResource, ListTagsForResource.
#include <fmt/format.h>

#include <algorithm>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::size_t kTagsShownMax = 50;

/// "Unicode letters, digits, white space, _ . / = + - % @ :"; beyond ASCII everything is let through.
bool is_tag_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_word || static_cast<unsigned char>(c) >= 0x80 || std::string_view(" _./=+-%@:").contains(c);
  });
}

std::vector<Tag> to_list(const std::map<std::string, std::string>& tags) {
  std::vector<Tag> list;
  for (const auto& [key, value] : tags) list.push_back({.key = key, .value = value});
  return list;
}

ApiResult<stream::StreamView> find_stream(const CallContext& call, std::string_view name) {
  auto view = call.house.streams.get(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  return *std::move(view);
}

/// Errors: ResourceInUseException when the stream is CREATING or DELETING, ResourceNotFoundException.
ApiResult<void> check_settled(const CallContext& call, std::string_view name) {
  const auto view = call.house.streams.get_settled(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  return {};
}

/// The stream or consumer whose tags are asked for or changed.
template <class Input>
ApiResult<ResourceName> tagged(const CallContext& call, const Input& input) {
  PENSTOCK_TRY_VOID(refuse_stream_id(input.stream_id));
  PENSTOCK_TRY(ResourceName resource, find_resource(call, input.resource_arn));
  PENSTOCK_TRY_VOID(check_settled(call, resource.stream));
  return resource;
}

std::unexpected<ApiError> invalid_characters() {
  return api_fail(kInvalidArgument,
                  "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                  "_ . / = + - % @ :.");
}

std::unexpected<ApiError> illegal_characters(const CallContext& call, std::string_view stream,
                                             std::string_view change) {
  return api_fail(kInvalidArgument,
                  fmt::format("Failed to {} stream {} under account {} because some tags contained illegal "
                              "characters. The allowed characters are Unicode letters, white-spaces, "
                              "'_',',','/','=','+','-','@',':'.",
                              change, stream, call.account));
}

ApiResult<void> check_tag_keys(const CallContext& call, std::string_view stream, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (!is_tag_text(key)) return invalid_characters();
    if (key.contains('%')) return illegal_characters(call, stream, "remove tags from");
  }
  return {};
}

Answer<Empty> add_tags(CallContext& call, std::string name, std::map<std::string, std::string> tags) {
  PENSTOCK_CO_TRY_VOID(check_settled(call, name));
  PENSTOCK_CO_TRY_VOID(check_tags(call, name, tags));
  const auto added = co_await call.house.streams.add_tags(std::move(name), std::move(tags));
  if (!added) co_return to_api_error(added.error(), Plane::control);
  co_return Empty{};
}

Answer<Empty> remove_tags(CallContext& call, std::string name, std::vector<std::string> keys) {
  PENSTOCK_CO_TRY_VOID(check_settled(call, name));
  PENSTOCK_CO_TRY_VOID(check_tag_keys(call, name, keys));
  const auto removed = co_await call.house.streams.remove_tags(std::move(name), std::move(keys));
  if (!removed) co_return to_api_error(removed.error(), Plane::control);
  co_return Empty{};
}

}  // namespace

ApiResult<void> check_tags(const CallContext& call, std::string_view stream,
                           const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) {
    if (!is_tag_text(key) || !is_tag_text(value)) return invalid_characters();
    if (key.contains('%') || value.contains('%')) return illegal_characters(call, stream, "add tags to");
    if (key.starts_with("aws:")) {
      return api_fail(kInvalidArgument,
                      fmt::format("Failed to add tags to stream {} under account {}: tag keys that start with aws: are "
                                  "reserved.",
                                  stream, call.account));
    }
  }
  return {};
}

Answer<Empty> add_tags_to_stream(CallContext& call, AddTagsToStreamInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  co_return co_await add_tags(call, std::move(name), std::move(input.tags));
}

Answer<Empty> remove_tags_from_stream(CallContext& call, RemoveTagsFromStreamInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  co_return co_await remove_tags(call, std::move(name), std::move(input.tag_keys));
}

Answer<ListTagsForStreamOutput> list_tags_for_stream(CallContext& call, ListTagsForStreamInput input) {
  PENSTOCK_CO_TRY(const std::string name, resolve(call, input));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, name));
  const auto& tags = view.info->tags;
  const auto limit = static_cast<std::size_t>(input.limit.value_or(kTagsShownMax));
  auto at = input.exclusive_start_tag_key ? tags.upper_bound(*input.exclusive_start_tag_key) : tags.begin();
  ListTagsForStreamOutput output;
  for (; at != tags.end() && output.tags.size() < limit; ++at) {
    output.tags.push_back({.key = at->first, .value = at->second});
  }
  output.has_more_tags = at != tags.end();
  co_return output;
}

Answer<Empty> tag_resource(CallContext& call, TagResourceInput input) {
  PENSTOCK_CO_TRY(ResourceName resource, tagged(call, input));
  if (resource.consumer.empty()) {
    co_return co_await add_tags(call, std::move(resource.stream), std::move(input.tags));
  }
  PENSTOCK_CO_TRY_VOID(check_tags(call, resource.stream, input.tags));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, resource.stream));
  const auto added = co_await call.house.streams.consumers().add_tags(view.info->uid, resource.stream,
                                                                      consumer_name(resource), std::move(input.tags));
  if (!added) co_return to_api_error(added.error(), Plane::control);
  co_return Empty{};
}

Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input) {
  PENSTOCK_CO_TRY(ResourceName resource, tagged(call, input));
  if (resource.consumer.empty()) {
    co_return co_await remove_tags(call, std::move(resource.stream), std::move(input.tag_keys));
  }
  PENSTOCK_CO_TRY_VOID(check_tag_keys(call, resource.stream, input.tag_keys));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, resource.stream));
  const auto removed = co_await call.house.streams.consumers().remove_tags(
      view.info->uid, resource.stream, consumer_name(resource), std::move(input.tag_keys));
  if (!removed) co_return to_api_error(removed.error(), Plane::control);
  co_return Empty{};
}

Answer<ListTagsForResourceOutput> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input) {
  PENSTOCK_CO_TRY(const ResourceName resource, tagged(call, input));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_stream(call, resource.stream));
  if (resource.consumer.empty()) co_return ListTagsForResourceOutput{.tags = to_list(view.info->tags)};
  const auto tags = call.house.streams.consumers().tags(view.info->uid, consumer_name(resource));
  if (!tags) co_return to_api_error(tags.error(), Plane::control);
  co_return ListTagsForResourceOutput{.tags = to_list(*tags)};
}

}  // namespace penstock::services::kinesis
