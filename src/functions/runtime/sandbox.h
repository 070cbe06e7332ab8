#pragma once
/// From a function's version to the process that runs it: what it sees, who it is, what bounds it.
///
/// In the sandbox (bubblewrap): namespaces of its own for processes, mounts, IPC, host name, users and, unless the
/// machine's network is shared with it, the network; /usr and the code read-only, a private /tmp of ephemeral_mb, no
/// data directory, no capability, no way to more privileges. When Penstock is root, the function is another user.
/// Source: AWS Lambda Developer Guide, "Using Lambda environment variables", "Lambda quotas".
/// Threads: any; it may touch the disk.

#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "functions/function.h"
#include "functions/runtime/interpreters.h"
#include "functions/runtime/runtime_options.h"
#include "os/child_process.h"

namespace penstock::functions::runtime {

/// Where the Runtime API listens in a network of the environment's own: as in AWS.
inline constexpr std::uint16_t kRuntimeApiPort = 9001;

struct SandboxPlan {
  const RuntimeOptions& options;
  const Interpreters& interpreters;
  const FunctionVersion& function;
  Language language = Language::provided;
  const RoleCredentials& credentials;
  std::string log_stream;
  std::uint16_t runtime_port = kRuntimeApiPort;  ///< on 127.0.0.1
  bool provisioned = false;
  std::uint32_t slot = 0;  ///< no two living environments share one
  std::vector<std::string> control_groups;
  int output = -1;
};

/// Errors: invalid (AWS's Runtime.InvalidEntrypoint: there is no bootstrap to be run), unavailable.
[[nodiscard]] Result<os::ChildSpec> sandbox_child(const SandboxPlan& plan);

/// The function's environment variables, its own first and then those that it cannot change.
using Variables = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Variables function_variables(const SandboxPlan& plan, std::string_view task_root,
                                           std::string_view layers_root, std::string_view runtime_root);

/// One folder with the layers laid over each other (a later one wins); "" when there are none. Below `folder` when
/// there are several. Errors: unavailable.
[[nodiscard]] Result<std::string> lay_over(const std::string& folder, const std::vector<std::string>& layers);

/// Writes the bootstraps of this build into `folder` and empties what earlier processes left there.
/// Errors: unavailable.
[[nodiscard]] Result<void> prepare_runtime_folder(const std::string& folder);

}  // namespace penstock::functions::runtime
