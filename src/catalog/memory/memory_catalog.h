#pragma once
/// A catalog that keeps nothing: for tests and tools. Same contract as the durable engines, except durability.

#include <memory>

#include "catalog/catalog.h"

namespace penstock::catalog {

[[nodiscard]] std::unique_ptr<Catalog> make_memory_catalog();

}  // namespace penstock::catalog
