#pragma once
/// Whether a function's role may write the function's output to its log group.
/// Guarantee: as the policies were kMemory ago at most.
/// Source:  AWS Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": the execution role needs
///          logs:CreateLogGroup (when there is no group), logs:CreateLogStream and logs:PutLogEvents; without them the
///          function runs and nothing is logged.
/// Threads: any. Bounds: answers are remembered for kRemembered roles and groups.

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/mutex.h"
#include "iam/authorizer.h"
#include "logs/log_store.h"

namespace penstock::server {

/// All outlive it.
struct OutputPermissionParts {
  const iam::Authorizer& identities;
  const logs::LogStore& outputs;
  const Clock& clock;
  std::string account;
  std::string region;
};

class OutputPermission {
 public:
  static constexpr std::chrono::milliseconds kMemory{1000};
  static constexpr std::size_t kRemembered = 10'000;

  explicit OutputPermission(OutputPermissionParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] bool may_write(std::string_view role_arn, std::string_view group, std::string_view stream)
      EXCLUDES(mutex_);

 private:
  struct Answer {
    bool allowed = false;
    SteadyTime until{};
  };
  [[nodiscard]] bool ask(std::string_view role_arn, std::string_view group, std::string_view stream) const;

  const OutputPermissionParts parts_;
  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Answer> answers_ GUARDED_BY(mutex_);
};

}  // namespace penstock::server
