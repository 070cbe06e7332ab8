#include "services/kinesis/consumer_shapes.h"

#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kConsumerPart = "/consumer/";

std::int64_t seconds(Timestamp time) { return to_unix_ms(time) / 1000; }

codec::Rules consumer_name_rules(bool required = false) { return name_rules(required); }

template <class Input>
Shape reference_shape(std::string_view name) {
  using Member = std::optional<std::string> Input::*;
  return ShapeBuilder<Input>(name)
      .field("StreamARN", static_cast<Member>(&Input::stream_arn), arn_rules())
      .field("ConsumerName", static_cast<Member>(&Input::consumer_name), consumer_name_rules())
      .field("ConsumerARN", static_cast<Member>(&Input::consumer_arn),
             {.length = {1, 2048}, .pattern = kConsumerArnPattern})
      .field("StreamId", static_cast<Member>(&Input::stream_id), stream_id_rules())
      .build();
}

ApiResult<FoundConsumer> find_by_name(const CallContext& call, const std::string& stream, const std::string& name,
                                      std::string_view shown) {
  auto view = call.house.streams.get(stream);
  if (!view) return to_api_error(view.error(), Plane::control);
  auto consumer = call.house.streams.consumers().find(view->info->uid, name);
  if (!consumer) return to_api_error(consumer.error(), Plane::control);
  if (!*consumer) return api_fail(kNotFound, fmt::format("Consumer {}, account {} not found.", shown, call.account));
  return FoundConsumer{.stream = *std::move(view), .consumer = **std::move(consumer)};
}

}  // namespace

std::string consumer_arn(const CallContext& call, std::string_view stream, const stream::Consumer& of) {
  return fmt::format("{}{}{}:{}", stream_arn(call, stream), kConsumerPart, of.name, seconds(of.created));
}

// The text is AWS's: aws-cloudformation/cloudformation-coverage-roadmap, issue 2442.
ApiResult<void> check_active(const CallContext& call, std::string_view stream, const stream::Consumer& consumer) {
  if (consumer.status == stream::ConsumerStatus::active) return {};
  return api_fail(kInUse, fmt::format("Consumer {} with creation timestamp {} under stream {} and account {} is not in "
                                      "ACTIVE status.",
                                      consumer.name, seconds(consumer.created), stream, call.account));
}

ApiResult<FoundConsumer> resolve_consumer(const CallContext& call, const ConsumerReference& reference) {
  PENSTOCK_TRY_VOID(refuse_stream_id(reference.stream_id));
  if (!reference.consumer_arn) {
    if (!reference.stream_arn || !reference.consumer_name) {
      return api_fail(kInvalidArgument, "Either ConsumerARN or both ConsumerName and StreamARN should be provided.");
    }
    PENSTOCK_TRY(const std::string stream, name_in_arn(call, *reference.stream_arn));
    return find_by_name(call, stream, *reference.consumer_name,
                        fmt::format("{} of stream {}", *reference.consumer_name, stream));
  }
  const std::string& arn = *reference.consumer_arn;
  PENSTOCK_TRY(const ResourceName resource, find_resource(call, arn));
  const bool differs = (reference.consumer_name && *reference.consumer_name != consumer_name(resource)) ||
                       (reference.stream_arn && *reference.stream_arn != stream_arn(call, resource.stream));
  if (differs || resource.consumer.empty()) {
    return api_fail(kInvalidArgument,
                    fmt::format("ConsumerName and StreamARN do not name the consumer of ConsumerARN {}.", arn));
  }
  return find_by_name(call, resource.stream, consumer_name(resource), arn);
}

Touched touch_consumer(const CallContext& call, const ConsumerReference& reference) {
  std::vector<std::string> arns;
  if (reference.consumer_arn) arns.push_back(*reference.consumer_arn);
  if (reference.stream_arn && reference.consumer_name) {
    stream::Consumer named{.name = *reference.consumer_name};  // created at 0, unless it is there
    if (const auto name = name_in_arn(call, *reference.stream_arn)) {
      if (const auto view = call.house.streams.find(*name)) {
        auto found = call.house.streams.consumers().find(view->info->uid, named.name);
        if (!found) return failed(found.error());
        if (*found) named = **std::move(found);
      }
    }
    std::string arn =
        fmt::format("{}{}{}:{}", *reference.stream_arn, kConsumerPart, named.name, seconds(named.created));
    if (arns.empty() || arns.front() != arn) arns.push_back(std::move(arn));
  }
  if (arns.empty()) arns.emplace_back("*");
  return touch_arns(call, std::move(arns));
}

