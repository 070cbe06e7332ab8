#include <algorithm>
#include <charconv>
#include <cstring>

#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/timestamp_text.h"
#include "core/encoding/base64.h"
#include "services/kinesis/answer_records.h"
#include "services/kinesis/fast_json.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::size_t kIntegerCharsMax = 20;
constexpr std::size_t kTimestampCharsMax = 32;

/// No byte that JSON must escape. Eight bytes at a time: a byte below n leaves its top bit in (x - n) & ~x.
bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kTops = 0x8080'8080'8080'8080;
  const auto has_below = [](std::uint64_t x, std::uint64_t n) { return ((x - kOnes * n) & ~x & kTops) != 0; };
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    if (has_below(word, 0x20) || has_below(word ^ kOnes * '"', 1) || has_below(word ^ kOnes * '\\', 1)) return false;
    text.remove_prefix(sizeof word);
  }
  return std::ranges::none_of(text,
                              [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
}

/// Room that a JSON string may take: quotes, and at most six characters for each byte.
std::size_t string_room(std::string_view text) { return 2 + (is_plain(text) ? text.size() : text.size() * 6); }

constexpr std::string_view kEncryptionName = R"(,"EncryptionType":)";

template <class Text>
std::size_t encryption_room(const std::optional<Text>& type) {
  return type ? kEncryptionName.size() + string_room(*type) : 0;
}

/// Writes into room that was counted before.
class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}
  void raw(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void string(std::string_view text) {
    if (is_plain(text)) {
      *at_++ = '"';
      raw(text);
      *at_++ = '"';
      return;
    }
    std::string escaped;
    codec::append_json_string(text, escaped);
    raw(escaped);
  }
  void base64(std::string_view bytes) {
    *at_++ = '"';
    at_ = base64_encode_to(bytes, at_);
    *at_++ = '"';
  }
  /// A member that is not the first.
  template <class Text>
  void encryption(const std::optional<Text>& type) {
    if (!type) return;
    raw(kEncryptionName);
    string(*type);
  }
  void integer(std::int64_t value) { at_ = std::to_chars(at_, at_ + kIntegerCharsMax, value).ptr; }
  void timestamp(Timestamp time) {
    if (time != last_time_ || last_time_text_.empty()) {  // the records of a frame share it
      last_time_text_.clear();
      codec::append_epoch_seconds(time, last_time_text_);
      last_time_ = time;
    }
    raw(last_time_text_);
  }
  [[nodiscard]] char* end() const { return at_; }

 private:
  char* at_;
  Timestamp last_time_{};
  std::string last_time_text_;
};

template <class Write>
std::string write_into(std::size_t room, Write&& write) {
  std::string out;
  out.resize_and_overwrite(room, [&write](char* start, std::size_t) {
    Writer writer(start);
    write(writer);
    return static_cast<std::size_t>(writer.end() - start);
  });
  return out;
}

constexpr std::string_view kNumberName = R"({"SequenceNumber":")";
constexpr std::string_view kShardName = R"(","ShardId":)";

/// What follows the number of a stored record, or the whole entry of another; one for each group.
std::vector<std::string> entry_ends(const stream::PutReceipt& receipt) {
  std::vector<std::string> ends;
  ends.reserve(receipt.groups.size());
  for (const stream::PutReceipt::Group& group : receipt.groups) {
    std::string& end = ends.emplace_back();
    if (group.appended.has_value()) {
      end += kShardName;
      codec::append_json_string(stream::format_shard_id(group.shard), end);
    } else {
      const PutFailure failure = put_failure(group.appended.error());
      end += R"({"ErrorCode":)";
      codec::append_json_string(failure.code, end);
      end += R"(,"ErrorMessage":)";
      codec::append_json_string(failure.message, end);
    }
    end += '}';
  }
  return ends;
}

std::size_t receipt_room(const stream::PutReceipt& receipt, const std::vector<std::string>& ends) {
  std::size_t longest = 0;
  for (const std::string& end : ends) longest = std::max(longest, end.size());
  return receipt.group_of.size() * (1 + kNumberName.size() + stream::kSequenceDigits + longest);
}

void write_receipt(const stream::PutReceipt& receipt, const std::vector<std::string>& ends, Writer& w) {
  bool first = true;
  for (stream::ReceiptReader reader(receipt); reader.more();) {
    reader.next();
    if (!first) w.raw(",");
    first = false;
    if (reader.is_stored()) {
      w.raw(kNumberName);
      w.raw(reader.sequence_number());
    }
    w.raw(ends[reader.group()]);
  }
}

