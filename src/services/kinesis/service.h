#pragma once
/// Amazon Kinesis Data Streams, API version 2013-12-02, as a table of operations.
/// Source: Kinesis API Reference.

#include "services/operation.h"

namespace penstock::services::kinesis {

[[nodiscard]] const Service& service();

}  // namespace penstock::services::kinesis