const Shape& describe(const RegisterStreamConsumerInput*) {
  static const Shape shape =
      ShapeBuilder<RegisterStreamConsumerInput>("RegisterStreamConsumerInput")
          .field("StreamARN", &RegisterStreamConsumerInput::stream_arn, arn_rules(true))
          .field("ConsumerName", &RegisterStreamConsumerInput::consumer_name, consumer_name_rules(true))
          .field("Tags", &RegisterStreamConsumerInput::tags,
                 {.length = {0, 200}, .element_length = {0, 256}, .key_length = {1, 128}})
          .field("StreamId", &RegisterStreamConsumerInput::stream_id, stream_id_rules())
          .build();
  return shape;
}

const Shape& describe(const ConsumerOutput*) {
  static const Shape shape = ShapeBuilder<ConsumerOutput>("Consumer")
                                 .field("ConsumerName", &ConsumerOutput::consumer_name)
                                 .field("ConsumerARN", &ConsumerOutput::consumer_arn)
                                 .field("ConsumerStatus", &ConsumerOutput::consumer_status)
                                 .field("ConsumerCreationTimestamp", &ConsumerOutput::consumer_creation_timestamp)
                                 .build();
  return shape;
}

const Shape& describe(const RegisterStreamConsumerOutput*) {
  static const Shape shape = ShapeBuilder<RegisterStreamConsumerOutput>("RegisterStreamConsumerOutput")
                                 .field("Consumer", &RegisterStreamConsumerOutput::consumer)
                                 .build();
  return shape;
}

const Shape& describe(const DeregisterStreamConsumerInput*) {
  static const Shape shape = reference_shape<DeregisterStreamConsumerInput>("DeregisterStreamConsumerInput");
  return shape;
}

const Shape& describe(const DescribeStreamConsumerInput*) {
  static const Shape shape = reference_shape<DescribeStreamConsumerInput>("DescribeStreamConsumerInput");
  return shape;
}

const Shape& describe(const ConsumerDescription*) {
  static const Shape shape = ShapeBuilder<ConsumerDescription>("ConsumerDescription")
                                 .field("ConsumerName", &ConsumerDescription::consumer_name)
                                 .field("ConsumerARN", &ConsumerDescription::consumer_arn)
                                 .field("ConsumerStatus", &ConsumerDescription::consumer_status)
                                 .field("ConsumerCreationTimestamp", &ConsumerDescription::consumer_creation_timestamp)
                                 .field("StreamARN", &ConsumerDescription::stream_arn)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeStreamConsumerOutput*) {
  static const Shape shape = ShapeBuilder<DescribeStreamConsumerOutput>("DescribeStreamConsumerOutput")
                                 .field("ConsumerDescription", &DescribeStreamConsumerOutput::consumer_description)
                                 .build();
  return shape;
}

const Shape& describe(const ListStreamConsumersInput*) {
  static const Shape shape = ShapeBuilder<ListStreamConsumersInput>("ListStreamConsumersInput")
                                 .field("StreamARN", &ListStreamConsumersInput::stream_arn, arn_rules(true))
                                 .field("NextToken", &ListStreamConsumersInput::next_token, {.length = {1, 1048576}})
                                 .field("MaxResults", &ListStreamConsumersInput::max_results, {.range = {1, 10000}})
                                 .field("StreamCreationTimestamp", &ListStreamConsumersInput::stream_creation_timestamp)
                                 .field("StreamId", &ListStreamConsumersInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListStreamConsumersOutput*) {
  static const Shape shape = ShapeBuilder<ListStreamConsumersOutput>("ListStreamConsumersOutput")
                                 .field("Consumers", &ListStreamConsumersOutput::consumers)
                                 .field("NextToken", &ListStreamConsumersOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::kinesis
