#pragma once
/// Which program runs a function of a runtime: the bootstrap of its own zip, or the machine's node or python3.
/// Source: AWS Lambda Developer Guide, "Lambda runtimes".
/// Threads: any, after construction.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::functions::runtime {

enum class Language : std::uint8_t { provided, node, python };

struct InterpreterPaths {
  std::string node;    ///< empty: /usr/bin/node or /usr/local/bin/node, whichever is there
  std::string python;  ///< empty: likewise python3
};

class Interpreters {
 public:
  explicit Interpreters(InterpreterPaths configured);

  /// What runs `runtime` ("nodejs20.x"). Errors: invalid: a runtime that Penstock does not run, or one whose
  /// interpreter is not on this machine; the message says which.
  [[nodiscard]] Result<Language> check(std::string_view runtime) const;
  /// Absolute. Empty for provided.
  [[nodiscard]] const std::string& program(Language language) const;

 private:
  std::string node_;
  std::string python_;
  std::string none_;
};

}  // namespace penstock::functions::runtime
