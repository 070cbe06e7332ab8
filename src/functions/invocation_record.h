#pragma once
/// The document that tells a destination how an asynchronous invocation ended, to the letter of AWS's. Pure.
/// Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "functions/invoker.h"

namespace penstock::functions {

enum class InvocationEnd : std::uint8_t { success, retries_exhausted, event_age_exceeded, no_concurrency };

struct InvocationReport {
  InvocationEnd end = InvocationEnd::success;
  Timestamp time{};
  std::string request_id;
  std::string function_arn;  ///< with a qualifier, $LATEST too
  int invoke_count = 0;
  std::string request_payload;
  std::optional<InvocationResult> result;  ///< the last one; nothing when the function never ran
};

[[nodiscard]] std::string render(const InvocationReport& report);

/// "aws/lambda/async/<function>/2026/11/23/2026-11-23T18.16.05-<uuid>"
[[nodiscard]] std::string object_key(std::string_view function, Timestamp time, std::string_view uuid);

}  // namespace penstock::functions
