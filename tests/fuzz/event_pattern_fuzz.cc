// rooms: consumers
// The first line is an event pattern, the rest an event; the pattern is also a record's filter, and the event also a
// function's answer to a batch and a catalog document. Whatever compiles is matched.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "consumers/checkpoint.h"
#include "consumers/event_pattern.h"
#include "consumers/kinesis_event.h"
#include "consumers/lane_fixture.h"
#include "consumers/mapping.h"
#include "consumers/record_filter.h"

namespace {

using namespace penstock;
using namespace penstock::consumers;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view rest = input.substr(std::min(pattern.size() + 1, input.size()));
  const auto event = codec::parse_json(rest);
  if (const auto compiled = EventPattern::compile(pattern); compiled && event) (void)compiled->matches(*event);

  LaneRecord record = test_record(1, from_unix_ms(kTestStartMs));
  record.data = rest;
  const EventOrigin origin{.event_source_arn = "arn", .stream_arn = "arn", .shard_id = "shardId-000000000000"};
  const std::vector<std::string> patterns{std::string(pattern)};
  if (const auto filter = RecordFilter::compile(patterns)) (void)filter->passes(record, origin);

  record.event_bytes = record_event_bytes(record, origin);
  const std::vector<LaneRecord> records{record};
  const InvokeBatch batch{.records = records};
  const BatchAnswer answer = read_answer(rest, batch, {.reports_failures = true, .has_window = true});
  check(!answer.first_failed || *answer.first_failed < records.size());
  check(render_event(batch, origin).size() <= event_overhead_bytes(origin) + record.event_bytes);

  if (const auto mapping = decode_mapping(rest)) check(decode_mapping(encode_mapping(*mapping)) == *mapping);
  if (const auto checkpoint = decode_checkpoint(rest)) {
    check(decode_checkpoint(encode_checkpoint(*checkpoint)).has_value());
    check(resume_lanes(*checkpoint, checkpoint->revision, 3).size() == 3);
  }
  return 0;
}
