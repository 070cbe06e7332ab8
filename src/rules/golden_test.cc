// Runs golden/*.sqltest. A case is a block of "key: value" lines; an empty line ends it; '#' starts a comment line.
//   sql: / template:   what is compiled
//   version:           default 2016-03-23
//   topic: client: principal: account:   the message; payload: its text, payload-hex: its bytes
//   expect one of      output: / output-hex: (the outgoing payload)   nomatch: (WHERE is not true)
//                      error: (part of the message of a failed evaluation)   refused: (part of compile's message)
// In every event timestamp() is 1700000000123 and newuuid() 7d444840-9dc0-41d1-b245-5ffdce74fad2.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/encoding/hex.h"
#include "rules/rule_sql.h"

namespace penstock::rules {
namespace {

struct Case {
  std::string where;  ///< file:line
  std::map<std::string, std::string> lines;

  [[nodiscard]] std::string get(const std::string& key, std::string otherwise = "") const {
    const auto found = lines.find(key);
    return found == lines.end() ? std::move(otherwise) : found->second;
  }
  [[nodiscard]] bool has(const std::string& key) const { return lines.contains(key); }
};

const std::set<std::string> kKeys = {"sql",        "template", "version", "topic",       "client",
                                     "principal",  "account",  "payload", "payload-hex", "output",
                                     "output-hex", "nomatch",  "error",   "refused"};

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator("src/rules/golden")) {
    if (entry.path().extension() != ".sqltest") continue;
    std::ifstream file(entry.path());
    std::string line;
    int number = 0;
    bool open = false;
    while (std::getline(file, line)) {
      ++number;
      if (line.empty()) open = false;
      if (line.empty() || line.starts_with('#')) continue;
      const std::size_t colon = line.find(':');
      const std::string key = line.substr(0, colon);
      if (!open)
        cases.push_back({.where = entry.path().filename().string() + ":" + std::to_string(number), .lines = {}});
      open = true;
      if (colon == std::string::npos || !kKeys.contains(key)) ADD_FAILURE() << cases.back().where << ": " << line;
      const bool spaced = line.size() > colon + 1 && line[colon + 1] == ' ';
      cases.back().lines[key] = line.substr(colon + (spaced ? 2 : 1));
    }
  }
  return cases;
}

/// What came of a case, in the words of the expectations.
std::string run(const Case& test) {
  const std::string topic = test.get("topic", "a/b");
  const std::string client = test.get("client", "client-1");
  const std::string principal = test.get("principal");
  const std::string account = test.get("account");
  const std::string payload =
      test.has("payload-hex") ? hex_decode(test.get("payload-hex")).value() : test.get("payload");
  const EventView event{.topic = topic,
                        .client_id = client,
                        .payload = payload,
                        .received = from_unix_ms(1'700'000'000'123),
                        .new_uuid = [] { return std::string("7d444840-9dc0-41d1-b245-5ffdce74fad2"); },
                        .principal = principal,
                        .account = account};
  const std::string version = test.get("version", "2016-03-23");
  Result<std::optional<std::string>> outcome;
  if (test.has("template")) {
    auto compiled = compile_template(test.get("template"), version);
    if (!compiled.has_value()) return "refused: " + compiled.error().message;
    outcome = (*compiled)->render(event);
  } else {
    auto compiled = compile(test.get("sql"), version);
    if (!compiled.has_value()) return "refused: " + compiled.error().message;
    outcome = (*compiled)->evaluate(event);
  }
  if (!outcome.has_value()) return "error: " + outcome.error().message;
  if (!outcome->has_value()) return "nomatch: ";
  return test.has("output-hex") ? "output-hex: " + hex_encode(**outcome) : "output: " + **outcome;
}

TEST(RuleSql, Golden) {
  const std::vector<Case> cases = read_cases();
  EXPECT_GT(cases.size(), 200U);
  for (const Case& test : cases) {
    const std::string got = run(test);
    SCOPED_TRACE(test.where + "  " + test.get("sql", test.get("template")));
    if (test.has("refused") || test.has("error")) {
      const std::string kind = test.has("refused") ? "refused" : "error";
      EXPECT_TRUE(got.starts_with(kind + ": ") && got.contains(test.get(kind))) << got;
    } else if (test.has("nomatch")) {
      EXPECT_EQ(got, "nomatch: ");
    } else if (test.has("output-hex")) {
      EXPECT_EQ(got, "output-hex: " + test.get("output-hex"));
    } else {
      EXPECT_EQ(got, "output: " + test.get("output"));
    }
  }
}

}  // namespace
}  // namespace penstock::rules
