#pragma once
/// Errors as values. No exception crosses a room; a Result carries what went wrong.
/// `outcome_unknown` is a kind of its own: the work may or may not have happened.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

enum class ErrorKind : std::uint8_t {
  invalid,          ///< the caller's input is wrong; trying again cannot help
  missing,          ///< what was named does not exist
  conflict,         ///< it exists already, or changed since it was read
  throttled,        ///< a bound was reached; try again later
  denied,           ///< not allowed
  unavailable,      ///< not done, and known not to be done
  outcome_unknown,  ///< may have been done, may appear later
  corrupt,          ///< stored bytes are not what was written
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

/// Errors are told apart by kind, never by message.
struct [[nodiscard]] Error {
  ErrorKind kind;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

/// Ends the process after printing what broke. For bugs only (also in release builds).
[[noreturn]] void fatal(std::string_view what, const char* file, int line);

}  // namespace penstock

/// A broken invariant is a bug: say where, and stop.
#define PENSTOCK_ASSERT(condition)                                       \
  do {                                                                   \
    if (!(condition)) ::penstock::fatal(#condition, __FILE__, __LINE__); \
  } while (false)

/// Early return of an error. Works for any std::expected; `TRY` in functions, `CO_TRY` in coroutines.
///   PENSTOCK_TRY(auto page, read_page(3));
///   PENSTOCK_TRY_VOID(check(page));
#define PENSTOCK_CONCAT_INNER(a, b) a##b
#define PENSTOCK_CONCAT(a, b) PENSTOCK_CONCAT_INNER(a, b)
#define PENSTOCK_TRY_IMPL(result, declaration, expression, leave)            \
  auto result = (expression);                                                \
  if (!result.has_value()) leave std::unexpected(std::move(result).error()); \
  declaration = std::move(result).value()
#define PENSTOCK_TRY_VOID_IMPL(result, expression, leave) \
  if (auto result = (expression); !result.has_value()) leave std::unexpected(std::move(result).error())
#define PENSTOCK_TRY(declaration, ...) \
  PENSTOCK_TRY_IMPL(PENSTOCK_CONCAT(try_result_, __LINE__), declaration, (__VA_ARGS__), return)
#define PENSTOCK_CO_TRY(declaration, ...) \
  PENSTOCK_TRY_IMPL(PENSTOCK_CONCAT(try_result_, __LINE__), declaration, (__VA_ARGS__), co_return)
#define PENSTOCK_TRY_VOID(...) PENSTOCK_TRY_VOID_IMPL(PENSTOCK_CONCAT(try_result_, __LINE__), (__VA_ARGS__), return)
#define PENSTOCK_CO_TRY_VOID(...) \
  PENSTOCK_TRY_VOID_IMPL(PENSTOCK_CONCAT(try_result_, __LINE__), (__VA_ARGS__), co_return)
