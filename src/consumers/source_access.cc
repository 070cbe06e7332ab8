#include "consumers/source_access.h"

#include <fmt/format.h>

namespace penstock::consumers {

namespace {

/// As AWS names them: "awslambda_783_20180222015150438"; the role's session shows it in messages.
constexpr std::string_view kSessionName = "awslambda_event_source_mapping";

bool is_consumer(std::string_view source_arn) { return source_arn.contains("/consumer/"); }

Result<void> authorize(const ConsumerParts& parts, const iam::Principal& who, std::string_view action,
                       std::string_view resource) {
  const std::string policy = parts.resource_policy ? parts.resource_policy(resource) : std::string();
  iam::Question question{.action = action, .resource = resource};
  if (!policy.empty()) question.resource_policy = policy;
  const iam::Decision decision = parts.authorizer.authorize(who, question);
  if (decision.allowed) return {};
  return fail(ErrorKind::denied, fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", who.arn,
                                             action, resource, decision.reason));
}

Result<iam::Principal> assume(const ConsumerParts& parts, std::string_view role_arn) {
  auto principal = parts.authorizer.assume_as_service(role_arn, kLambdaService, kSessionName);
  if (principal) return principal;
  return fail(principal.error().kind,
              fmt::format("The role {} cannot be assumed by Lambda: {}", role_arn, principal.error().message));
}

Result<void> authorize_reading(const ConsumerParts& parts, const iam::Principal& who, std::string_view source_arn) {
  if (is_consumer(source_arn)) return authorize(parts, who, "kinesis:SubscribeToShard", source_arn);
  return authorize(parts, who, "kinesis:GetRecords", source_arn);
}

}  // namespace

Result<std::string> execution_role(const ConsumerParts& parts, const MappingOptions& options) {
  PENSTOCK_TRY(const functions::Resolved resolved,
               parts.functions.resolve(options.function_name, options.function_qualifier));
  return resolved.version->role_arn;
}

Result<void> check_source_access(const ConsumerParts& parts, std::string_view role_arn, std::string_view source_arn) {
  PENSTOCK_TRY(const iam::Principal who, assume(parts, role_arn));
  PENSTOCK_TRY_VOID(authorize(parts, who, "kinesis:DescribeStream", stream_arn_of(source_arn)));
  if (!is_consumer(source_arn)) PENSTOCK_TRY_VOID(authorize(parts, who, "kinesis:GetShardIterator", source_arn));
  return authorize_reading(parts, who, source_arn);
}

Result<void> check_read_access(const ConsumerParts& parts, std::string_view role_arn, std::string_view source_arn) {
  PENSTOCK_TRY(const iam::Principal who, assume(parts, role_arn));
  return authorize_reading(parts, who, source_arn);
}

Result<stream::StreamView> find_source(const ConsumerParts& parts, std::string_view source_arn) {
  const auto source = parse_source_arn(source_arn, parts.region, parts.account);
  if (!source) return fail(ErrorKind::missing, fmt::format("Stream not found: {}", source_arn));
  PENSTOCK_TRY(stream::StreamView view, parts.streams.get_settled(source->stream));
  if (source->consumer.empty()) return view;
  PENSTOCK_TRY(const auto consumer, parts.streams.consumers().find(view.info->uid, source->consumer));
  const bool same = consumer && fmt::to_string(to_unix_ms(consumer->created) / 1000) == source->consumer_created;
  if (!same || consumer->status == stream::ConsumerStatus::deleting) {
    return fail(ErrorKind::missing, fmt::format("Consumer not found: {}", source_arn));
  }
  if (consumer->status != stream::ConsumerStatus::active) {
    return fail(ErrorKind::conflict, fmt::format("Consumer is not active: {}", source_arn));
  }
  return view;
}

}  // namespace penstock::consumers
