// Every folder of golden/ is a case: policy.json, requests.json, and what must come of them in expected.json.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "iam/policy.h"

namespace penstock::iam {
namespace {

namespace json = boost::json;

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::string text_of(const json::value& value) { return value.as_string().c_str(); }

PolicyKind kind_of(const std::string& name) {
  if (name == "trust") return PolicyKind::trust;
  if (name == "resource") return PolicyKind::resource;
  return name == "iot" ? PolicyKind::iot : PolicyKind::identity;
}

std::string name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::silent: return "silent";
    case Verdict::allow: return "allow";
    case Verdict::deny: return "deny";
  }
  return "?";
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, Case) {
  const std::filesystem::path folder = std::filesystem::path("src/iam/golden") / GetParam();
  const json::value expected = json::parse(read_text(folder / "expected.json"));
  const auto policy = compile(read_text(folder / "policy.json"), kind_of(text_of(expected.at("kind"))));
  if (const json::value* error = expected.as_object().if_contains("error")) {
    ASSERT_FALSE(policy.has_value());
    EXPECT_EQ(policy.error().message, text_of(*error));
    EXPECT_EQ(policy.error().kind, ErrorKind::invalid);
    return;
  }
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  const json::value requests = json::parse(read_text(folder / "requests.json"));
  const json::array& verdicts = expected.at("verdicts").as_array();
  ASSERT_EQ(requests.as_array().size(), verdicts.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const json::value& request = requests.as_array()[i];
    Conditions context;
    for (const auto& [key, values] : request.at("context").as_object()) {
      std::vector<std::string>& list = context[std::string(key)];
      for (const json::value& one : values.as_array()) list.push_back(text_of(one));
    }
    const MapFacts facts(context);
    const std::string action = text_of(request.at("action"));
    const std::string resource = text_of(request.at("resource"));
    EXPECT_EQ(name_of(evaluate(**policy, {.action = action, .resource = resource, .facts = facts})),
              text_of(verdicts[i]))
        << "request " << i << ": " << json::serialize(request);
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("src/iam/golden")) {
    out.push_back(entry.path().filename().string());
  }
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Iam, Golden, ::testing::ValuesIn(cases()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace penstock::iam
