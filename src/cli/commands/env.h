#pragma once
/// `penstock env`: shell lines that point the AWS CLI and SDKs at the running server.

#include "cli/command.h"

namespace penstock::cli {

void add_env(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
