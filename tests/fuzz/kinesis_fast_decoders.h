#pragma once
// What the fast decoders of Kinesis accept, the generic codec must accept with the same result.
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "codec/codec.h"
#include "core/result.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {

/// `decode`, `encode`: the generic codec of one protocol.
template <class Input, auto decode, auto encode>
void expect_same(bool (*fast)(std::string_view, void*), std::string_view body) {
  const codec::Shape& shape = codec::shape_of<Input>();
  Input by_fast;
  if (!fast(body, &by_fast)) return;
  if constexpr (std::is_same_v<Input, PutRecordsInput>) by_fast.records = request_entries(*by_fast.batch);
  Input by_generic;
  PENSTOCK_ASSERT(decode(body, shape, &by_generic).has_value());
  PENSTOCK_ASSERT(codec::validate(shape, &by_generic).empty());
  PENSTOCK_ASSERT(encode(shape, &by_fast) == encode(shape, &by_generic));
}

}  // namespace penstock::services::kinesis
