#pragma once
/// How the commands of `penstock` are put together: each has a file in commands/ with one function that adds it.

#include <functional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace penstock::cli {

/// What the process ends with; the chosen command's callback sets it.
struct Exit {
  int status = 0;
};

/// Prints "penstock: message" on standard error and gives the status of a failure.
int report_failure(std::string_view message);

/// Where a server's data lies unless told otherwise: $PENSTOCK_DATA_DIR, or .penstock in the current folder.
[[nodiscard]] std::string default_data_dir();

/// How to call this program in a hint to the user: its path, or "penstock" when that is how it was found.
[[nodiscard]] std::string program();

/// The value of an environment variable, "" when it is not set.
[[nodiscard]] std::string environment(const char* name);

}  // namespace penstock::cli
