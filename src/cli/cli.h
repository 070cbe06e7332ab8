#pragma once
/// The command line of `penstock`. Each command is one file in commands/.

namespace penstock::cli {

/// Runs the command that the arguments name and gives the process's exit status: 0 done, 1 failed, 2 or more when the
/// arguments make no sense.
int run(int argc, char** argv);

}  // namespace penstock::cli
