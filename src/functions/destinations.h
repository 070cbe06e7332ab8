#pragma once
/// Where records of failed (or finished) invocations go: a bucket folder of the data directory (arn:aws:s3:::NAME), a
/// queue or topic at the configured AWS-compatible endpoint, another function.
/// Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", "Retain discarded batch
/// records" (Kinesis).

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/task.h"

namespace penstock::functions {

struct DestinationRecord {
  std::string document;    ///< JSON
  std::string object_key;  ///< for a bucket: AWS's key for this kind of record
};

class Destinations {
 public:
  virtual ~Destinations() = default;
  /// Whether something can be sent there at all, and the role may: asked when a configuration names it.
  /// Errors: invalid (AWS's wording where known; names the setting that is missing), denied.
  [[nodiscard]] virtual Result<void> check(std::string_view destination_arn, std::string_view role_arn) const = 0;
  /// Completes when it is there durably (as far as the destination promises). Errors: denied, unavailable,
  /// outcome_unknown: to be tried again.
  virtual Task<Result<void>> send(std::string destination_arn, std::string role_arn, DestinationRecord record) = 0;
};

}  // namespace penstock::functions
