#pragma once
/// The Runtime API's requests, answers and the error documents that Lambda itself makes: text to values and back.
/// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01).

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "functions/invoker.h"
#include "net/http.h"

namespace penstock::functions::runtime {

/// Of an answer; more is Function.ResponseSizeTooLarge. Source: that error's own message.
inline constexpr std::size_t kAnswerBytesMax = 6'291'556;

struct RuntimeCall {
  enum class Kind : std::uint8_t { next, response, error, init_error, unknown, wrong_method };
  Kind kind = Kind::unknown;
  std::string request_id;  ///< response and error only
};
[[nodiscard]] RuntimeCall read_runtime_call(std::string_view method, std::string_view path);

/// 200 with the event and its Lambda-Runtime-... headers.
[[nodiscard]] net::HttpResponse next_answer(const Invocation& invocation, std::string_view invoked_arn,
                                            std::string_view trace_header, Timestamp deadline);
[[nodiscard]] net::HttpResponse accepted_answer();
/// {"errorMessage":..,"errorType":..}
[[nodiscard]] net::HttpResponse error_answer(int status, std::string_view type, std::string_view message);

// What the caller of a function gets when the function gave no answer of its own.
[[nodiscard]] std::string error_document(std::string_view type, std::string_view message);
[[nodiscard]] std::string timed_out_document(std::string_view request_id, std::chrono::milliseconds timeout);
/// `how`: "signal: killed", "exit status 1"; empty: it left without a reason.
[[nodiscard]] std::string exit_document(std::string_view request_id, std::string_view how);
[[nodiscard]] std::string too_large_document();

/// A new X-Amzn-Trace-Id, not sampled.
[[nodiscard]] std::string make_trace_header(Timestamp now, std::string_view random_hex_24,
                                            std::string_view parent_hex_16);

}  // namespace penstock::functions::runtime
