#pragma once
/// The root access key and the key that seals secrets, both made at a data directory's first start.

#include <optional>
#include <string>

#include "core/random.h"
#include "core/result.h"
#include "iam/identity_store.h"
#include "server/data_directory.h"

namespace penstock::server {

/// 32 bytes for iam::IdentityOptions::seal_key. Errors: corrupt.
[[nodiscard]] Result<std::string> open_seal_key(const DataDirectory& directory, Random& random);

/// Makes sure that the root key exists, in the identity store and in root-key.json, and that it is `wanted` when that
/// is given. Blocks. Errors: conflict (there is another), invalid (no fit key).
[[nodiscard]] Result<void> settle_root_key(const DataDirectory& directory, iam::IdentityStore& identities,
                                           const std::optional<RootKey>& wanted);

}  // namespace penstock::server
