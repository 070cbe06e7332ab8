#include "net/readable_head.h"

#include <gtest/gtest.h>

namespace penstock::net {
namespace {

std::string target_of(std::string_view head) {
  const auto read = readable_head(head);
  if (!read.has_value()) return "nothing";
  const std::string* target = read->headers.find("x-amz-target");
  return target == nullptr ? "none" : *target;
}

TEST(ReadableHead, FindsHeadersAroundWhatIsWrong) {
  EXPECT_EQ(target_of("POST / HTTP/1.1\r\nX-Amz-Target: K.P\r\n\r\n"), "K.P") << "no Host";
  EXPECT_EQ(target_of("POST / HTTP/1.1\r\nHost: a\x01\r\nbad name: x\r\nno colon\r\nX-Amz-Target: K.P\r\n\r\n"), "K.P");
  EXPECT_EQ(target_of("POST /\x01 HTTP/7\nX-Amz-Target:K.P\n\n"), "K.P");
  EXPECT_EQ(target_of("POST / HTTP/1.1\r\nX-Amz-Target: K\x02P\r\n\r\n"), "none") << "bad values are left out";
  EXPECT_EQ(target_of("POST / HTTP/1.1\r\n\r\nX-Amz-Target: K.P\r\n"), "none") << "that is the body";
  EXPECT_EQ(target_of("POST / HTTP/1.1\r\nX-Amz-Target: K.P"), "K.P") << "cut short";
}

TEST(ReadableHead, GivesNothingForWhatIsNoRequest) {
  EXPECT_EQ(target_of(""), "nothing");
  EXPECT_EQ(target_of("\x16\x03\x01 x"), "nothing");
  EXPECT_EQ(target_of("hello\r\nX-Amz-Target: K.P\r\n\r\n"), "nothing");
}

}  // namespace
}  // namespace penstock::net
