#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "codec/utf8.h"
#include "core/encoding/base64.h"
#include "services/kinesis/fast_json.h"
#include "services/kinesis/fast_members.h"

namespace penstock::services::kinesis {
namespace {

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
    while (static_cast<std::size_t>(end_ - at_) >= sizeof(std::uint64_t) && is_plain_ascii(at_)) {
      at_ += sizeof(std::uint64_t);
    }
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

  /// The name of a member and its colon, written as nearly all clients write it.
  bool literal(std::string_view wanted) {
    if (static_cast<std::size_t>(end_ - at_) < wanted.size() || std::memcmp(at_, wanted.data(), wanted.size()) != 0) {
      return false;
    }
    at_ += wanted.size();
    return true;
  }

  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  bool string(std::string_view& out, RecordBatch& batch) {
    std::string_view text;
    if (!string(text)) return false;
    out = batch.add(text);
    return true;
  }

  /// A base64 string: its alphabet has neither quotes nor escapes, and strict decoding refuses all else.
  bool blob(codec::Blob& out) {
    std::string_view text;
    return quoted(text) && base64_decode_append(text, out.bytes);
  }
  bool blob(std::string_view& out, RecordBatch& batch) {
    std::string_view text;
    if (!quoted(text)) return false;
    const auto size = base64_decode_to(text, batch.free());
    out = batch.take(size.value_or(0));
    return size.has_value();
  }

 private:
  /// Eight bytes without quotes, backslashes, controls and bytes above ASCII: a byte below n leaves its top bit in
  /// (x - n) & ~x.
  static bool is_plain_ascii(const char* at) {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    constexpr std::uint64_t kTops = 0x8080'8080'8080'8080;
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const auto below = [](std::uint64_t x, std::uint64_t n) { return (x - kOnes * n) & ~x; };
    return ((word | below(word, 0x20) | below(word ^ kOnes * '"', 1) | below(word ^ kOnes * '\\', 1)) & kTops) == 0;
  }

  bool quoted(std::string_view& out) {
    if (!take('"')) return false;
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) return false;
    out = {at_, static_cast<std::size_t>(quote - at_)};
    at_ = quote + 1;
    return true;
  }

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

/// Reads the value of a member of a batch's record.
struct RecordReader {
  Scanner& scan;
  RecordBatch& batch;
  bool text(std::string_view& out) const { return scan.string(out, batch); }
  bool data(std::string_view& out) const { return scan.blob(out, batch); }
};

bool read_record(Scanner& scan, RecordBatch& batch) {
  stream::PutView& record = batch.records.emplace_back();
  const RecordReader read{.scan = scan, .batch = batch};
  SeenMembers seen;
  if (!scan.take('{')) return false;
  do {
    std::string_view name;
    if (scan.literal(R"("Data":)")) {
      name = "Data";
    } else if (scan.literal(R"("PartitionKey":)")) {
      name = "PartitionKey";
    } else if (!scan.string(name) || !scan.take(':')) {
      return false;
    }
    if (!read_member(name, record, seen, read)) return false;
  } while (scan.take(','));
  return scan.take('}') && has_record(seen);
}

/// Reads a field of a put, whatever its type.
struct FieldReader {
  Scanner& scan;

  bool operator()(std::string& out) const { return scan.string(out); }
  bool operator()(std::optional<std::string>& out) const { return scan.string(out); }
  bool operator()(codec::Blob& out) const { return scan.blob(out); }
  bool operator()(std::shared_ptr<const RecordBatch>& out) const {
    // Keys lie in the text, and data is shorter than its base64.
    const auto batch = std::make_shared<RecordBatch>(scan.left());
    out = batch;
    if (!scan.take('[')) return false;
    do {
      if (batch->records.size() == kFastRecordsMax) return false;
      if (!read_record(scan, *batch) || !is_valid_record(batch->records.back())) return false;
    } while (scan.take(','));
    return scan.take(']');
  }

  template <class Fields>
  bool read_fields(Fields& out, SeenMembers& seen) const {
    return read_object(scan, [&](std::string_view name) { return read_member(name, out, seen, *this); });
  }
};

template <class Input>
bool decode(std::string_view body, void* input, SeenMembers& seen) {
  Scanner scan(body);
  return FieldReader{scan}.read_fields(*static_cast<Input*>(input), seen) && scan.at_end();
}

}  // namespace

bool fast_decode_put_records(std::string_view body, void* input) {
  SeenMembers seen;
  return decode<PutRecordsInput>(body, input, seen) && seen.has(SeenMembers::kRecords) &&
         is_valid_reference(*static_cast<const PutRecordsInput*>(input));
}

bool fast_decode_put_record(std::string_view body, void* input) {
  SeenMembers seen;
  return decode<PutRecordInput>(body, input, seen) && has_record(seen) &&
         is_valid_put(*static_cast<const PutRecordInput*>(input));
}

}  // namespace penstock::services::kinesis
