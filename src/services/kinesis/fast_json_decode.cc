#include <cstring>
#include <optional>

#include "codec/utf8.h"
#include "core/encoding/base64.h"
#include "services/kinesis/fast_json.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::size_t kRecordsMax = 500;

/// Walks JSON text once. Every function gives false for what is not plainly what it looks for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool take(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ == end_;
  }

  /// A string without escapes; the view points into the text.
  bool string(std::string_view& out) {
    if (!take('"')) return false;
    const char* start = at_;
    bool ascii = true;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte == '\\') return false;
      if (byte >= 0x80) ascii = false;
    }
    if (at_ == end_) return false;
    out = {start, static_cast<std::size_t>(at_ - start)};
    ++at_;
    return ascii || codec::is_utf8(out);
  }

  bool string(std::string& out) {
    std::string_view text;
    if (!string(text)) return false;
    out = text;
    return true;
  }
  bool string(std::optional<std::string>& out) { return string(out.emplace()); }

  /// A base64 string: its alphabet has neither quotes nor escapes, and strict decoding refuses all else.
  bool blob(codec::Blob& out) {
    if (!take('"')) return false;
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) return false;
    const std::string_view text(at_, static_cast<std::size_t>(quote - at_));
    at_ = quote + 1;
    return base64_decode_append(text, out.bytes);
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  const char* at_;
  const char* end_;
};

/// Reads an object; `member(name)` reads the value of each member.
template <class Member>
bool read_object(Scanner& scan, Member&& member) {
  if (!scan.take('{')) return false;
  if (scan.take('}')) return true;
  do {
    std::string_view name;
    if (!scan.string(name) || !scan.take(':') || !member(name)) return false;
  } while (scan.take(','));
  return scan.take('}');
}

/// Members seen so far: a second one of the same name is the generic codec's business.
class Seen {
 public:
  bool first(unsigned member) {
    const unsigned bit = 1U << member;
    const bool is_first = (bits_ & bit) == 0;
    bits_ |= bit;
    return is_first;
  }
  [[nodiscard]] bool has(unsigned member) const { return (bits_ & 1U << member) != 0; }

 private:
  unsigned bits_ = 0;
};

enum : unsigned { kData, kPartitionKey, kExplicitHashKey, kOrdering, kStreamName, kStreamArn, kRecords };

bool read_entry(Scanner& scan, PutRecordsRequestEntry& entry) {
  Seen seen;
  const bool read = read_object(scan, [&](std::string_view name) {
    if (name == "Data") return seen.first(kData) && scan.blob(entry.data);
    if (name == "PartitionKey") return seen.first(kPartitionKey) && scan.string(entry.partition_key);
    if (name == "ExplicitHashKey") return seen.first(kExplicitHashKey) && scan.string(entry.explicit_hash_key);
    return false;
  });
  return read && seen.has(kData) && seen.has(kPartitionKey);
}

bool read_entries(Scanner& scan, std::vector<PutRecordsRequestEntry>& entries) {
  if (!scan.take('[')) return false;
  if (scan.take(']')) return true;
  do {
    if (entries.size() == kRecordsMax) return false;
    if (!read_entry(scan, entries.emplace_back())) return false;
  } while (scan.take(','));
  return scan.take(']');
}

}  // namespace

bool fast_decode_put_records(std::string_view body, void* input) {
  auto& out = *static_cast<PutRecordsInput*>(input);
  Scanner scan(body);
  Seen seen;
  const bool read = read_object(scan, [&](std::string_view name) {
    if (name == "Records") return seen.first(kRecords) && read_entries(scan, out.records);
    if (name == "StreamName") return seen.first(kStreamName) && scan.string(out.stream_name);
    if (name == "StreamARN") return seen.first(kStreamArn) && scan.string(out.stream_arn);
    return false;
  });
  return read && scan.at_end() && seen.has(kRecords);
}

bool fast_decode_put_record(std::string_view body, void* input) {
  auto& out = *static_cast<PutRecordInput*>(input);
  Scanner scan(body);
  Seen seen;
  const bool read = read_object(scan, [&](std::string_view name) {
    if (name == "Data") return seen.first(kData) && scan.blob(out.data);
    if (name == "PartitionKey") return seen.first(kPartitionKey) && scan.string(out.partition_key);
    if (name == "StreamName") return seen.first(kStreamName) && scan.string(out.stream_name);
    if (name == "StreamARN") return seen.first(kStreamArn) && scan.string(out.stream_arn);
    if (name == "ExplicitHashKey") return seen.first(kExplicitHashKey) && scan.string(out.explicit_hash_key);
    if (name == "SequenceNumberForOrdering") {
      return seen.first(kOrdering) && scan.string(out.sequence_number_for_ordering);
    }
    return false;
  });
  return read && scan.at_end() && seen.has(kData) && seen.has(kPartitionKey);
}

}  // namespace penstock::services::kinesis
