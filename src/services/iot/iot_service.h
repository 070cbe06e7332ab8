#pragma once
/// AWS IoT's control plane (API version 2015-05-28) as a table of operations.

#include "services/operation.h"

namespace penstock::services::iot {

[[nodiscard]] const Service& iot_service();

}  // namespace penstock::services::iot
