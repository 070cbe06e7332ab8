#pragma once
/// Answers with receipts and pages, made at random. For tests only.

#include <memory>
#include <string>

#include "core/random.h"
#include "services/kinesis/record_shapes.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

inline stream::PutReceipt random_receipt(Random& random) {
  stream::PutReceipt receipt;
  receipt.encrypted = random.below(3) == 0;
  for (std::uint64_t group = random.below(4) + 1; group > 0; --group) {
    Result<framelog::Appended> appended =
        framelog::Appended{.position = framelog::Position(random.below(1U << 30U) + 1), .time = {}};
    if (random.below(4) == 0) appended = fail(ErrorKind::throttled, "Rate \"exceeded\" for a shard.");
    if (random.below(6) == 0) appended = fail(ErrorKind::unavailable, "disk\n");
    receipt.groups.push_back({.shard = stream::ShardIndex(static_cast<std::uint32_t>(random.below(20'000))),
                              .shard_created = from_unix_ms(1'700'000'000'000),
                              .appended = std::move(appended)});
  }
  for (std::uint64_t record = random.below(40); record > 0; --record) {
    receipt.group_of.push_back(static_cast<std::uint32_t>(random.below(receipt.groups.size())));
  }
  return receipt;
}

inline std::shared_ptr<const stream::RecordPage> random_page(Random& random) {
  auto page = std::make_shared<stream::RecordPage>();
  for (std::uint64_t record = random.below(30); record > 0; --record) {
    page->frames.push_back(std::make_shared<const std::string>(random.text(random.below(200), "abc\"\x01\xc3")));
    page->records.push_back(
        {.sequence_number = stream::SequenceText(random.text(stream::kSequenceDigits, "0123456789")),
         .arrival = from_unix_ms(1'700'000'000'123),
         .partition_key = random.below(5) == 0 ? "a \"key\"" : "key",
         .data = *page->frames.back(),
         .encrypted = random.below(2) == 0});
  }
  return page;
}

}  // namespace penstock::services::kinesis
