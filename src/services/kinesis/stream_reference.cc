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

ApiResult<std::optional<stream::Consumer>> find_consumer(const CallContext& call, const stream::StreamView& stream,
                                                         const ResourceName& resource) {
  const std::size_t colon = resource.consumer.rfind(':');
  auto consumer = call.house.streams.consumers().find(stream.info->uid, consumer_name(resource));
  if (!consumer) return to_api_error(consumer.error(), Plane::control);
  if (!*consumer) return std::nullopt;
  // A consumer registered anew under the name of an earlier one has another ARN.
  const bool same = resource.consumer.substr(colon + 1) == std::to_string(to_unix_ms((*consumer)->created) / 1000);
  return same ? *std::move(consumer) : std::nullopt;
}

ApiResult<ResourceName> find_resource(const CallContext& call, std::string_view arn) {
  auto resource = parse_resource_arn(call.house.streams, arn);
  if (!resource) return api_fail(kNotFound, fmt::format("Stream {} under account {} not found.", arn, call.account));
  const auto view = call.house.streams.get(resource->stream);
  if (!view) return to_api_error(view.error(), Plane::control);
  if (resource->consumer.empty()) return *std::move(resource);
  PENSTOCK_TRY(const auto consumer, find_consumer(call, *view, *resource));
  if (consumer) return *std::move(resource);
  return api_fail(kNotFound, fmt::format("Consumer {}, account {} not found.", arn, call.account));
}

Touched failed(const Error& error) {
  Touched touched;
  touched.failure = to_api_error(error, Plane::control).error();
  return touched;
}

Touched touch_arns(const CallContext& call, std::vector<std::string> arns) {
  Touched touched;
  for (const std::string& arn : arns) {
    const auto resource = parse_resource_arn(call.house.streams, arn);
    touched.resource_policies.push_back(resource ? resource_policy(call.house.streams, call.house.catalog, *resource)
                                                 : std::string());
    if (!resource || arns.size() != 1) continue;
    const auto view = call.house.streams.find(resource->stream);
    if (!view) continue;
    Result<stream::Consumers::Tags> tags = view->info->tags;
    if (!resource->consumer.empty()) {
      tags = call.house.streams.consumers().tags(view->info->uid, consumer_name(*resource));
      if (!tags) return failed(tags.error());
    }
    for (const auto& [key, value] : *tags) touched.conditions["aws:ResourceTag/" + key] = {value};
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
