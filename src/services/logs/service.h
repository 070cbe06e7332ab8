#pragma once
/// The part of Amazon CloudWatch Logs (API version 2014-03-28) that functions and their readers need.
/// Source: CloudWatch Logs API Reference.

#include "services/operation.h"

namespace penstock::services::logs_api {

[[nodiscard]] const Service& service();

}  // namespace penstock::services::logs_api
