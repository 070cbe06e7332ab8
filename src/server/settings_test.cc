#include "server/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace penstock::server {
namespace {

using testing::HasSubstr;

TEST(SettingsTest, ReadsAFile) {
  Settings settings;
  const auto applied = apply_file(settings, R"({
    "account": "123456789012", "region": "eu-central-1", "threads": 3, "log": {"level": "warn"},
    "api": {"listen": "0.0.0.0:80", "body_bytes_max": 2048}, "mqtt": {"listen": "[::]:0", "anonymous": "deny"},
    "certificate_hosts": ["a.example", "10.0.0.1"],
    "metrics": {"access": "token", "token_file": "/etc/penstock/token", "series_max": 5000},
    "storage": {"sort_segments": "off", "sort_bytes_per_second": 2097152},
    "kinesis": {"stream_creating_ms": 500, "limits": {"shard_read_calls": "aws", "open_shards": 7, "streams_changing": "off"}}})");
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(settings.account, "123456789012");
  EXPECT_EQ(settings.api, (net::HostPort{"0.0.0.0", 80}));
  EXPECT_EQ(settings.http.body_bytes_max, 2048U);
  EXPECT_EQ(settings.mqtt, (net::HostPort{"::", 0}));
  EXPECT_EQ(settings.mqtt_anonymous, "deny");
  EXPECT_EQ(settings.kinesis.creating, std::chrono::milliseconds(500));
  EXPECT_EQ(settings.kinesis.limits.shard_read_calls.value(), 5U);
  EXPECT_EQ(settings.kinesis.limits.open_shards.value(), 7U);
  EXPECT_EQ(settings.kinesis.limits.streams_changing.value(), std::nullopt);
  EXPECT_EQ(settings.kinesis.limits.shard_write_bytes.value(), std::nullopt);
  EXPECT_EQ(settings.kinesis.limits.scalings_per_day.value(), 10U);
  EXPECT_EQ(settings.certificate_hosts.size(), 2U);
  EXPECT_EQ(settings.metrics.access, MetricsAccess::Mode::token);
  EXPECT_FALSE(settings.storage.sorts_segments);
  EXPECT_EQ(settings.storage.sort_bytes_per_second, 2U << 20U);
  EXPECT_EQ(settings.metrics.token_file, "/etc/penstock/token");
  EXPECT_EQ(settings.metrics.series_max, 5000U);
  EXPECT_EQ(settings.log_level, telemetry::Level::warn);
}

TEST(SettingsTest, TimesOfKinesisAreInMilliseconds) {
  using std::chrono::milliseconds;
  Settings settings;
  EXPECT_EQ(settings.kinesis.takeover, milliseconds(5000));
  EXPECT_EQ(settings.kinesis.iterator_life, milliseconds(300'000));
  const std::pair<std::string_view, milliseconds KinesisSettings::*> keys[] = {
      {"kinesis.consumer_creating_ms", &KinesisSettings::consumer_creating},
      {"kinesis.consumer_deleting_ms", &KinesisSettings::consumer_deleting},
      {"kinesis.iterator_life_ms", &KinesisSettings::iterator_life},
      {"kinesis.next_token_life_ms", &KinesisSettings::page_token_life},
      {"kinesis.on_demand_window_ms", &KinesisSettings::on_demand_window},
      {"kinesis.stream_creating_ms", &KinesisSettings::creating},
      {"kinesis.stream_deleting_ms", &KinesisSettings::deleting},
      {"kinesis.stream_updating_ms", &KinesisSettings::updating},
      {"kinesis.subscription_idle_ms", &KinesisSettings::subscription_idle},
      {"kinesis.subscription_life_ms", &KinesisSettings::subscription_life},
      {"kinesis.subscription_takeover_ms", &KinesisSettings::takeover},
  };
  int value = 100;
  for (const auto& [key, field] : keys) {
    ASSERT_TRUE(set(settings, key, std::to_string(++value)).has_value()) << key;
    EXPECT_EQ(settings.kinesis.*field, milliseconds(value)) << key;
  }
  EXPECT_FALSE(set(settings, "kinesis.iterator_life_ms", "0").has_value());
  EXPECT_FALSE(set(settings, "kinesis.subscription_life_ms", "3600001").has_value());
  EXPECT_TRUE(set(settings, "kinesis.subscription_takeover_ms", "0").has_value());
}

TEST(SettingsTest, RefusesWhatItDoesNotKnowByName) {
  Settings settings;
  for (const auto& [text, named] : {std::pair{R"({"apii": {}})", "'apii'"},
                                    {R"({"api": {"lissten": "a:1"}})", "'api.lissten'"},
                                    {R"({"api": 4566})", "'api'"},
                                    {R"({"api": {"listen": {}}})", "api.listen: a string"},
                                    {R"({"api": {"listen": "nowhere"}})", "api.listen: 'nowhere'"},
                                    {R"({"threads": -1})", "threads: a whole number"},
                                    {R"({"threads": 65})", "threads: '65'"},
                                    {R"({"account": "12"})", "account: '12'"},
                                    {R"({"region": "moon"})", "region: 'moon'"},
                                    {R"({"log": {"level": "loud"}})", "log.level: 'loud'"},
                                    {R"({"kinesis": {"limits": {"open_shards": true}}})", "open_shards: \"aws\""},
                                    {R"({"kinesis": {"limits": {"open_shards": "many"}}})", "'many' is not aws, off"},
                                    {R"({"kinesis": {"limits": {"open_shards": 0}}})", "from 1 to"},
                                    {R"({"kinesis": {"limits": {"x": 1}}})", "'kinesis.limits.x'"},
                                    {R"({"metrics": {"access": "me"}})", "'me' is not loopback, token"},
                                    {R"({"storage": {"sort_segments": "yes"}})", "'yes' is not on or off"},
                                    {R"({"metrics": {"token_file": ""}})", "metrics.token_file: an empty path"},
                                    {R"([])", "object"}}) {
    const auto applied = apply_file(settings, text);
    ASSERT_FALSE(applied.has_value()) << text;
    EXPECT_THAT(applied.error().message, HasSubstr(named));
  }
  EXPECT_FALSE(apply_file(settings, "{").has_value());
}

TEST(SettingsTest, EveryKeyIsInTheDocumentation) {
  std::ifstream file("docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const std::string_view key : setting_keys()) {
    EXPECT_THAT(text.str(), HasSubstr("`" + std::string(key) + "`"));
  }
}

TEST(SettingsTest, KnowsRegionsFromOtherText) {
  for (const auto* good : {"us-east-1", "ap-southeast-2", "us-gov-west-1"}) EXPECT_TRUE(is_region(good)) << good;
  for (const auto* bad : {"", "useast1", "us-east", "US-EAST-1", "-us-east-1", "us-east-12", "a/b-c-1", "us-1"}) {
    EXPECT_FALSE(is_region(bad)) << bad;
  }
}

}  // namespace
}  // namespace penstock::server
