#pragma once
/// Requests and answers about registered consumers, and how requests name one: by its ARN, or by its name and its
/// stream's ARN. Source: Kinesis API Reference, the actions and data types of the same names.

#include <map>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/kinesis/stream_reference.h"
#include "stream/consumers.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

struct RegisterStreamConsumerInput {
  std::string stream_arn{};
  std::string consumer_name{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<std::string> stream_id{};
};

struct ConsumerOutput {
  std::string consumer_name{};
  std::string consumer_arn{};
  std::string consumer_status{};
  Timestamp consumer_creation_timestamp{};
};

struct RegisterStreamConsumerOutput {
  ConsumerOutput consumer{};
};

struct ConsumerReference {
  std::optional<std::string> stream_arn{};
  std::optional<std::string> consumer_name{};
  std::optional<std::string> consumer_arn{};
  std::optional<std::string> stream_id{};
};

struct DeregisterStreamConsumerInput : ConsumerReference {};
struct DescribeStreamConsumerInput : ConsumerReference {};

struct ConsumerDescription {
  std::string consumer_name{};
  std::string consumer_arn{};
  std::string consumer_status{};
  Timestamp consumer_creation_timestamp{};
  std::string stream_arn{};
};

struct DescribeStreamConsumerOutput {
  ConsumerDescription consumer_description{};
};

struct ListStreamConsumersInput {
  std::string stream_arn{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<Timestamp> stream_creation_timestamp{};
  std::optional<std::string> stream_id{};
};

struct ListStreamConsumersOutput {
  std::vector<ConsumerOutput> consumers{};
  std::optional<std::string> next_token{};
};

const codec::Shape& describe(const RegisterStreamConsumerInput*);
const codec::Shape& describe(const ConsumerOutput*);
const codec::Shape& describe(const RegisterStreamConsumerOutput*);
const codec::Shape& describe(const DeregisterStreamConsumerInput*);
const codec::Shape& describe(const DescribeStreamConsumerInput*);
const codec::Shape& describe(const ConsumerDescription*);
const codec::Shape& describe(const DescribeStreamConsumerOutput*);
const codec::Shape& describe(const ListStreamConsumersInput*);
const codec::Shape& describe(const ListStreamConsumersOutput*);

inline constexpr std::string_view kConsumerArnPattern =
    "(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+";

/// arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/c:1525898737
[[nodiscard]] std::string consumer_arn(const CallContext& call, std::string_view stream, const stream::Consumer& of);

/// A registered consumer and its stream.
struct FoundConsumer {
  stream::StreamView stream;
  stream::Consumer consumer;
};
/// Errors: InvalidArgumentException (not named, or named in two ways that differ), ResourceNotFoundException,
///         InternalFailureException.
[[nodiscard]] ApiResult<FoundConsumer> resolve_consumer(const CallContext& call, const ConsumerReference& reference);

/// Errors: ResourceInUseException unless it is ACTIVE.
[[nodiscard]] ApiResult<void> check_active(const CallContext& call, std::string_view stream,
                                           const stream::Consumer& consumer);

/// The consumer's ARN, whichever way it is named.
[[nodiscard]] Touched touch_consumer(const CallContext& call, const ConsumerReference& reference);

template <class Input>
Touched consumer_resource(const CallContext& call, const void* input) {
  return touch_consumer(call, *static_cast<const Input*>(input));
}

}  // namespace penstock::services::kinesis
