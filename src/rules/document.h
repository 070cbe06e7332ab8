#pragma once
/// A JSON text and where its values lie in it. One pass checks the whole text (strict RFC 8259, UTF-8) and builds the
/// index; nothing is copied or converted until it is looked at, so numbers and strings can go out as they came in.
/// Threads: immutable once parsed. The text must outlive the document.
/// Bounds:  nesting kJsonDepthMax; texts up to 4 GiB.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace penstock::rules {

inline constexpr int kJsonDepthMax = 128;

enum class NodeKind : std::uint8_t { null, boolean, number, string, array, object };

struct Node {
  std::uint32_t begin;  ///< offset of the first character (of a string: its opening quote)
  std::uint32_t end;    ///< offset behind the last character
  std::uint32_t next;   ///< index of the node behind this one and all that is inside it
  NodeKind kind;
  bool has_escape;  ///< string: contains a backslash
};

using NodeIndex = std::uint32_t;

class Document {
 public:
  /// Errors: invalid (not JSON, too deep).
  static Result<Document> parse(std::string_view text);

  static constexpr NodeIndex kRoot = 0;
  [[nodiscard]] const Node& node(NodeIndex at) const { return nodes_[at]; }
  [[nodiscard]] std::string_view raw(NodeIndex at) const {
    return text_.substr(nodes_[at].begin, nodes_[at].end - nodes_[at].begin);
  }
  /// Of a string node: what it says, escapes resolved.
  [[nodiscard]] std::string string_at(NodeIndex at) const;
  [[nodiscard]] bool string_is(NodeIndex at, std::string_view text) const;

  /// Children: for (i = first_child(a); i != node(a).next; i = node(i).next). In an object, keys and values alternate.
  [[nodiscard]] static NodeIndex first_child(NodeIndex at) { return at + 1; }
  /// The value of the last member of that name.
  [[nodiscard]] std::optional<NodeIndex> member(NodeIndex object, std::string_view name) const;
  [[nodiscard]] std::optional<NodeIndex> element(NodeIndex array, std::uint64_t index) const;

  /// Some number is written with a fraction or exponent though it may be whole ("10.0", "1e2").
  [[nodiscard]] bool has_odd_whole() const { return has_odd_whole_; }

 private:
  explicit Document(std::string_view text) : text_(text) {}
  friend class DocumentParser;

  std::string_view text_;
  std::vector<Node> nodes_;
  bool has_odd_whole_ = false;
};

/// Resolves the escapes of a checked JSON string; `inside` is without its quotes.
[[nodiscard]] std::string unescape_json(std::string_view inside);

}  // namespace penstock::rules
