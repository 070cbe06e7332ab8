#pragma once
/// The AWS API as our own commands call it: signed requests to a server, ours or another.
/// Threads: one at a time.

#include <boost/json/object.hpp>
#include <expected>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/result.h"
#include "net/http_client.h"
#include "sigv4/sigv4.h"

namespace penstock::cli {

struct ApiAddress {
  std::string url;  ///< "http://127.0.0.1:4566"
  std::string region;
  sigv4::Credentials credentials;
};

/// Of the server that runs on `data_dir`, as its root; with an empty `data_dir` of the environment (AWS_ENDPOINT_URL
/// and AWS_ACCESS_KEY_ID and its kin) if that is set, else of the default data directory.
[[nodiscard]] Result<ApiAddress> find_api(const std::string& data_dir);

/// `code` is the service's ("ResourceNotFoundException"), or empty when no answer came from a service.
struct CallError {
  std::string code;
  std::string message;
  /// "Code: message"
  [[nodiscard]] std::string text() const { return code.empty() ? message : code + ": " + message; }
};
template <class T>
using Called = std::expected<T, CallError>;

class ApiClient {
 public:
  /// `clock` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<ApiClient>> connect(ApiAddress address, const Clock& clock);

  /// One call of a JSON 1.1 service: target "Kinesis_20131202.PutRecord", service "kinesis".
  [[nodiscard]] Called<boost::json::object> call_json(std::string_view service, std::string_view target,
                                                      const boost::json::object& input);
  /// One call of a Query service: the XML of the answer.
  [[nodiscard]] Called<std::string> call_query(
      std::string_view service, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);
  /// One call of a REST-JSON service; the target's parameters are percent-encoded already.
  [[nodiscard]] Called<boost::json::object> call_rest(std::string_view service, std::string_view method,
                                                      std::string_view target, const boost::json::object& input);

 private:
  [[nodiscard]] Called<net::HttpResponse> send(std::string_view service, net::HttpRequest request);

  ApiClient(ApiAddress address, net::HostPort server, const Clock& clock)
      : address_(std::move(address)), http_(std::move(server)), clock_(clock) {}

  ApiAddress address_;
  net::HttpClient http_;
  const Clock& clock_;
};

}  // namespace penstock::cli
