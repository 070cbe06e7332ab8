#include "services/lambda/code_upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "iam/identity_store.h"
#include "services/lambda/change.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

/// What is uploaded with the request; a bucket's object may be larger. Developer Guide, "Lambda quotas".
constexpr std::size_t kUploadBytesMax = 52'428'800;

/// A key that is a path inside the bucket's folder and nothing else.
bool stays_inside(std::string_view key) {
  if (key.empty() || key.contains('\0')) return false;
  while (true) {
    const std::size_t slash = key.find('/');
    const std::string_view part = key.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

ApiResult<std::string> object_path(const CallContext& call, const FunctionCode& code) {
  const std::string& bucket = *code.s3_bucket;
  const std::string& key = *code.s3_key;
  if (code.s3_object_version.has_value()) {
    return std::unexpected(unsupported("Penstock's buckets are folders without versions: leave S3ObjectVersion out."));
  }
  const iam::Conditions conditions{{"aws:SourceIp", {call.source_ip}},
                                   {"aws:SecureTransport", {call.secure ? "true" : "false"}}};
  const std::string arn = fmt::format("arn:aws:s3:::{}/{}", bucket, key);
  const iam::Decision decision = call.house.iam.authorize(
      call.principal,
      {.action = "s3:GetObject", .resource = arn, .conditions = &conditions, .resource_policy = std::nullopt});
  if (!decision.allowed) {
    return api_fail("AccessDeniedException",
                    fmt::format("Your access has been denied by S3, please make sure your request credentials have "
                                "permission to GetObject for {}/{}. S3 Error Code: AccessDenied. S3 Error Message: "
                                "Access Denied",
                                bucket, key),
                    403);
  }
  const bool is_plain = bucket != "." && bucket != ".." && !bucket.contains('/') && stays_inside(key);
  if (!is_plain || call.house.lambda->buckets_folder.empty()) {
    return std::unexpected(
        invalid_parameter("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified "
                          "key does not exist."));
  }
  return fmt::format("{}/{}/{}", call.house.lambda->buckets_folder, bucket, key);
}

}  // namespace

codec::Rules bucket_rules() {
  return {.length = {.min = 3, .max = 63}, .pattern = "[0-9A-Za-z\\.\\-_]*[0-9A-Za-z\\-_]"};
}

Task<ApiResult<functions::CodePtr>> take_code(CallContext& call, FunctionCode code) {
  if (code.image_uri.has_value()) {
    co_return std::unexpected(
        unsupported("Penstock does not have functions from container images: give a ZipFile, or S3Bucket and S3Key."));
  }
  functions::CodeStore& store = store_of(call).code();
  const bool from_bucket = code.s3_bucket.has_value() || code.s3_key.has_value();
  if (code.zip_file.has_value() == from_bucket) {
    co_return std::unexpected(
        invalid_parameter(from_bucket ? "Please do not provide other FunctionCode parameters when providing a ZipFile."
                                      : "Please provide a source for function code."));
  }
  Result<functions::CodePtr> kept = functions::CodePtr();
  if (code.zip_file.has_value()) {
    if (code.zip_file->bytes.empty()) {
      co_return std::unexpected(invalid_parameter("Uploaded file must be a non-empty zip"));
    }
    if (code.zip_file->bytes.size() > kUploadBytesMax) {
      co_return std::unexpected(request_too_large(
          fmt::format("Zipped size must be smaller than {} bytes: larger ones go through a bucket.", kUploadBytesMax)));
    }
    kept = co_await store.keep(std::move(code.zip_file->bytes), {});
  } else {
    if (!code.s3_bucket.has_value() || !code.s3_key.has_value()) {
      co_return std::unexpected(invalid_parameter("Please provide both S3Bucket and S3Key."));
    }
    PENSTOCK_CO_TRY(std::string path, object_path(call, code));
    kept = co_await store.keep_file(std::move(path), {});
    if (!kept.has_value() && kept.error().kind == ErrorKind::missing) {
      co_return std::unexpected(
          invalid_parameter("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified "
                            "key does not exist."));
    }
  }
  if (!kept.has_value()) co_return std::unexpected(to_api(kept.error()));
  co_return *std::move(kept);
}

const Shape& describe(const FunctionCode*) {
  static const Shape shape =
      ShapeBuilder<FunctionCode>("FunctionCode")
          .field("ZipFile", &FunctionCode::zip_file, {.sensitive = true})
          .field("S3Bucket", &FunctionCode::s3_bucket, bucket_rules())
          .field("S3Key", &FunctionCode::s3_key, {.length = {.min = 1, .max = 1024}})
          .field("S3ObjectVersion", &FunctionCode::s3_object_version, {.length = {.min = 1, .max = 1024}})
          .field("ImageUri", &FunctionCode::image_uri)
          .build();
  return shape;
}

}  // namespace penstock::services::lambda
