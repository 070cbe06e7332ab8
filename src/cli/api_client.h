#pragma once
/// The AWS API as our own commands call it: signed requests to a server, ours or another.
/// Threads: one at a time. Errors: those of net::HttpClient; the service's own come back with their AWS code and text.

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

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

class ApiClient {
 public:
  /// `clock` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<ApiClient>> connect(ApiAddress address, const Clock& clock);

  /// One call of a JSON 1.1 service: target "Kinesis_20131202.PutRecord", service "kinesis".
  [[nodiscard]] Result<boost::json::object> call_json(std::string_view service, std::string_view target,
                                                      const boost::json::object& input);
  /// Any signed request; the answer as it came.
  [[nodiscard]] Result<net::HttpResponse> send(std::string_view service, net::HttpRequest request);

 private:
  ApiClient(ApiAddress address, net::HostPort server, const Clock& clock)
      : address_(std::move(address)), http_(std::move(server)), clock_(clock) {}

  ApiAddress address_;
  net::HttpClient http_;
  const Clock& clock_;
};

}  // namespace penstock::cli
