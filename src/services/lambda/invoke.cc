#include "services/lambda/invoke.h"

#include <fmt/format.h>

#include <array>

#include "core/encoding/base64.h"
#include "services/lambda/payload_check.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

namespace {

using codec::Place;
using codec::Shape;
using codec::ShapeBuilder;

constexpr std::size_t kClientContextBytesMax = 3583;  // Source: Invoke, ClientContext
// Of the reasons of TooManyRequestsException, those that the invoker refuses for. Source: the API Reference, Invoke,
// Errors
constexpr std::array<std::string_view, 2> kThrottleReasons = {"ConcurrentInvocationLimitExceeded",
                                                              "ReservedFunctionConcurrentInvocationLimitExceeded"};
constexpr std::int32_t kAccepted = 202;
constexpr std::int32_t kNoContent = 204;

codec::Rules in_header(std::string_view name) { return {.place = Place::header, .location = name}; }

ApiError invalid_content(std::string message) {
  return user_error("InvalidRequestContentException", std::move(message), 400);
}

/// What the reference calls RequestTooLargeException has this code on the wire; it says nothing of whose fault it is.
ApiError too_large(std::string message) { return {"RequestEntityTooLargeException", std::move(message), 413}; }

ApiResult<void> check_payload(const InvokeInput& input, bool is_event) {
  const std::size_t bytes = input.payload.bytes.size();
  if (bytes > functions::kPayloadBytesMax) {
    return std::unexpected(too_large(fmt::format(
        "Request must be smaller than {} bytes for the InvokeFunction operation", functions::kPayloadBytesMax)));
  }
  if (is_event && bytes > functions::kAsyncPayloadBytesMax) {
    return std::unexpected(
        too_large(fmt::format("{} byte payload is too large for the Event invocation type (limit {} bytes)", bytes,
                              functions::kAsyncPayloadBytesMax)));
  }
  if (!input.payload.bytes.empty() && !is_json(input.payload.bytes)) {
    return std::unexpected(
        invalid_content("Could not parse request body into json: Could not parse payload into json: " +
                        json_problem(input.payload.bytes)));
  }
  return {};
}

/// The JSON inside; "" when there is none.
ApiResult<std::string> client_context_of(const InvokeInput& input) {
  if (!input.client_context.has_value() || input.client_context->empty()) return std::string();
  auto decoded = base64_decode(*input.client_context);
  if (input.client_context->size() > kClientContextBytesMax || !decoded.has_value() || !is_json(*decoded)) {
    return std::unexpected(invalid_content("Client context must be a valid Base64-encoded JSON object."));
  }
  // It travels on in a header: whatever line ends its author put between its members go.
  std::erase_if(*decoded, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return *std::move(decoded);
}

ApiResult<void> refuse_unbuilt(const InvokeInput& input) {
  if (input.tenant_id.has_value()) {
    return std::unexpected(unsupported("Penstock does not isolate tenants: TenantId cannot be given."));
  }
  if (input.durable_execution_name.has_value()) {
    return std::unexpected(unsupported("Penstock has no durable functions: DurableExecutionName cannot be given."));
  }
  return {};
}

InvokeOutput output_of(functions::InvocationResult result, bool wants_log) {
  InvokeOutput out;
  if (!result.function_error.empty()) out.function_error = std::move(result.function_error);
  if (wants_log) out.log_result = base64_encode(result.log_tail);
  out.executed_version = std::move(result.executed_version);
  out.payload.bytes = std::move(result.payload);
  return out;
}

/// Invoke, alone of the operations, names the version that there is not when none was given (recorded from AWS,
/// 2025-11).
ApiError unresolved(const Error& error, bool is_qualified) {
  ApiError out = invoke_error(error);
  if (error.kind == ErrorKind::missing && !is_qualified) out.message += ":$LATEST";
  return out;
}

}  // namespace

ApiError invoke_error(const Error& error) {
  if (error.kind != ErrorKind::throttled) return to_api(error);
  ApiError refusal = too_many_requests("Rate Exceeded.");
  for (const std::string_view reason : kThrottleReasons) {
    if (error.message == reason) refusal.members.emplace_back("Reason", reason);
  }
  return refusal;
}

Touched touch_invoke(const CallContext& call, const void* input) {
  const auto& invoke = *static_cast<const InvokeInput*>(input);
  return touch_qualified(call, invoke.function_name, invoke.qualifier);
}

Answer<InvokeOutput> invoke(CallContext& call, InvokeInput input) {
  const LambdaHouse& house = *call.house.lambda;
  const std::string type = input.invocation_type.value_or("RequestResponse");
  const bool is_event = type == "Event";
  PENSTOCK_CO_TRY_VOID(refuse_unbuilt(input));
  PENSTOCK_CO_TRY(FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY_VOID(check_payload(input, is_event));
  PENSTOCK_CO_TRY(std::string client_context, client_context_of(input));
  const bool is_qualified = !function.qualifier.empty();
  functions::Invocation invocation{.function = std::move(function.name),
                                   .qualifier = std::move(function.qualifier),
                                   .payload = std::move(input.payload.bytes),
                                   .request_id = call.request_id,
                                   .client_context = std::move(client_context),
                                   .trace_header = input.trace_header.value_or(""),
                                   .wants_log_tail = !is_event && input.log_type == "Tail"};
  if (type != "RequestResponse") {
    const auto resolved = store_of(call).resolve(invocation.function, invocation.qualifier);
    if (!resolved.has_value()) co_return std::unexpected(unresolved(resolved.error(), is_qualified));
    InvokeOutput out;
    out.status_code = kNoContent;
    if (!is_event) co_return out;
    out.status_code = kAccepted;
    // The record about its end says {} too (recorded from AWS, 2025-11).
    if (invocation.payload.empty()) invocation.payload = "{}";
    const Result<void> queued = co_await house.async.enqueue(std::move(invocation));
    if (!queued.has_value()) co_return std::unexpected(invoke_error(queued.error()));
    co_return out;
  }
  const bool wants_log = invocation.wants_log_tail;
  auto result = co_await house.invoker.invoke(std::move(invocation));
  if (!result.has_value()) co_return std::unexpected(unresolved(result.error(), is_qualified));
  co_return output_of(*std::move(result), wants_log);
}

const Shape& describe(const InvokeInput*) {
  static const Shape shape =
      ShapeBuilder<InvokeInput>("InvocationRequest")
          .field("FunctionName", &InvokeInput::function_name, namespaced_name_in_path())
          .field("Qualifier", &InvokeInput::qualifier, qualifier_in_query())
          .field("InvocationType", &InvokeInput::invocation_type,
                 {.one_of = {"Event", "RequestResponse", "DryRun"},
                  .place = Place::header,
                  .location = "X-Amz-Invocation-Type"})
          .field("LogType", &InvokeInput::log_type,
                 {.one_of = {"None", "Tail"}, .place = Place::header, .location = "X-Amz-Log-Type"})
          .field("ClientContext", &InvokeInput::client_context, in_header("X-Amz-Client-Context"))
          .field("TraceHeader", &InvokeInput::trace_header, in_header("X-Amzn-Trace-Id"))
          .field("TenantId", &InvokeInput::tenant_id, in_header("X-Amz-Tenant-Id"))
          .field("DurableExecutionName", &InvokeInput::durable_execution_name,
                 in_header("X-Amz-Durable-Execution-Name"))
          .field("Payload", &InvokeInput::payload, {.place = Place::payload})
          .build();
  return shape;
}

const Shape& describe(const InvokeOutput*) {
  static const Shape shape =
      ShapeBuilder<InvokeOutput>("InvocationResponse")
          .field("StatusCode", &InvokeOutput::status_code, in_header(":status"))
          .field("FunctionError", &InvokeOutput::function_error, in_header("X-Amz-Function-Error"))
          .field("LogResult", &InvokeOutput::log_result, in_header("X-Amz-Log-Result"))
          .field("ExecutedVersion", &InvokeOutput::executed_version, in_header("X-Amz-Executed-Version"))
          .field("Payload", &InvokeOutput::payload, {.place = Place::payload})
          .build();
  return shape;
}

}  // namespace penstock::services::lambda
