#include <cstring>
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

/// Reads a field of a put, whatever its type.
struct FieldReader {
  Scanner& scan;

  bool operator()(std::string& out) const { return scan.string(out); }
  bool operator()(std::optional<std::string>& out) const { return scan.string(out); }
  bool operator()(codec::Blob& out) const { return scan.blob(out); }
  bool operator()(std::vector<PutRecordsRequestEntry>& entries) const {
    if (!scan.take('[')) return false;
    if (scan.take(']')) return true;
    do {
      if (entries.size() == kFastRecordsMax) return false;
      SeenMembers seen;
      if (!read_fields(entries.emplace_back(), seen) || !has_record(seen)) return false;
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
  return decode<PutRecordsInput>(body, input, seen) && seen.has(SeenMembers::kRecords);
}

bool fast_decode_put_record(std::string_view body, void* input) {
  SeenMembers seen;
  return decode<PutRecordInput>(body, input, seen) && has_record(seen);
}

}  // namespace penstock::services::kinesis
