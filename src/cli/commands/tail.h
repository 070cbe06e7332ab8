#pragma once
/// `penstock tail`: follows every shard of a stream through the API and prints its records.

#include "cli/command.h"

namespace penstock::cli {

void add_tail(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
