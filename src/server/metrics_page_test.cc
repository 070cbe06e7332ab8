#include "server/metrics_page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace penstock::server {
namespace {

using telemetry::MetricFamily;
using telemetry::MetricType;
using testing::HasSubstr;

std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "seconds";
  if (name.ends_with("_bytes")) return "bytes";
  return "count";
}

std::string row_of(const MetricFamily& family) {
  std::string labels;
  std::istringstream names{std::string(family.labels)};
  for (std::string name; names >> name;) labels += fmt::format("{}`{}`", labels.empty() ? "" : " ", name);
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |", family.name, telemetry::to_string(family.type), labels,
                     unit_of(family.name), family.aws, family.help);
}

TEST(MetricsPageTest, TheDocumentationListsEveryMetricAndNoOther) {
  std::ifstream file("docs/metrics.md");
  std::multiset<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `penstock_") || line.starts_with("| `process_")) documented.insert(line);
  }
  for (const MetricFamily& family : metric_families()) {
    const std::string row = row_of(family);
    EXPECT_EQ(documented.erase(row), 1U) << "docs/metrics.md lacks this row:\n" << row;
  }
  for (const std::string& row : documented) ADD_FAILURE() << "docs/metrics.md has a row for nothing:\n" << row;
}

TEST(MetricsPageTest, NamesFollowPrometheus) {
  std::set<std::string_view> seen;
  for (const MetricFamily& family : metric_families()) {
    EXPECT_TRUE(seen.insert(family.name).second) << "twice: " << family.name;
    EXPECT_EQ(family.name.ends_with("_total"), family.type == MetricType::counter) << family.name;
    const bool base_unit = !family.name.contains("milli") && !family.name.contains("_ms");
    EXPECT_TRUE(base_unit) << family.name;
    EXPECT_TRUE(family.help.ends_with(".")) << family.name;
    EXPECT_EQ(family.help.find_first_of("\\\n"), std::string_view::npos) << family.name;
  }
}

TEST(MetricsPageTest, ATokenIsOneLineOfItsFile) {
  const std::string path = testing::TempDir() + "metrics_token";
  const auto read = [&](std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
    return read_metrics_access({.access = MetricsAccess::Mode::token, .token_file = path});
  };
  EXPECT_EQ(read("0123456789abcdef\n")->token, "0123456789abcdef");
  EXPECT_EQ(read("  0123456789abcdef\r\n")->token, "0123456789abcdef");
  for (const auto& bad :
       {std::string("short\n"), std::string(), std::string("0123456789\nabcdef\n"), std::string(4097, 'x')}) {
    EXPECT_FALSE(read(bad).has_value()) << bad.size();
  }
  std::filesystem::remove(path);
  const auto missing = read_metrics_access({.token_file = path});
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr(path));
  EXPECT_THAT(read_metrics_access({.access = MetricsAccess::Mode::token}).error().message, HasSubstr("token_file"));
  EXPECT_TRUE(read_metrics_access({}).has_value());
}

}  // namespace
}  // namespace penstock::server
