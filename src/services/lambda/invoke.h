#pragma once
/// Invoke. Source: AWS Lambda API Reference, Invoke.

#include <optional>
#include <string>

#include "codec/shape.h"
#include "services/lambda/change.h"

namespace penstock::services::lambda {

struct InvokeInput {
  std::string function_name{};
  std::optional<std::string> qualifier{};
  std::optional<std::string> invocation_type{};
  std::optional<std::string> log_type{};
  std::optional<std::string> client_context{};
  std::optional<std::string> trace_header{};
  std::optional<std::string> tenant_id{};
  std::optional<std::string> durable_execution_name{};
  codec::Blob payload{};
};
const codec::Shape& describe(const InvokeInput*);

struct InvokeOutput {
  std::int32_t status_code = 200;
  std::optional<std::string> function_error{};
  std::optional<std::string> log_result{};
  std::optional<std::string> executed_version{};
  codec::Blob payload{};
};
const codec::Shape& describe(const InvokeOutput*);

Answer<InvokeOutput> invoke(CallContext& call, InvokeInput input);
[[nodiscard]] Touched touch_invoke(const CallContext& call, const void* input);

/// Of the invoker, in Invoke's words.
[[nodiscard]] ApiError invoke_error(const Error& error);

}  // namespace penstock::services::lambda
