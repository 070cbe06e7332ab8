#pragma once
/// From a checked expression and a message to a value.
/// Bounds: one evaluation creates at most kWorkBytesMax of text, its result has at most kOutputBytesMax.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/document.h"
#include "rules/expression.h"
#include "rules/rule_sql.h"
#include "rules/value.h"

namespace penstock::rules {

inline constexpr std::size_t kWorkBytesMax = 8U << 20U;
inline constexpr std::size_t kOutputBytesMax = 1U << 20U;

/// The state of one evaluation. The first error sticks; values after it mean nothing.
struct Evaluation {
  const EventView& event;
  SqlVersion version;
  std::optional<Error> error{};
  std::optional<Value> scope{};  ///< where names are looked up inside a nested SELECT
  std::size_t work_bytes = 0;
  std::unique_ptr<Result<Document>> payload{};              ///< parsed when first needed
  std::vector<std::unique_ptr<const std::string>> texts{};  ///< that decode() made documents of
  std::vector<std::unique_ptr<const Document>> documents{};

  /// The payload as JSON; null (and an error) when it is not.
  const Document* json();
  /// Counts text that is created; false (and an error) when it is too much.
  bool charge(std::size_t bytes);
};

[[nodiscard]] Value evaluate(const Expression& expression, Evaluation& evaluation);

/// The result of a SELECT without its FROM and WHERE: JSON text, or for `SELECT *` the payload as it is.
[[nodiscard]] Result<std::string> render_select(const Select& select, Evaluation& evaluation);

}  // namespace penstock::rules
