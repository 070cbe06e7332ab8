#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command.h"
#include "cli/commands/backup.h"
#include "cli/commands/check.h"
#include "cli/commands/demo.h"
#include "cli/commands/env.h"
#include "cli/commands/put.h"
#include "cli/commands/serve.h"
#include "cli/commands/simulate.h"
#include "cli/commands/tail.h"

namespace penstock::cli {

namespace {

void add_version(CLI::App& app) {
  app.add_subcommand("version", "Prints the version")->callback([] { fmt::print("penstock {}\n", PENSTOCK_VERSION); });
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Penstock carries device data: MQTT -> topic rule -> Kinesis stream, with the AWS APIs.", "penstock");
  app.require_subcommand(1);
  Exit exit;
  add_serve(app, exit);
  add_env(app, exit);
  add_put(app, exit);
  add_tail(app, exit);
  add_simulate(app, exit);
  add_demo(app, exit);
  add_check(app, exit);
  add_repair(app, exit);
  add_backup(app, exit);
  add_restore(app, exit);
  add_version(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return exit.status;
}

}  // namespace penstock::cli
