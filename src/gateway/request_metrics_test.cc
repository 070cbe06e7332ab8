#include "gateway/request_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace penstock::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr services::Operation named(std::string_view name) {
  return {.name = name,
          .action = {},
          .touched = nullptr,
          .input_shape = nullptr,
          .output_shape = nullptr,
          .make_input = nullptr,
          .invoke = nullptr};
}
constexpr services::Operation kOperations[] = {named("Get"), named("Put")};

services::Service make_service(std::string_view name) {
  return {.name = name,
          .protocol = services::Protocol::json11,
          .target_prefix = {},
          .api_version = {},
          .xml_namespace = {},
          .operations = kOperations,
          .known_operations = {},
          .malformed_code = {},
          .validation_code = {},
          .denied_code = {}};
}

TEST(RequestMetrics, CountsEachOperationOfEachServiceByStatus) {
  const services::Service first = make_service("first");
  const services::Service second = make_service("second");
  const std::array all = {&first, &second};
  RequestMetrics metrics(all);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.note(&second, &kOperations[1], 200, 2ms);
    });
  }
  for (std::thread& thread : threads) thread.join();
  metrics.note(&first, &kOperations[0], 400, 2ms);
  metrics.note(&first, &kOperations[0], 418, 2ms);
  metrics.note(&first, nullptr, 400, 0ms);
  metrics.note(nullptr, nullptr, 404, 0ms);

  telemetry::Exposition out;
  metrics.write(out);
  const auto line = [](std::string_view service, std::string_view operation, std::string_view status, int count) {
    return HasSubstr(std::string("penstock_http_requests_total{service=\"")
                         .append(service)
                         .append("\",operation=\"")
                         .append(operation)
                         .append("\",status=\"")
                         .append(status)
                         .append("\"} ")
                         .append(std::to_string(count))
                         .append("\n"));
  };
  EXPECT_THAT(out.text(), line("second", "Put", "200", 4000));
  EXPECT_THAT(out.text(), line("first", "Get", "400", 1));
  EXPECT_THAT(out.text(), line("first", "Get", "other", 1));
  EXPECT_THAT(out.text(), line("none", "none", "400", 1));
  EXPECT_THAT(out.text(), line("none", "none", "404", 1));
  EXPECT_THAT(out.text(), Not(HasSubstr("second\",operation=\"Get"))) << "never called";
  EXPECT_THAT(out.text(), HasSubstr("duration_seconds_count{service=\"second\",operation=\"Put\"} 4000\n"));
}

}  // namespace
}  // namespace penstock::gateway
