#pragma once
/// A pull reader of CBOR, zero-copy: strings are views into the input, except those that came in chunks.
/// Source: RFC 8949, sections 3 (encoding) and 3.2 (indefinite lengths).
/// Guarantee: only well-formed items pass, and text only when it is UTF-8.
/// Errors:    DecodeError; after one the reader must not be used any more.
/// Bounds:    the input's length; kCborTagsMax tags before one item. Nesting is the caller's to bound (skip() bounds it
///            with kDepthMax).
/// Threads:   one at a time.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "codec/codec.h"

namespace penstock::codec {

inline constexpr int kCborTagsMax = 8;
inline constexpr std::uint64_t kCborTagEpoch = 1;

enum class CborKind : std::uint8_t {
  unsigned_integer,
  negative_integer,
  bytes,
  text,
  array,
  map,
  boolean,
  null,  ///< also `undefined`
  floating,
  simple,  ///< a simple value without a meaning
};

/// One data item; of an array or a map only its head.
struct CborItem {
  CborKind kind = CborKind::null;
  bool indefinite = false;     ///< an array or map that a break ends
  std::uint64_t argument = 0;  ///< the integer; -1 - argument for a negative one; items of an array, pairs of a map;
                               ///< 1 for true; a simple value's number
  double number = 0;           ///< floating
  std::string_view text{};     ///< bytes and text; lives as long as the input and the reader
  std::optional<std::uint64_t> tag{};  ///< the innermost
};

class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] Decoded<CborItem> next();

  /// Steps through an array or map whose head `next` gave: whether another item (or pair) follows.
  [[nodiscard]] Decoded<bool> more(CborItem& container);

  /// Passes over the rest of an item whose head `next` gave.
  [[nodiscard]] Decoded<> skip(const CborItem& item, int depth = 0);

  [[nodiscard]] bool at_end() const { return at_ == end_; }
  /// Bytes of the input that were not read yet. (All strings to come are shorter together, chunked ones too.)
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

 private:
  struct Head {
    std::uint8_t major = 0;
    std::uint8_t info = 0;
    std::uint64_t argument = 0;
  };
  [[nodiscard]] Decoded<Head> head();
  [[nodiscard]] Decoded<std::string_view> take(std::uint64_t size);
  [[nodiscard]] Decoded<std::string_view> string(const Head& head);
  [[nodiscard]] Decoded<CborItem> simple_or_float(const Head& head) const;

  const char* at_;
  const char* end_;
  std::deque<std::string> joined_;  ///< strings that came in chunks
};

}  // namespace penstock::codec
