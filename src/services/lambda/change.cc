#include "services/lambda/change.h"

#include <fmt/format.h>

#include <algorithm>
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

bool is_alias_name(std::string_view qualifier) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !qualifier.empty() && !qualifier.contains('$') && !std::ranges::all_of(qualifier, is_digit);
}

ApiResult<std::shared_ptr<const functions::VersionRecord>> find_bound(const functions::FunctionStore& store,
                                                                      const FunctionRegistry& registry,
                                                                      std::string_view name,
                                                                      std::string_view qualifier) {
  if (is_alias_name(qualifier) && registry.aliases().find(functions::part_of(name, qualifier)) == nullptr) {
    return std::unexpected(not_found(fmt::format("Cannot find alias arn: {}", store.arn(name, qualifier))));
  }
  return find_version(store, registry, name, qualifier);
}

ApiResult<void> check_revision(const std::optional<std::string>& seen, std::string_view present,
                               std::string_view source) {
  if (!seen.has_value() || seen->empty() || *seen == present) return {};
  return std::unexpected(precondition_failed(
      fmt::format("The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the "
                  "latest Revision Id",
                  source)));
}

}  // namespace penstock::services::lambda
