#include "services/lambda/versions.h"

#include <fmt/format.h>

#include "services/lambda/reference.h"

namespace penstock::services::lambda {

functions::VersionRecord publish(const functions::FunctionStore& store, functions::FunctionRecord& function,
                                 const std::optional<std::string>& description, Changes& changes) {
  functions::VersionRecord version = function.latest;
  const std::int64_t number = function.next_version++;
  version.version = fmt::format("{}", number);
  version.revision_id = new_revision(store);
  if (description.has_value() && !description->empty()) version.description = *description;
  changes.push_back({.key = functions::key::of(functions::key::kVersion, functions::version_key(function.name, number)),
                     .expected = 0,
                     .bytes = functions::to_document(version)});
  return version;
}

}  // namespace penstock::services::lambda
