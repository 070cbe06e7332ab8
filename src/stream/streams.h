#pragma once
/// Kinesis streams: their catalog documents, their shards and their records. Services call this; nothing here knows
/// JSON, HTTP or IAM.
/// (This header holds what other rooms build against first; the room's owner completes it.)

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::stream {

/// One record to put. The partition key must have 1 to 256 characters; an explicit hash key is a decimal below 2^128.
struct PutEntry {
  std::string partition_key;
  std::optional<std::string> explicit_hash_key;
  std::string data;
};

struct PutOutcome {
  std::string shard_id;         ///< "shardId-000000000000"
  std::string sequence_number;  ///< 56 decimal digits
};

class Streams;

/// Puts records into a stream and completes when they are durable. Outcomes are in the order of the entries; each has
/// its own result (throttled and failed shards do not fail the others).
/// Errors of the whole call: missing (no such stream), conflict (not ACTIVE), invalid.
Task<Result<std::vector<Result<PutOutcome>>>> put_records(Streams& streams, std::string_view stream_name,
                                                          std::vector<PutEntry> entries);

}  // namespace penstock::stream
