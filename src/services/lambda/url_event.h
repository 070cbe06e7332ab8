#pragma once
/// Function URLs: from an HTTP request to the event that the function gets, and from its answer to an HTTP response.
/// Pure. Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs" (request and response payloads,
/// version 2.0).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "iam/authorizer.h"

namespace penstock::services::lambda {

using UrlHeaders = std::vector<std::pair<std::string, std::string>>;

struct UrlRequest {
  std::string_view method;
  std::string_view path;   ///< as on the wire
  std::string_view query;  ///< likewise, without '?'
  const UrlHeaders& headers;
  std::string_view body;
  std::string_view domain;  ///< without the port
  std::string_view source_ip;
  std::string_view request_id;
  std::string_view trace{};  ///< "Root=1-...": X-Amzn-Trace-Id, unless the caller sent one
  bool secure = false;
  std::string_view port{};
  Timestamp time{};
  const iam::Principal* caller = nullptr;  ///< null: nobody signed it
  std::string_view access_key{};           ///< that it was signed with
};
[[nodiscard]] std::string url_event(const UrlRequest& request);

struct UrlAnswer {
  int status = 200;
  UrlHeaders headers{};  ///< names are tokens, none that frames the message; cookies as Set-Cookie
  std::string body{};
};
/// Errors: invalid: the function's answer cannot be an HTTP response (its client gets 502).
[[nodiscard]] Result<UrlAnswer> url_answer(std::string_view payload);

}  // namespace penstock::services::lambda
