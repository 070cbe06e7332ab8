#pragma once
/// Stands in for the parts of Lambda that are not built yet: each answers an error that names what is missing. Whoever
/// builds a part replaces its stand-in in server.cc and removes it here.

#include <string>
#include <string_view>

#include "functions/async_invocations.h"
#include "functions/destinations.h"
#include "functions/invoker.h"

namespace penstock::server {

class UnbuiltAsyncInvocations final : public functions::AsyncInvocations {
 public:
  Task<Result<void>> enqueue(functions::Invocation /*invocation*/) override {
    co_return fail(ErrorKind::unavailable, "asynchronous invocations are not built yet");
  }
};

class UnbuiltDestinations final : public functions::Destinations {
 public:
  [[nodiscard]] Result<void> check(std::string_view /*destination_arn*/, std::string_view /*role_arn*/) const override {
    return fail(ErrorKind::invalid, "destinations are not built yet");
  }
  Task<Result<void>> send(std::string /*destination_arn*/, std::string /*role_arn*/,
                          functions::DestinationRecord /*record*/) override {
    co_return fail(ErrorKind::unavailable, "destinations are not built yet");
  }
};

}  // namespace penstock::server
