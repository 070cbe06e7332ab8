#pragma once
/// A Lambda function as those who run it see it. Kept by FunctionStore, run by Invoker.
/// Source: AWS Lambda API Reference, FunctionConfiguration.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace penstock::functions {

inline constexpr std::string_view kLatest = "$LATEST";

/// Where and how the function's output is logged.
struct LoggingConfig {
  std::string group;              ///< "/aws/lambda/<name>" unless configured
  bool json = false;              ///< LogFormat JSON
  std::string application_level;  ///< JSON only; "" = all
  std::string system_level;       ///< JSON only
};

/// One version of a function (published, or $LATEST as it is at a moment). Immutable.
struct FunctionVersion {
  std::string name;
  std::string version;  ///< "$LATEST" or a number
  std::string arn;      ///< unqualified for $LATEST
  std::string role_arn;
  std::string runtime;  ///< "provided.al2023", "nodejs20.x", "python3.11"
  std::string handler;
  std::chrono::seconds timeout{3};
  int memory_mb = 128;
  int ephemeral_mb = 512;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string code_folder;                 ///< absolute; the unpacked zip, never changed once it stands
  std::vector<std::string> layer_folders;  ///< absolute, unpacked, in the order in which they are laid over each other
  LoggingConfig logging;
  /// The folders above stand as long as this is held: whoever runs the version keeps the FunctionVersionPtr.
  std::vector<std::shared_ptr<const void>> code_in_use;
  /// Another text for anything that a running environment does not follow: environments of an older one are retired.
  std::string revision_id;
};
using FunctionVersionPtr = std::shared_ptr<const FunctionVersion>;

/// What an invocation of NAME:QUALIFIER runs.
struct Resolved {
  FunctionVersionPtr version;
  std::string invoked_arn;                  ///< with the qualifier that was asked for; unqualified without one
  std::optional<int> reserved_concurrency;  ///< of the function, over all versions; 0: every invocation is throttled
  int provisioned_concurrency = 0;          ///< of the version: environments kept warm
};

/// The functions there are. Threads: any.
class FunctionDirectory {
 public:
  virtual ~FunctionDirectory() = default;
  /// `qualifier`: empty ($LATEST), a version or an alias; an alias with weights picks one of its versions by chance.
  /// Errors: missing (AWS's message), conflict (the function is not Active: its code is being unpacked).
  [[nodiscard]] virtual Result<Resolved> resolve(std::string_view name, std::string_view qualifier) const = 0;
  /// Calls back with the function's name after it changed or went, on any thread; it must be quick. One watcher.
  virtual void watch(std::function<void(std::string_view name)> on_change) = 0;
};

}  // namespace penstock::functions