void write_result(const PutRecordsResultEntry& record, Writer& w) {
  w.raw("{");
  bool first = true;
  const auto member = [&](std::string_view name, const std::optional<std::string>& value) {
    if (!value) return;
    if (!first) w.raw(",");
    first = false;
    w.raw(name);
    w.string(*value);
  };
  member(R"("SequenceNumber":)", record.sequence_number);
  member(R"("ShardId":)", record.shard_id);
  member(R"("ErrorCode":)", record.error_code);
  member(R"("ErrorMessage":)", record.error_message);
  w.raw("}");
}

}  // namespace

std::string fast_encode_put_record(const void* output) {
  const auto& answer = *static_cast<const PutRecordOutput*>(output);
  constexpr std::size_t kFixed = 64;
  const std::size_t room = kFixed + string_room(answer.shard_id) + string_room(answer.sequence_number);
  return write_into(room + encryption_room(answer.encryption_type), [&](Writer& w) {
    w.raw(R"({"ShardId":)");
    w.string(answer.shard_id);
    w.raw(R"(,"SequenceNumber":)");
    w.string(answer.sequence_number);
    w.encryption(answer.encryption_type);
    w.raw("}");
  });
}

std::string fast_encode_put_records(const void* output) {
  const auto& answer = *static_cast<const PutRecordsOutput*>(output);
  constexpr std::size_t kFixed = 64 + kIntegerCharsMax;
  constexpr std::size_t kFixedEach = 80;  // names, colons, commas, braces
  std::size_t room = kFixed + encryption_room(answer.encryption_type);
  const auto ends = answer.receipt ? entry_ends(*answer.receipt) : std::vector<std::string>();
  if (answer.receipt) room += receipt_room(*answer.receipt, ends);
  for (const PutRecordsResultEntry& record : answer.records) {
    room += kFixedEach;
    for (const auto* member : {&record.sequence_number, &record.shard_id, &record.error_code, &record.error_message}) {
      if (*member) room += string_room(**member);
    }
  }
  return write_into(room, [&](Writer& w) {
    w.raw(R"({"FailedRecordCount":)");
    w.integer(answer.failed_record_count);
    w.raw(R"(,"Records":[)");
    if (answer.receipt) write_receipt(*answer.receipt, ends, w);
    bool first = true;
    for (const PutRecordsResultEntry& record : answer.records) {
      if (!first) w.raw(",");
      first = false;
      write_result(record, w);
    }
    w.raw("]");
    w.encryption(answer.encryption_type);
    w.raw("}");
  });
}

std::string fast_encode_get_records(const void* output) {
  const auto& answer = *static_cast<const GetRecordsOutput*>(output);
  if (answer.child_shards) {  // the few children of a closed shard are left to the generic codec
    const GetRecordsOutput whole = described(answer);
    return codec::encode_json(codec::shape_of<GetRecordsOutput>(), &whole);
  }
  constexpr std::size_t kFixed = 96 + kIntegerCharsMax;
  constexpr std::size_t kFixedEach = 96 + kTimestampCharsMax;
  std::size_t room = kFixed;
  if (answer.next_shard_iterator) room += string_room(*answer.next_shard_iterator);
  const AnswerRecords records(answer);
  records.each([&room](const AnswerRecord& record) {
    room += kFixedEach + string_room(record.sequence_number) + string_room(record.partition_key) +
            base64_encoded_size(record.data.size()) + encryption_room(record.encryption_type);
  });
  return write_into(room, [&](Writer& w) {
    w.raw(R"({"Records":[)");
    bool first = true;
    records.each([&w, &first](const AnswerRecord& record) {
      w.raw(first ? R"({"SequenceNumber":)" : R"(,{"SequenceNumber":)");
      first = false;
      w.string(record.sequence_number);
      w.raw(R"(,"ApproximateArrivalTimestamp":)");
      w.timestamp(record.arrival);
      w.raw(R"(,"Data":)");
      w.base64(record.data);
      w.raw(R"(,"PartitionKey":)");
      w.string(record.partition_key);
      w.encryption(record.encryption_type);
      w.raw("}");
    });
    w.raw("]");
    if (answer.next_shard_iterator) {
      w.raw(R"(,"NextShardIterator":)");
      w.string(*answer.next_shard_iterator);
    }
    w.raw(R"(,"MillisBehindLatest":)");
    w.integer(answer.millis_behind_latest);
    w.raw("}");
  });
}

}  // namespace penstock::services::kinesis
