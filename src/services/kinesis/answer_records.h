#pragma once
/// The records of a GetRecords answer as the fast encoders write them: straight from the page that was read, or, where
/// the answer has them, from its described members.
/// Threads: views of a value; nothing is shared.

#include <optional>
#include <string_view>

#include "services/kinesis/record_shapes.h"
#include "services/kinesis/shard_output.h"

namespace penstock::services::kinesis {

struct AnswerRecord {
  std::string_view sequence_number;
  Timestamp arrival{};
  std::string_view data;
  std::string_view partition_key;
  std::optional<std::string_view> encryption_type{};
};

class AnswerRecords {
 public:
  explicit AnswerRecords(const GetRecordsOutput& answer) : answer_(answer) {}

  [[nodiscard]] std::size_t size() const {
    return answer_.page != nullptr ? answer_.page->records.size() : answer_.records.size();
  }

  template <class Visit>
  void each(Visit&& visit) const {
    if (answer_.page != nullptr) {
      for (const stream::ReadRecord& record : answer_.page->records) {
        visit(AnswerRecord{.sequence_number = record.sequence_number,
                           .arrival = record.arrival,
                           .data = record.data,
                           .partition_key = record.partition_key,
                           .encryption_type = record.encrypted ? std::optional(kEncrypted) : std::nullopt});
      }
      return;
    }
    for (const RecordOutput& record : answer_.records) {
      AnswerRecord shown{.sequence_number = record.sequence_number,
                         .arrival = record.approximate_arrival_timestamp,
                         .data = record.data.bytes,
                         .partition_key = record.partition_key};
      if (record.encryption_type) shown.encryption_type = *record.encryption_type;
      visit(shown);
    }
  }

 private:
  const GetRecordsOutput& answer_;
};

/// The same answer without a page, for the generic codecs.
[[nodiscard]] inline GetRecordsOutput described(const GetRecordsOutput& answer) {
  GetRecordsOutput whole = answer;
  if (whole.page != nullptr) whole.records = record_outputs(*whole.page);
  whole.page = nullptr;
  return whole;
}

}  // namespace penstock::services::kinesis
