#pragma once
/// The programs that run a function of a managed runtime against the Runtime API: Penstock's own, part of the binary.

#include <string_view>

namespace penstock::functions::runtime {

extern const std::string_view kPythonBootstrap;  ///< bootstrap.py
extern const std::string_view kNodeBootstrap;    ///< bootstrap.mjs

}  // namespace penstock::functions::runtime
