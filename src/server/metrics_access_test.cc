#include "server/metrics_access.h"

#include <gtest/gtest.h>

namespace penstock::server {
namespace {

using Mode = MetricsAccess::Mode;

net::HttpRequest from(std::string address, std::string host,
                      std::vector<std::pair<std::string, std::string>> more = {}) {
  net::HttpRequest request{.method = "GET", .target = "/metrics", .headers = {}, .body = {}, .remote_address = address};
  if (!host.empty()) request.headers.add("Host", host);
  for (auto& [name, value] : more) request.headers.add(name, value);
  return request;
}

TEST(MetricsAccessTest, ByDefaultOnlyThisMachineReads) {
  const MetricsAccess access;
  for (const auto* host : {"localhost", "LocalHost:4566", "127.0.0.1", "127.0.0.1:4566", "127.1.2.3", "[::1]:4566"}) {
    EXPECT_EQ(judge(access, from("127.0.0.1", host)), MetricsVerdict::allowed) << host;
    EXPECT_EQ(judge(access, from("::1", host)), MetricsVerdict::allowed) << host;
    EXPECT_EQ(judge(access, from("10.0.0.7", host)), MetricsVerdict::forbidden) << "a Host is easily said";
    EXPECT_EQ(judge(access, from("1127.0.0.1", host)), MetricsVerdict::forbidden);
  }
  auto http2 = from("127.0.0.1", "");
  http2.headers.add(":authority", "127.0.0.1:4566");
  EXPECT_EQ(judge(access, http2), MetricsVerdict::allowed);
}

TEST(MetricsAccessTest, ReboundNamesAndProxiesAreNotThisMachine) {
  const MetricsAccess access;
  for (const auto* host : {"", "evil.example", "evil.example:4566", "localhost.evil.example", "127.evil.example",
                           "127.0.0.1.evil.example", "[::1", "10.0.0.1"}) {
    EXPECT_EQ(judge(access, from("127.0.0.1", host)), MetricsVerdict::forbidden) << host;
  }
  for (const auto* header : {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"}) {
    EXPECT_EQ(judge(access, from("127.0.0.1", "localhost", {{header, "10.0.0.7"}})), MetricsVerdict::forbidden)
        << header;
  }
}

TEST(MetricsAccessTest, TheTokenOpensFromEverywhere) {
  const MetricsAccess access{.mode = Mode::token, .token = "0123456789abcdef"};
  const auto with = [](std::string authorization) {
    return from("10.0.0.7", "station", {{"Authorization", std::move(authorization)}});
  };
  EXPECT_EQ(judge(access, with("Bearer 0123456789abcdef")), MetricsVerdict::allowed);
  EXPECT_EQ(judge(access, with("bearer  0123456789abcdef ")), MetricsVerdict::allowed);
  for (const auto* wrong : {"Bearer 0123456789abcdeF", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer ",
                            "Bearer", "Basic 0123456789abcdef", "0123456789abcdef", ""}) {
    EXPECT_EQ(judge(access, with(wrong)), MetricsVerdict::unauthorised) << wrong;
  }
  EXPECT_EQ(judge(access, from("127.0.0.1", "localhost")), MetricsVerdict::unauthorised) << "nobody without it";

  const MetricsAccess both{.mode = Mode::loopback, .token = "0123456789abcdef"};
  EXPECT_EQ(judge(both, from("127.0.0.1", "localhost")), MetricsVerdict::allowed);
  EXPECT_EQ(judge(both, with("Bearer 0123456789abcdef")), MetricsVerdict::allowed);
  EXPECT_EQ(judge(both, with("Bearer wrong")), MetricsVerdict::unauthorised);
}

TEST(MetricsAccessTest, OffIsAbsentAndEveryoneIsEveryone) {
  EXPECT_EQ(judge({.mode = Mode::off, .token = "0123456789abcdef"}, from("127.0.0.1", "localhost")),
            MetricsVerdict::absent);
  EXPECT_EQ(judge({.mode = Mode::everyone}, from("10.0.0.7", "station")), MetricsVerdict::allowed);
}

TEST(MetricsAccessTest, AnEmptyTokenIsNone) {
  EXPECT_EQ(judge({.mode = Mode::token}, from("10.0.0.7", "h", {{"Authorization", "Bearer "}})),
            MetricsVerdict::forbidden);
}

}  // namespace
}  // namespace penstock::server
