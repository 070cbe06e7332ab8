#pragma once
/// Records and pages for tests of lanes. For tests only.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consumers/lane.h"

namespace penstock::consumers {

inline constexpr std::int64_t kTestStartMs = 1'700'000'000'000;

/// The record of that number: frame `number`, index 0.
inline LaneRecord test_record(std::uint64_t number, Timestamp arrival, std::string key = "k", std::size_t bytes = 100) {
  struct Text {
    std::string key;
    std::string data;
  };
  auto text = std::make_shared<const Text>(Text{.key = std::move(key), .data = "data-" + std::to_string(number)});
  return {.place = {.position = number, .index = 0},
          .sequence_number =
              stream::SequenceText(stream::format_sequence_number({.shard_created = from_unix_ms(kTestStartMs),
                                                                   .shard = stream::ShardIndex{0},
                                                                   .position = stream::Position{number},
                                                                   .index = 0})),
          .arrival = arrival,
          .partition_key = text->key,
          .data = text->data,
          .event_bytes = bytes,
          .keeps = text};
}

inline Now test_now(std::int64_t ms) {
  return {.wall = from_unix_ms(kTestStartMs + ms), .steady = SteadyTime{std::chrono::milliseconds(1'000'000 + ms)}};
}

}  // namespace penstock::consumers
