#include "services/kinesis/stream_reference.h"

#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"

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

ApiResult<std::string> resolve(const CallContext& call, const StreamReference& reference) {
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

Touched touch(const CallContext& call, const StreamReference& reference) {
  Touched touched;
  if (reference.stream_arn) touched.resources.push_back(*reference.stream_arn);
  if (reference.stream_name) {
    std::string arn = stream_arn(call, *reference.stream_name);
    if (touched.resources.empty() || touched.resources.front() != arn) touched.resources.push_back(std::move(arn));
  }
  if (touched.resources.empty()) touched.resources.emplace_back("*");
  return touched;
}

codec::Rules name_rules(bool required) { return {.required = required, .length = {1, 128}, .pattern = kNamePattern}; }

codec::Rules arn_rules(bool required) { return {.required = required, .length = {1, 2048}, .pattern = kArnPattern}; }

}  // namespace penstock::services::kinesis
