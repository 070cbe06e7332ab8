#pragma once
/// How functions are run: what an operator may set (docs/configuration.md, lambda.*), and what `server` gives.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "functions/runtime/interpreters.h"

namespace penstock::functions::runtime {

/// A role's temporary credentials, for a function's environment variables.
struct RoleCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  Timestamp expires{};
};
/// Errors: missing (no such role), denied (it does not trust lambda.amazonaws.com). Threads: any.
using RoleCredentialSource =
    std::function<Result<RoleCredentials>(std::string_view role_arn, std::string_view session_name)>;

/// Whether a role may write to a log group and stream. Null: all may. Threads: any.
using LogPermission = std::function<bool(std::string_view role_arn, std::string_view group, std::string_view stream)>;

/// What a function reaches beyond its own environment.
enum class Network : std::uint8_t {
  api,   ///< nothing but Penstock's API, at 127.0.0.1 inside
  host,  ///< whatever this machine reaches
};

struct RuntimeOptions {
  std::string folder;  ///< absolute, of the runtime's own: bootstraps, merged layers
  /// Without it nothing but a process group, its limits and its user keep a function from this machine.
  bool sandboxed = true;
  std::string bubblewrap = "/usr/bin/bwrap";
  InterpreterPaths interpreters;
  Network network = Network::api;
  std::size_t concurrency_max = 64;  ///< environments; AWS: the account's unreserved concurrency
  std::chrono::milliseconds idle_max{600'000};
  std::chrono::milliseconds init_max{10'000};  ///< before an invocation's own time runs
  std::uint64_t processes_max = 1024;          ///< and threads, of an environment. Source: Lambda quotas
  std::uint64_t output_bytes_max =
      16U << 20U;  ///< of one invocation; what is over it is dropped, and counted in the log
  std::string region;
  std::uint16_t api_port = 4566;  ///< where the API is found inside (Network::api) or on this machine (host)
};

}  // namespace penstock::functions::runtime
