#include "functions/runtime/interpreters.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace penstock::functions::runtime {

namespace {

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string find_program(std::string configured, std::initializer_list<const char*> usual) {
  if (!configured.empty()) return is_program(configured) ? configured : std::string();
  const auto* at = std::ranges::find_if(usual, [](const char* path) { return is_program(path); });
  return at == usual.end() ? std::string() : *at;
}

/// "nodejs20.x", "nodejs22.x".
bool is_node(std::string_view runtime) {
  if (!runtime.starts_with("nodejs") || !runtime.ends_with(".x")) return false;
  const std::string_view version = runtime.substr(6, runtime.size() - 8);
  return !version.empty() && version.size() <= 2 &&
         std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
}

/// "python3.11".
bool is_python(std::string_view runtime) {
  if (!runtime.starts_with("python3.")) return false;
  const std::string_view version = runtime.substr(8);
  return !version.empty() && version.size() <= 2 &&
         std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Interpreters::Interpreters(InterpreterPaths configured)
    : node_(find_program(std::move(configured.node), {"/usr/bin/node", "/usr/local/bin/node"})),
      python_(find_program(std::move(configured.python), {"/usr/bin/python3", "/usr/local/bin/python3"})) {}

Result<Language> Interpreters::check(std::string_view runtime) const {
  const auto missing = [&](std::string_view program, std::string_view setting) {
    return fail(ErrorKind::invalid,
                fmt::format("The runtime {} needs {} on this machine, and there is none (setting {}).", runtime,
                            program, setting));
  };
  if (runtime == "provided.al2023" || runtime == "provided.al2") return Language::provided;
  if (is_node(runtime)) {
    if (node_.empty()) return missing("node", "lambda.node");
    return Language::node;
  }
  if (is_python(runtime)) {
    if (python_.empty()) return missing("python3", "lambda.python");
    return Language::python;
  }
  return fail(ErrorKind::invalid,
              fmt::format("Penstock does not run the runtime {}: it runs provided.al2023, provided.al2, nodejs* and "
                          "python3.*.",
                          runtime));
}

const std::string& Interpreters::program(Language language) const {
  switch (language) {
    case Language::node: return node_;
    case Language::python: return python_;
    case Language::provided: break;
  }
  return none_;
}

}  // namespace penstock::functions::runtime
