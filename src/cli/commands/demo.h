#pragma once
/// `penstock demo`: the whole pipeline before your eyes. Makes a stream, a role and a topic rule (if they are not
/// there), lets simulated MultispeQ devices publish, and shows what comes out of the stream.

#include "cli/command.h"

namespace penstock::cli {

void add_demo(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
