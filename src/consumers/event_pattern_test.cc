#include "consumers/event_pattern.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "consumers/lane_fixture.h"
#include "consumers/record_filter.h"

namespace penstock::consumers {
namespace {

bool matches(std::string_view pattern, std::string_view event) {
  const auto compiled = EventPattern::compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << (compiled ? "" : compiled.error().message);
  return compiled && compiled->matches(*codec::parse_json(event));
}

struct Case {
  std::string_view pattern;
  std::string_view event;
  bool matches;
};

class PatternCases : public ::testing::TestWithParam<Case> {};

TEST_P(PatternCases, Match) {
  EXPECT_EQ(matches(GetParam().pattern, GetParam().event), GetParam().matches)
      << GetParam().pattern << " and " << GetParam().event;
}

// The examples of EventBridge's "Comparison operators for use in event patterns", and their neighbours.
constexpr Case kCases[] = {
    {R"({"a":["x"]})", R"({"a":"x"})", true},
    {R"({"a":["x"]})", R"({"a":"X"})", false},
    {R"({"a":["x","y"]})", R"({"a":"y"})", true},
    {R"({"a":["x"],"b":["y"]})", R"({"a":"x","b":"z"})", false},
    {R"({"a":["x"]})", R"({"b":"x"})", false},
    {R"({"a":[""]})", R"({"a":""})", true},
    {R"({"a":[null]})", R"({"a":null})", true},
    {R"({"a":[null]})", R"({})", false},
    {R"({"a":[true]})", R"({"a":true})", true},
    {R"({"a":[true]})", R"({"a":"true"})", false},
    {R"({"a":[100]})", R"({"a":100.0})", true},
    {R"({"a":[100]})", R"({"a":"100"})", false},
    {R"({"a":{"b":["x"]}})", R"({"a":{"b":"x"}})", true},
    {R"({"a":{"b":["x"]}})", R"({"a":"x"})", false},
    {R"({"a":[{"prefix":"us-"}]})", R"({"a":"us-east-1"})", true},
    {R"({"a":[{"prefix":"us-"}]})", R"({"a":7})", false},
    {R"({"a":[{"prefix":{"equals-ignore-case":"EVENTB"}}]})", R"({"a":"eventbridge"})", true},
    {R"({"a":[{"suffix":".png"}]})", R"({"a":"x.png"})", true},
    {R"({"a":[{"suffix":{"equals-ignore-case":".PNG"}}]})", R"({"a":"x.png"})", true},
    {R"({"a":[{"equals-ignore-case":"Alice"}]})", R"({"a":"aLICE"})", true},
    {R"({"a":[{"anything-but":"x"}]})", R"({"a":"y"})", true},
    {R"({"a":[{"anything-but":"x"}]})", R"({"a":"x"})", false},
    {R"({"a":[{"anything-but":"x"}]})", R"({})", false},
    {R"({"a":[{"anything-but":["x",5]}]})", R"({"a":5})", false},
    {R"({"a":[{"anything-but":["x",5]}]})", R"({"a":6})", true},
    {R"({"a":[{"anything-but":{"prefix":"us-"}}]})", R"({"a":"eu-west-1"})", true},
    {R"({"a":[{"anything-but":{"prefix":"us-"}}]})", R"({"a":"us-west-1"})", false},
    {R"({"a":[{"anything-but":{"suffix":[".png",".jpg"]}}]})", R"({"a":"x.jpg"})", false},
    {R"({"a":[{"anything-but":{"equals-ignore-case":"x"}}]})", R"({"a":"X"})", false},
    {R"({"a":[{"anything-but":{"wildcard":"*/lib/*"}}]})", R"({"a":"/usr/lib/x"})", false},
    {R"({"a":[{"numeric":["=",5]}]})", R"({"a":5.0})", true},
    {R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":0})", false},
    {R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":5})", true},
    {R"({"a":[{"numeric":[">=",0,"<",5]}]})", R"({"a":5})", false},
    {R"({"a":[{"numeric":[">",0]}]})", R"({"a":"7"})", false},
    {R"({"a":[{"exists":true}]})", R"({"a":null})", true},
    {R"({"a":[{"exists":true}]})", R"({"b":1})", false},
    {R"({"a":[{"exists":false}]})", R"({"b":1})", true},
    {R"({"a":[{"exists":false}]})", R"({"a":1})", false},
    {R"({"a":{"b":[{"exists":false}]}})", R"({"c":1})", true},
    {R"({"a":[{"exists":true}]})", R"({"a":{"b":1}})", false},
    {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.0.255"})", true},
    {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.1.0"})", false},
    {R"({"a":[{"cidr":"2001:db8::/33"}]})", R"({"a":"2001:db8:7fff::1"})", true},
    {R"({"a":[{"cidr":"2001:db8::/33"}]})", R"({"a":"2001:db8:8000::1"})", false},
    {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"::1"})", false},
    {R"({"a":[{"wildcard":"dir/*.png"}]})", R"({"a":"dir/x/y.png"})", true},
    {R"({"a":[{"wildcard":"*ab*ab"}]})", R"({"a":"xabab"})", true},
    {R"({"a":[{"wildcard":"*ab*ab"}]})", R"({"a":"xab"})", false},
    {R"({"a":[{"wildcard":"a\\*b"}]})", R"({"a":"a*b"})", true},
    {R"({"a":[{"wildcard":"a\\*b"}]})", R"({"a":"axb"})", false},
    {R"({"a":[{"wildcard":"aab*"}]})", R"({"a":"aaab"})", false},
    {R"({"a":[{"wildcard":"*aab*"}]})", R"({"a":"aaab"})", true},
    {R"({"a":["x"]})", R"({"a":["z","x"]})", true},
    {R"({"a":["x"]})", R"({"a":[]})", false},
    {R"({"a":{"b":["x"],"c":["y"]}})", R"({"a":[{"b":"x","c":"z"},{"b":"w","c":"y"}]})", false},
    {R"({"a":{"b":["x"],"c":["y"]}})", R"({"a":[{"b":"x","c":"y"}]})", true},
    {R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", true},
    {R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":3})", false},
    {R"({"c":[1],"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", false},
    {R"({"d":{"$or":[{"a":[1]},{"b":[{"numeric":[">",2]}]}]}})", R"({"d":{"b":3}})", true},
};
INSTANTIATE_TEST_SUITE_P(EventBridge, PatternCases, ::testing::ValuesIn(kCases));

TEST(EventPatternTest, WhatIsNoPatternIsRefused) {
  for (const std::string_view bad : {
           "",
           "[]",
           "{}",
           R"({"a":"x"})",
           R"({"a":[]})",
           R"({"a":{}})",
           R"({"a":[["x"]]})",
           R"({"a":[{"near":"x"}]})",
           R"({"a":[{"prefix":"x","suffix":"y"}]})",
           R"({"a":[{"prefix":5}]})",
           R"({"a":[{"exists":"yes"}]})",
           R"({"a":[{"numeric":[">"]}]})",
           R"({"a":[{"numeric":["<",5,">",1]}]})",
           R"({"a":[{"numeric":[">",5,"<",5]}]})",
           R"({"a":[{"numeric":[">",5.1e9]}]})",
           R"({"a":[{"anything-but":[]}]})",
           R"({"a":[{"anything-but":{"numeric":[">",1]}}]})",
           R"({"a":[{"cidr":"10.0.0.0"}]})",
           R"({"a":[{"cidr":"10.0.0.0/33"}]})",
           R"({"a":[{"wildcard":"a**b"}]})",
           R"({"a":[{"wildcard":"a\\b"}]})",
           R"({"$or":[{"a":[1]}]})",
       }) {
    EXPECT_FALSE(EventPattern::compile(bad).has_value()) << bad;
  }
  EXPECT_FALSE(EventPattern::compile(R"({"a":[")" + std::string(kPatternBytesMax, 'x') + R"("]})").has_value());
}

TEST(RecordFilterTest, DataIsLookedAtAsJsonOnly) {
  const EventOrigin origin{.shard_id = "shardId-000000000000"};
  auto record = test_record(1, from_unix_ms(kTestStartMs), "key");
  const auto passes = [&](const std::string& pattern, std::string_view data) {
    const std::vector<std::string> patterns{pattern};
    record.data = data;
    return RecordFilter::compile(patterns)->passes(record, origin);
  };
  EXPECT_TRUE(passes(R"({"data":{"order":{"type":["buy"]}}})", R"({"record":1,"order":{"type":"buy"}})"));
  EXPECT_FALSE(passes(R"({"data":{"order":{"type":["buy"]}}})", R"({"order":{"type":"sell"}})"));
  EXPECT_FALSE(passes(R"({"data":{"a":[{"exists":false}]}})", "no JSON"));
  EXPECT_TRUE(passes(R"({"partitionKey":["key"]})", "no JSON"));
  const std::vector<std::string> not_json{R"({"data":["text"]})"};
  EXPECT_FALSE(RecordFilter::compile(not_json).has_value()) << "Kinesis data cannot be filtered as plain text";
}

}  // namespace
}  // namespace penstock::consumers
