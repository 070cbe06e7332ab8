#pragma once
/// AWS STS (API version 2011-06-15) as a table of operations. Source: AWS STS API Reference.

#include "services/operation.h"

namespace penstock::services::sts_api {

[[nodiscard]] const Service& service();

}  // namespace penstock::services::sts_api
