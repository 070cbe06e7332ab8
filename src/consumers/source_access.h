#pragma once
/// What a function's execution role may do with its event source. Asked for each page, so that a change of policy holds
/// at once.
/// Source: AWS Lambda Developer Guide, "Required execution role permissions" (Kinesis).

#include <optional>
#include <string>
#include <string_view>

#include "consumers/mapping.h"
#include "consumers/parts.h"
#include "core/result.h"

namespace penstock::consumers {

inline constexpr std::string_view kLambdaService = "lambda.amazonaws.com";

/// The role that the function runs under. Errors: missing (no such function), conflict (not Active).
[[nodiscard]] Result<std::string> execution_role(const ConsumerParts& parts, const MappingOptions& options);

/// All that a mapping needs to begin with the source: DescribeStream, GetShardIterator and GetRecords on the stream; on
/// a consumer SubscribeToShard instead of the latter two. Errors: denied, missing (no such role), saying who may not do
/// what.
[[nodiscard]] Result<void> check_source_access(const ConsumerParts& parts, std::string_view role_arn,
                                               std::string_view event_source_arn);
/// The same for reading on.
[[nodiscard]] Result<void> check_read_access(const ConsumerParts& parts, std::string_view role_arn,
                                             std::string_view event_source_arn);

/// The stream of a mapping, and that its consumer is the very one that the ARN names and is ACTIVE.
/// Errors: missing, conflict.
[[nodiscard]] Result<stream::StreamView> find_source(const ConsumerParts& parts, std::string_view event_source_arn);

}  // namespace penstock::consumers
