#include "functions/runtime/runtime_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace penstock::functions::runtime {

namespace {

constexpr std::string_view kRoot = "/2018-06-01/runtime/";
constexpr std::size_t kRequestIdBytesMax = 128;

}  // namespace

RuntimeCall read_runtime_call(std::string_view method, std::string_view path) {
  using Kind = RuntimeCall::Kind;
  if (!path.starts_with(kRoot)) return {};
  path.remove_prefix(kRoot.size());
  const auto call = [&](Kind kind, std::string_view wanted) {
    return RuntimeCall{.kind = method == wanted ? kind : Kind::wrong_method, .request_id = {}};
  };
  if (path == "invocation/next") return call(Kind::next, "GET");
  if (path == "init/error") return call(Kind::init_error, "POST");
  constexpr std::string_view kInvocation = "invocation/";
  if (!path.starts_with(kInvocation)) return {};
  path.remove_prefix(kInvocation.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > kRequestIdBytesMax) return {};
  const std::string_view what = path.substr(slash + 1);
  if (what != "response" && what != "error") return {};
  RuntimeCall out = call(what == "response" ? Kind::response : Kind::error, "POST");
  out.request_id = path.substr(0, slash);
  return out;
}

net::HttpResponse next_answer(const Invocation& invocation, std::string_view invoked_arn, std::string_view trace_header,
                              Timestamp deadline) {
  net::HttpResponse out;
  out.headers.add("Content-Type", "application/json");
  out.headers.add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  out.headers.add("Lambda-Runtime-Deadline-Ms", fmt::format("{}", to_unix_ms(deadline)));
  out.headers.add("Lambda-Runtime-Invoked-Function-Arn", std::string(invoked_arn));
  out.headers.add("Lambda-Runtime-Trace-Id", std::string(trace_header));
  if (!invocation.client_context.empty()) {
    out.headers.add("Lambda-Runtime-Client-Context", invocation.client_context);
  }
  out.body = invocation.payload.empty() ? "{}" : invocation.payload;
  return out;
}

net::HttpResponse accepted_answer() {
  net::HttpResponse out;
  out.status = 202;
  out.headers.add("Content-Type", "application/json");
  out.body = R"({"status":"OK"})";
  return out;
}

net::HttpResponse error_answer(int status, std::string_view type, std::string_view message) {
  net::HttpResponse out;
  out.status = status;
  out.headers.add("Content-Type", "application/json");
  out.body = error_document(type, message);
  return out;
}

std::string error_document(std::string_view type, std::string_view message) {
  return boost::json::serialize(boost::json::object{{"errorType", type}, {"errorMessage", message}});
}

std::string timed_out_document(std::string_view request_id, std::chrono::milliseconds timeout) {
  return error_document("Sandbox.Timedout",
                        fmt::format("RequestId: {} Error: Task timed out after {}.{:02} seconds", request_id,
                                    timeout.count() / 1000, timeout.count() % 1000 / 10));
}

std::string exit_document(std::string_view request_id, std::string_view how) {
  if (how.empty()) {
    return error_document("Runtime.ExitError",
                          fmt::format("RequestId: {} Error: Runtime exited without providing a reason", request_id));
  }
  return error_document("Runtime.ExitError",
                        fmt::format("RequestId: {} Error: Runtime exited with error: {}", request_id, how));
}

std::string too_large_document() {
  return error_document(
      "Function.ResponseSizeTooLarge",
      fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", kAnswerBytesMax));
}

std::string make_trace_header(Timestamp now, std::string_view random_hex_24, std::string_view parent_hex_16) {
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", to_unix_ms(now) / 1000, random_hex_24, parent_hex_16);
}

}  // namespace penstock::functions::runtime
