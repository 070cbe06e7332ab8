#pragma once
/// How requests name a stream: by StreamName, by StreamARN, or by both.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/kinesis/resource_policies.h"
#include "services/operation.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

struct StreamReference {
  std::optional<std::string> stream_name{};
  std::optional<std::string> stream_arn{};
  std::optional<std::string> stream_id{};  ///< "Not Implemented. Reserved for future use.": refused
};

/// The stream's name. Errors: InvalidArgumentException (neither, not a stream of this house, or the two differ).
[[nodiscard]] ApiResult<std::string> resolve(const CallContext& call, const StreamReference& reference);
[[nodiscard]] ApiResult<void> refuse_stream_id(const std::optional<std::string>& stream_id);
/// For inputs that know a StreamARN only. Errors: as resolve.
[[nodiscard]] ApiResult<std::string> resolve_arn(const CallContext& call, const StreamReference& reference);
/// The name in a stream's ARN of this account and region. Errors: InvalidArgumentException, ResourceNotFoundException.
[[nodiscard]] ApiResult<std::string> name_in_arn(const CallContext& call, std::string_view arn);

[[nodiscard]] std::string stream_arn(const CallContext& call, std::string_view name);

/// The stream or consumer that an ARN names; it is there. Errors: ResourceNotFoundException.
[[nodiscard]] ApiResult<ResourceName> find_resource(const CallContext& call, std::string_view arn);

/// "c" of "c:1525898737".
[[nodiscard]] inline std::string consumer_name(const ResourceName& resource) {
  return resource.consumer.substr(0, resource.consumer.rfind(':'));
}
/// The very consumer that the resource names, if it is still there.
[[nodiscard]] ApiResult<std::optional<stream::Consumer>> find_consumer(const CallContext& call,
                                                                       const stream::StreamView& stream,
                                                                       const ResourceName& resource);
/// The call fails, whoever calls: what the decision needs could not be read.
[[nodiscard]] Touched failed(const Error& error);

/// What a call touches: the ARNs, each with its resource policy, and the tags of a single one as aws:ResourceTag/...
[[nodiscard]] Touched touch_arns(const CallContext& call, std::vector<std::string> arns);
/// aws:RequestTag/... and aws:TagKeys of tags that the call gives, and aws:TagKeys of those that it takes away.
void add_request_tags(const std::map<std::string, std::string>& tags, Touched& touched);
void add_request_tag_keys(const std::vector<std::string>& keys, Touched& touched);

/// The ARNs that the reference names; both, when they are not the same, so that none goes unchecked.
[[nodiscard]] Touched touch(const CallContext& call, const StreamReference& reference);

template <class Input>
Touched stream_resource(const CallContext& call, const void* input) {
  return touch(call, *static_cast<const Input*>(input));
}

inline constexpr std::string_view kNamePattern = "[a-zA-Z0-9_.-]+";
inline constexpr std::string_view kArnPattern = "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+";

[[nodiscard]] codec::Rules name_rules(bool required = false);  ///< StreamName, ShardId
[[nodiscard]] codec::Rules arn_rules(bool required = false);
[[nodiscard]] codec::Rules resource_arn_rules();  ///< ResourceARN: of a stream or a consumer; required
[[nodiscard]] codec::Rules stream_id_rules();

/// Begins the shape of an input that refers to a stream.
template <class Input>
codec::ShapeBuilder<Input> stream_shape(std::string_view name) {
  using Member = std::optional<std::string> Input::*;
  return codec::ShapeBuilder<Input>(name)
      .field("StreamName", static_cast<Member>(&Input::stream_name), name_rules())
      .field("StreamARN", static_cast<Member>(&Input::stream_arn), arn_rules())
      .field("StreamId", static_cast<Member>(&Input::stream_id), stream_id_rules());
}

/// The same for the operations that know no StreamName.
template <class Input>
codec::ShapeBuilder<Input> arn_shape(std::string_view name, bool required = false) {
  using Member = std::optional<std::string> Input::*;
  return codec::ShapeBuilder<Input>(name)
      .field("StreamARN", static_cast<Member>(&Input::stream_arn), arn_rules(required))
      .field("StreamId", static_cast<Member>(&Input::stream_id), stream_id_rules());
}

}  // namespace penstock::services::kinesis
