#pragma once
/// AWS Lambda. Source: AWS Lambda API Reference.

#include "services/operation.h"

namespace penstock::services::lambda {

[[nodiscard]] const Service& service();

}  // namespace penstock::services::lambda
