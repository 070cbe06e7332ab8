#pragma once
/// Where a function's or a layer's zip comes from: the request itself, or a folder of <data>/buckets that stands for an
/// S3 bucket.
/// Errors: InvalidParameterValueException with Lambda's messages, AccessDeniedException (the caller may not
///         s3:GetObject), TooManyRequestsException.

#include <optional>
#include <string>

#include "codec/shape.h"
#include "functions/code_store.h"
#include "services/operation.h"

namespace penstock::services::lambda {

struct FunctionCode {
  std::optional<codec::Blob> zip_file{};
  std::optional<std::string> s3_bucket{};
  std::optional<std::string> s3_key{};
  std::optional<std::string> s3_object_version{};
  std::optional<std::string> image_uri{};
};
const codec::Shape& describe(const FunctionCode*);

[[nodiscard]] codec::Rules bucket_rules();

/// The zip is on disk and unpacked when it completes; it stays as long as the CodePtr (or a document) refers to it.
Task<ApiResult<functions::CodePtr>> take_code(CallContext& call, FunctionCode code);

}  // namespace penstock::services::lambda
