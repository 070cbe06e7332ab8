#pragma once
/// From the stream room's values to the API's.

#include "services/kinesis/record_shapes.h"
#include "services/kinesis/stream_shapes.h"
#include "stream/stream_info.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

[[nodiscard]] ShardOutput shard_output(const stream::Shard& shard);
[[nodiscard]] HashKeyRange hash_key_range(const stream::HashRange& range);

inline constexpr std::string_view kEncrypted = "KMS";
/// "KMS", or nothing.
[[nodiscard]] std::optional<std::string> encryption_type(bool encrypted);
/// Copies the records out of the page.
[[nodiscard]] std::vector<RecordOutput> record_outputs(const stream::RecordPage& page);
/// Those of a closed shard's last page.
[[nodiscard]] std::vector<ChildShard> child_shards(const stream::RecordPage& page);
/// "TRIM_HORIZON" and its kin; the shapes let no other name through.
[[nodiscard]] stream::IteratorType iterator_type(std::string_view name);

}  // namespace penstock::services::kinesis
