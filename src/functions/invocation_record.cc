#include "functions/invocation_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "codec/json.h"

namespace penstock::functions {
namespace {

namespace json = boost::json;

std::string_view condition_of(InvocationEnd end) {
  switch (end) {
    case InvocationEnd::success: return "Success";
    case InvocationEnd::retries_exhausted: return "RetriesExhausted";
    case InvocationEnd::event_age_exceeded: return "EventAgeExceeded";
    case InvocationEnd::no_concurrency: return "ZeroReservedConcurrency";
  }
  return "";
}

std::string iso_time(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (time - seconds).count());
}

/// Payloads are JSON; what is not (a function may answer anything) goes as text.
json::value document_of(std::string_view payload) {
  constexpr int kPayloadDepthMax = 200;
  if (payload.empty()) return nullptr;
  if (auto parsed = codec::parse_json(payload, kPayloadDepthMax)) return *std::move(parsed);
  return json::string(payload);
}

}  // namespace

std::string render(const InvocationReport& report) {
  json::object document;
  document["version"] = "1.0";
  document["timestamp"] = iso_time(report.time);
  document["requestContext"] = json::object{{"requestId", report.request_id},
                                            {"functionArn", report.function_arn},
                                            {"condition", condition_of(report.end)},
                                            {"approximateInvokeCount", report.invoke_count}};
  document["requestPayload"] = document_of(report.request_payload);
  if (report.result) {
    json::object context{{"statusCode", 200}, {"executedVersion", report.result->executed_version}};
    if (!report.result->function_error.empty()) context["functionError"] = report.result->function_error;
    document["responseContext"] = std::move(context);
    document["responsePayload"] = document_of(report.result->payload);
  }
  return codec::serialize(document);
}

std::string object_key(std::string_view function, Timestamp time, std::string_view uuid) {
  const auto at = fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time)));
  return fmt::format("aws/lambda/async/{}/{:%Y/%m/%d}/{:%Y-%m-%dT%H.%M.%S}-{}", function, at, at, uuid);
}

}  // namespace penstock::functions
