#pragma once
/// The head of an answer as HTTP/2 wants it (RFC 9113 section 8.2): lower-case names, no fields of the connection.

#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "net/http.h"

namespace penstock::net {

/// nghttp2's view of a header; the text must outlive it.
[[nodiscard]] nghttp2_nv header_of(std::string_view name, std::string_view value);

/// Adds Date, and Content-Length when the length is known.
class AnswerHead {
 public:
  AnswerHead(const HttpResponse& response, Timestamp now);
  [[nodiscard]] const std::vector<nghttp2_nv>& fields() const { return fields_; }

 private:
  std::vector<std::string> text_;  ///< names and values, in turns; never grows once fields_ points into it
  std::vector<nghttp2_nv> fields_;
};

}  // namespace penstock::net
