#pragma once
/// `penstock backup` and `penstock restore`.

#include "cli/command.h"

namespace penstock::cli {

void add_backup(CLI::App& app, Exit& exit);
void add_restore(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
