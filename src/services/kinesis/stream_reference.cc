#include "services/kinesis/stream_reference.h"

#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

std::string stream_arn(const CallContext& call, std::string_view name) {
  return fmt::format("arn:aws:kinesis:{}:{}:stream/{}", call.house.region, call.account, name);
}

ApiResult<std::string> name_in_arn(const CallContext& call, std::string_view arn) {
  const std::string mine = stream_arn(call, "");
  if (arn.starts_with(mine) && arn.size() > mine.size() && !arn.substr(mine.size()).contains('/')) {
    return std::string(arn.substr(mine.size()));
  }
  return api_fail(kNotFound, fmt::format("Stream {} under account {} not found.", arn, call.account));
}

// Kinesis API Reference, StreamId of every action: "Not Implemented. Reserved for future use."
ApiResult<void> refuse_stream_id(const std::optional<std::string>& stream_id) {
  if (!stream_id) return {};
  return api_fail(kInvalidArgument,
                  "StreamId is not implemented; it is reserved for future use. Name the stream by "
                  "StreamARN or StreamName.");
}

ApiResult<std::string> resolve_arn(const CallContext& call, const StreamReference& reference) {
  PENSTOCK_TRY_VOID(refuse_stream_id(reference.stream_id));
  if (!reference.stream_arn) return api_fail(kInvalidArgument, "StreamARN should be provided.");
  return name_in_arn(call, *reference.stream_arn);
}

ApiResult<std::string> resolve(const CallContext& call, const StreamReference& reference) {
  PENSTOCK_TRY_VOID(refuse_stream_id(reference.stream_id));
  if (!reference.stream_arn) {
    if (reference.stream_name) return *reference.stream_name;
    return api_fail(kInvalidArgument, "Either StreamName or StreamARN should be provided.");
  }
  PENSTOCK_TRY(std::string name, name_in_arn(call, *reference.stream_arn));
  if (reference.stream_name && *reference.stream_name != name) {
    return api_fail(kInvalidArgument, fmt::format("StreamName {} is not the stream of StreamARN {}.",
                                                  *reference.stream_name, *reference.stream_arn));
  }
  return name;
}

ApiResult<ResourceName> find_resource(const CallContext& call, std::string_view arn) {
  auto resource = parse_resource_arn(call.house.streams, arn);
  if (!resource) return api_fail(kNotFound, fmt::format("Stream {} under account {} not found.", arn, call.account));
  if (const auto view = call.house.streams.get(resource->stream); !view) {
    return to_api_error(view.error(), Plane::control);
  }
  if (!resource->consumer.empty()) {
    return api_fail(kNotFound, fmt::format("Consumer {} under account {} not found.", arn, call.account));
  }
  return *std::move(resource);
}

Touched touch_arns(const CallContext& call, std::vector<std::string> arns) {
  Touched touched;
  for (const std::string& arn : arns) {
    const auto resource = parse_resource_arn(call.house.streams, arn);
    touched.resource_policies.push_back(resource ? resource_policy(call.house.streams, call.house.catalog, *resource)
                                                 : std::string());
    if (!resource || !resource->consumer.empty() || arns.size() != 1) continue;
    const auto view = call.house.streams.find(resource->stream);
    if (!view) continue;
    for (const auto& [key, value] : view->info->tags) touched.conditions["aws:ResourceTag/" + key] = {value};
  }
  touched.resources = std::move(arns);
  return touched;
}

void add_request_tags(const std::map<std::string, std::string>& tags, Touched& touched) {
  if (tags.empty()) return;
  std::vector<std::string>& keys = touched.conditions["aws:TagKeys"];
  for (const auto& [key, value] : tags) {
    keys.push_back(key);
    touched.conditions["aws:RequestTag/" + key] = {value};
  }
}

void add_request_tag_keys(const std::vector<std::string>& keys, Touched& touched) {
  if (!keys.empty()) touched.conditions["aws:TagKeys"] = keys;
}

Touched touch(const CallContext& call, const StreamReference& reference) {
  std::vector<std::string> arns;
  if (reference.stream_arn) arns.push_back(*reference.stream_arn);
  if (reference.stream_name) {
    std::string arn = stream_arn(call, *reference.stream_name);
    if (arns.empty() || arns.front() != arn) arns.push_back(std::move(arn));
  }
  if (arns.empty()) arns.emplace_back("*");
  return touch_arns(call, std::move(arns));
}

codec::Rules name_rules(bool required) { return {.required = required, .length = {1, 128}, .pattern = kNamePattern}; }

codec::Rules stream_id_rules() { return {.length = {1, 24}, .pattern = "[a-z0-9]{20}-[a-z0-9]{3}"}; }

codec::Rules arn_rules(bool required) { return {.required = required, .length = {1, 2048}, .pattern = kArnPattern}; }

codec::Rules resource_arn_rules() {
  return {.required = true, .length = {1, 2048}, .pattern = "arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"};
}

}  // namespace penstock::services::kinesis
