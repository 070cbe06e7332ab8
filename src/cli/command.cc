#include "cli/command.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace penstock::cli {

int report_failure(std::string_view message) {
  std::fprintf(stderr, "penstock: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read at start, nothing sets it
  return value == nullptr ? std::string() : std::string(value);
}

std::string program() {
  std::error_code ignored;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::string on_path = ":" + environment("PATH") + ":";
  if (path.empty() || on_path.find(":" + path.parent_path().string() + ":") != std::string::npos) return "penstock";
  return path.string();
}

std::string default_data_dir() {
  const std::string set = environment("PENSTOCK_DATA_DIR");
  return set.empty() ? ".penstock" : set;
}

}  // namespace penstock::cli
