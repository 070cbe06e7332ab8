#pragma once
/// AWS IAM (API version 2010-05-08) as a table of operations. Source: IAM API Reference.

#include "services/operation.h"

namespace penstock::services::iam_api {

[[nodiscard]] const Service& service();

}  // namespace penstock::services::iam_api
