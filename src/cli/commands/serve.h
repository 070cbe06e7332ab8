#pragma once
/// `penstock serve`: runs a server in the foreground until SIGTERM or SIGINT.

#include "cli/command.h"

namespace penstock::cli {

void add_serve(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
