#pragma once
/// What a put of many records is given and what it gives, without a string for each record: five hundred records of a
/// hundred bytes are put faster than their outcomes could be allocated.
/// Threads: values; nothing is shared.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "framelog/frame_log.h"
#include "stream/sequence_number.h"

namespace penstock::stream {

/// One record to put, as PutEntry has it; the bytes are somebody else's.
struct PutView {
  std::string_view partition_key;
  std::optional<std::string_view> explicit_hash_key{};
  std::string_view data{};
};

/// The outcomes of a put: one for all records that went to a shard together.
struct PutReceipt {
  struct Group {
    ShardIndex shard{};
    Timestamp shard_created{};
    Result<framelog::Appended> appended;
  };
  std::vector<Group> groups;
  /// For each record, in the order of the put, which of the groups it went with. Within a group the records lie in
  /// their frame in that order.
  std::vector<std::uint32_t> group_of;
  bool encrypted = false;

  [[nodiscard]] std::size_t failed() const {
    std::size_t failed = 0;
    for (const std::uint32_t group : group_of) failed += groups[group].appended.has_value() ? 0 : 1;
    return failed;
  }
};

/// Gives the records of a receipt one after the other, in the order of the put.
class ReceiptReader {
 public:
  explicit ReceiptReader(const PutReceipt& receipt) : receipt_(receipt) {
    numbers_.reserve(receipt.groups.size());
    for (const PutReceipt::Group& group : receipt.groups) {
      numbers_.emplace_back(
          SequenceNumber{.shard_created = group.shard_created,
                         .shard = group.shard,
                         .position = group.appended.has_value() ? group.appended->position : Position{},
                         .index = 0});
    }
  }

  [[nodiscard]] bool more() const { return next_ < receipt_.group_of.size(); }
  /// Steps to the next record; the functions below are about it.
  void next() {
    group_ = receipt_.group_of[next_++];
    if (is_stored()) number_ = numbers_[group_].next();
  }
  [[nodiscard]] bool is_stored() const { return receipt_.groups[group_].appended.has_value(); }
  [[nodiscard]] std::size_t group() const { return group_; }
  [[nodiscard]] std::string_view sequence_number() const { return number_; }  ///< of a stored record; until next()

 private:
  const PutReceipt& receipt_;
  std::vector<SequenceWriter> numbers_;
  std::size_t next_ = 0;
  std::size_t group_ = 0;
  std::string_view number_;
};

}  // namespace penstock::stream
