#pragma once
/// Entities as the catalog keeps them: JSON with "format": 1.
/// Errors: corrupt = the text is not such a document.

#include <string>
#include <string_view>

#include "core/result.h"
#include "iam/entities.h"

namespace penstock::iam {

/// "iam/role/reader"
[[nodiscard]] std::string entity_key(std::string_view noun, std::string_view name);

[[nodiscard]] std::string to_json(const Role& role);
[[nodiscard]] std::string to_json(const User& user);
[[nodiscard]] std::string to_json(const Group& group);
[[nodiscard]] std::string to_json(const ManagedPolicy& policy);
[[nodiscard]] std::string to_json(const InstanceProfile& profile);
[[nodiscard]] std::string to_json(const AccessKey& key);

/// `version` is the catalog's.
template <class T>
[[nodiscard]] Result<T> from_json(std::string_view text, std::uint64_t version);

}  // namespace penstock::iam
