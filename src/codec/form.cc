#include <algorithm>

#include "codec/codec.h"
#include "codec/scalar_text.h"
#include "codec/utf8.h"
#include "core/encoding/percent.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

Decoded<std::string> decoded_part(std::string_view text) {
  auto plain = percent_decode(text, true);
  if (!plain) return decode_fail("a percent sign is not followed by two hexadecimal digits");
  if (!is_utf8(*plain)) return decode_fail("a form value is not valid UTF-8");
  return std::move(*plain);
}

/// Calls `add(name, value)` for every pair, in order.
template <class Add>
Decoded<> for_each_pair(std::string_view text, Add add) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (++count > kFormPairsMax) return decode_fail("the request holds too many parameters");
    const std::size_t equals = std::min(pair.find('='), pair.size());
    PENSTOCK_TRY(std::string name, decoded_part(pair.substr(0, equals)));
    PENSTOCK_TRY(std::string value, decoded_part(pair.substr(std::min(equals + 1, pair.size()))));
    add(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

Decoded<FormValues> parse_form(std::string_view body) {
  FormValues out;
  PENSTOCK_TRY_VOID(for_each_pair(
      body, [&](std::string name, std::string value) { out.insert_or_assign(std::move(name), std::move(value)); }));
  return out;
}

Decoded<QueryValues> parse_query(std::string_view query) {
  QueryValues out;
  PENSTOCK_TRY_VOID(for_each_pair(
      query, [&](std::string name, std::string value) { out.emplace(std::move(name), std::move(value)); }));
  return out;
}

}  // namespace penstock::codec
