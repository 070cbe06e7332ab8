#pragma once
/// `penstock check` and `penstock repair`: look through every stored byte of logs and zips, with no server running.

#include "cli/command.h"

namespace penstock::cli {

void add_check(CLI::App& app, Exit& exit);
void add_repair(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
