#include "net/http2_answer_head.h"

#include <algorithm>
#include <array>

#include "net/http_date.h"
#include "net/http_text.h"

namespace penstock::net {

namespace {

constexpr std::array<std::string_view, 5> kOfTheConnection = {"connection", "keep-alive", "proxy-connection",
                                                              "transfer-encoding", "upgrade"};
constexpr std::size_t kFieldsAdded = 3;

}  // namespace

nghttp2_nv header_of(std::string_view name, std::string_view value) {
  // nghttp2 copies, but was written without const.
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

AnswerHead::AnswerHead(const HttpResponse& response, Timestamp now) {
  const auto& given = response.headers.all();
  text_.reserve(2 * (given.size() + kFieldsAdded));
  const auto add = [this](std::string name, std::string value) {
    text_.push_back(std::move(name));
    text_.push_back(std::move(value));
  };
  add(":status", std::to_string(response.status));
  for (const auto& [name, value] : given) {
    std::string lower = lower_case(name);
    if (std::ranges::find(kOfTheConnection, lower) == kOfTheConnection.end())
      add(std::move(lower), without_controls(value));
  }
  add("date", std::string(http_date(now)));
  if (response.stream == nullptr && may_have_body(response.status)) {
    add("content-length", std::to_string(response.body.size()));
  }
  fields_.reserve(text_.size() / 2);
  for (std::size_t i = 0; i < text_.size(); i += 2) fields_.push_back(header_of(text_[i], text_[i + 1]));
}

}  // namespace penstock::net
