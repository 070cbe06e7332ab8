#pragma once
/// `penstock simulate`: plays MultispeQ devices that publish measurements over the real MQTT port and wait for their
/// acknowledgements. With --load it is the benchmark's load generator.

#include "cli/command.h"

namespace penstock::cli {

void add_simulate(CLI::App& app, Exit& exit);

}  // namespace penstock::cli
