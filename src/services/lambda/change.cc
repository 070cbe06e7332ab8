#include "services/lambda/change.h"

#include <fmt/format.h>

#include <charconv>

namespace penstock::services::lambda {

ApiError to_api(const Error& error) {
  switch (error.kind) {
    case ErrorKind::missing: return not_found(error.message);
    case ErrorKind::conflict: return resource_conflict(error.message);
    case ErrorKind::invalid: return invalid_parameter(error.message);
    case ErrorKind::throttled: return too_many_requests(error.message);
    case ErrorKind::denied: return user_error("AccessDeniedException", error.message, 403);
    case ErrorKind::outcome_unknown: return service_failure("The change may or may not have been made.");
    case ErrorKind::unavailable:
    case ErrorKind::corrupt: break;
  }
  return service_failure(error.message);
}

ApiResult<std::shared_ptr<const functions::FunctionRecord>> find_function(const functions::FunctionStore& store,
                                                                          const FunctionRegistry& registry,
                                                                          std::string_view name) {
  auto found = registry.functions().find(name);
  if (found == nullptr) return std::unexpected(not_found(fmt::format("Function not found: {}", store.arn(name))));
  return found;
}

ApiResult<std::shared_ptr<const functions::VersionRecord>> find_version(const functions::FunctionStore& store,
                                                                        const FunctionRegistry& registry,
                                                                        std::string_view name,
                                                                        std::string_view qualifier) {
  using Version = std::shared_ptr<const functions::VersionRecord>;
  const auto missing = [&] {
    return std::unexpected(not_found(fmt::format("Function not found: {}", store.arn(name, qualifier))));
  };
  const auto function = registry.functions().find(name);
  if (function == nullptr) return missing();
  std::string version(qualifier);
  if (const auto alias = registry.aliases().find(functions::part_of(name, qualifier))) version = alias->version;
  if (version.empty() || version == functions::kLatest) return Version(function, &function->latest);
  std::int64_t number = 0;
  const char* const text_end = version.data() + version.size();
  const auto [end, failed] = std::from_chars(version.data(), text_end, number);
  if (failed != std::errc{} || end != text_end) return missing();
  Version found = registry.versions().find(functions::version_key(name, number));
  if (found == nullptr) return missing();
  return found;
}

ApiResult<void> check_revision(const std::optional<std::string>& seen, std::string_view present) {
  if (!seen.has_value() || seen->empty() || *seen == present) return {};
  return std::unexpected(precondition_failed(
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
      "the latest Revision Id"));
}

}  // namespace penstock::services::lambda
