#include "services/lambda/code_storage.h"

namespace penstock::services::lambda {

std::int64_t stored_code_bytes(const FunctionRegistry& registry) {
  std::int64_t bytes = 0;
  for (const auto& [name, row] : registry.functions().rows()) bytes += row.record->latest.code.zip_bytes;
  for (const auto& [key, row] : registry.versions().rows()) bytes += row.record->code.zip_bytes;
  for (const auto& [key, row] : registry.layer_versions().rows()) bytes += row.record->code.zip_bytes;
  return bytes;
}

ApiResult<void> check_code_storage(const CallContext& call, const FunctionRegistry& registry, std::int64_t more) {
  if (more <= 0 || stored_code_bytes(registry) + more <= call.house.lambda->code_bytes_max) return {};
  return std::unexpected(code_storage_exceeded("Code storage limit exceeded."));
}

}  // namespace penstock::services::lambda
