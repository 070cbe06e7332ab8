#pragma once
/// The two structured forms of filter patterns.

#include <memory>
#include <string_view>

#include "core/result.h"
#include "logs/filter_pattern.h"

namespace penstock::logs::filter {

/// { $.status = 404 && $.user.name != "bot*" }
[[nodiscard]] Result<std::shared_ptr<const FilterPattern>> compile_json(std::string_view pattern);
/// [ip, user, ..., status = 4*, bytes > 1000]
[[nodiscard]] Result<std::shared_ptr<const FilterPattern>> compile_fields(std::string_view pattern);

}  // namespace penstock::logs::filter
