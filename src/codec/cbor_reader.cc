#include "codec/cbor_reader.h"

#include <bit>
#include <cmath>

#include "codec/scalar_text.h"
#include "codec/utf8.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

// Major types, RFC 8949, 3.1.
constexpr std::uint8_t kUnsigned = 0;
constexpr std::uint8_t kNegative = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t kText = 3;
constexpr std::uint8_t kArray = 4;
constexpr std::uint8_t kMap = 5;
constexpr std::uint8_t kTag = 6;

// What the five low bits of an item's first byte say.
constexpr std::uint8_t kOneByteFollows = 24;
constexpr std::uint8_t kEightBytesFollow = 27;
constexpr std::uint8_t kIndefinite = 31;

constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kNull = 22;
constexpr std::uint8_t kUndefined = 23;
constexpr std::uint8_t kHalf = 25;
constexpr std::uint8_t kSingle = 26;
constexpr std::uint8_t kDouble = 27;
constexpr std::uint64_t kTwoByteSimpleMin = 32;

constexpr char kBreak = '\xff';

std::unexpected<DecodeError> not_cbor(std::string_view why) {
  return decode_fail("the body is not a CBOR document: " + std::string(why));
}

/// RFC 8949, appendix D.
double half_to_double(std::uint64_t half) {
  const auto exponent = static_cast<int>(half >> 10U & 0x1FU);
  const auto mantissa = static_cast<double>(half & 0x3FFU);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent != 31) {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  } else {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return (half & 0x8000U) != 0 ? -value : value;
}

}  // namespace

Decoded<CborReader::Head> CborReader::head() {
  if (at_ == end_) return not_cbor("it ends early");
  const auto first = static_cast<std::uint8_t>(*at_++);
  Head head{.major = static_cast<std::uint8_t>(first >> 5U), .info = static_cast<std::uint8_t>(first & 0x1FU)};
  if (head.info < kOneByteFollows) {
    head.argument = head.info;
    return head;
  }
  if (head.info > kEightBytesFollow) {
    const bool may_be_indefinite = head.major >= kBytes && head.major <= kMap;
    if (head.info == kIndefinite && may_be_indefinite) return head;
    if (head.info == kIndefinite && head.major > kTag) return not_cbor("a break where none may stand");
    return not_cbor("a reserved length");
  }
  const std::size_t width = std::size_t{1} << (head.info - kOneByteFollows);
  if (left() < width) return not_cbor("it ends early");
  for (std::size_t i = 0; i < width; ++i) head.argument = head.argument << 8U | static_cast<std::uint8_t>(*at_++);
  return head;
}

Decoded<std::string_view> CborReader::take(std::uint64_t size) {
  if (size > left()) return not_cbor("it ends early");
  const std::string_view bytes(at_, static_cast<std::size_t>(size));
  at_ += size;
  return bytes;
}

Decoded<std::string_view> CborReader::string(const Head& head) {
  const auto checked = [&](std::string_view bytes) -> Decoded<std::string_view> {
    if (head.major == kText && !is_utf8(bytes)) return not_cbor("text that is not UTF-8");
    return bytes;
  };
  if (head.info != kIndefinite) {
    PENSTOCK_TRY(const std::string_view bytes, take(head.argument));
    return checked(bytes);
  }
  std::string joined;
  while (true) {
    if (at_ == end_) return not_cbor("it ends early");
    if (*at_ == kBreak) break;
    PENSTOCK_TRY(const Head chunk, this->head());
    if (chunk.major != head.major || chunk.info == kIndefinite) return not_cbor("a wrong chunk in a string");
    PENSTOCK_TRY(const std::string_view bytes, take(chunk.argument));
    PENSTOCK_TRY_VOID(checked(bytes));  // each chunk by itself: RFC 8949, 3.2.3
    joined += bytes;
  }
  ++at_;
  return joined_.emplace_back(std::move(joined));
}

Decoded<CborItem> CborReader::simple_or_float(const Head& head) const {
  CborItem item;
  switch (head.info) {
    case kHalf: item.number = half_to_double(head.argument); break;
    case kSingle: item.number = std::bit_cast<float>(static_cast<std::uint32_t>(head.argument)); break;
    case kDouble: item.number = std::bit_cast<double>(head.argument); break;
    case kFalse:
    case kTrue:
      item.kind = CborKind::boolean;
      item.argument = head.info == kTrue ? 1 : 0;
      return item;
    case kNull:
    case kUndefined: return item;
    default:
      if (head.info == kOneByteFollows && head.argument < kTwoByteSimpleMin) return not_cbor("a bad simple value");
      item.kind = CborKind::simple;
      item.argument = head.argument;
      return item;
  }
  item.kind = CborKind::floating;
  return item;
}

Decoded<CborItem> CborReader::next() {
  PENSTOCK_TRY(Head head, this->head());
  std::optional<std::uint64_t> tag;
  for (int tags = 0; head.major == kTag; ++tags) {
    if (tags == kCborTagsMax) return not_cbor("too many tags");
    tag = head.argument;
    PENSTOCK_TRY(head, this->head());
  }
  CborItem item;
  switch (head.major) {
    case kUnsigned: item.kind = CborKind::unsigned_integer; break;
    case kNegative: item.kind = CborKind::negative_integer; break;
    case kBytes:
    case kText: {
      item.kind = head.major == kText ? CborKind::text : CborKind::bytes;
      PENSTOCK_TRY(item.text, string(head));
      break;
    }
    case kArray:
    case kMap: {
      item.kind = head.major == kMap ? CborKind::map : CborKind::array;
      item.indefinite = head.info == kIndefinite;
      // Every item has at least one byte.
      const std::uint64_t count_max = left() / (head.major == kMap ? 2 : 1);
      if (!item.indefinite && head.argument > count_max) return not_cbor("it ends early");
      break;
    }
    default: {
      PENSTOCK_TRY(item, simple_or_float(head));
      item.tag = tag;
      return item;
    }
  }
  item.argument = head.argument;
  item.tag = tag;
  return item;
}

Decoded<bool> CborReader::more(CborItem& container) {
  if (!container.indefinite) {
    if (container.argument == 0) return false;
    --container.argument;
    return true;
  }
  if (at_ == end_) return not_cbor("it ends early");
  if (*at_ != kBreak) return true;
  ++at_;
  return false;
}

Decoded<> CborReader::skip(const CborItem& item, int depth) {
  if (item.kind != CborKind::array && item.kind != CborKind::map) return {};
  if (depth >= kDepthMax) return not_cbor("it is nested too deeply");
  CborItem container = item;
  while (true) {
    PENSTOCK_TRY(const bool has_more, more(container));
    if (!has_more) return {};
    for (int i = item.kind == CborKind::map ? 2 : 1; i > 0; --i) {
      PENSTOCK_TRY(const CborItem inner, next());
      PENSTOCK_TRY_VOID(skip(inner, depth + 1));
    }
  }
}

}  // namespace penstock::codec
