#pragma once
/// `penstock put`: one record into a stream.

#include "cli/command.h"

namespace penstock::cli {

void add_put(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
