// Requests signed by botocore (tests/golden/sigv4_vectors.py), stage by stage.

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sigv4/amz_date.h"
#include "sigv4/canonical.h"
#include "sigv4/claim.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {
namespace {

constexpr std::string_view kFolder = "tests/golden/sigv4";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const Timestamp kNow = *parse_amz_date("20260101T123045Z");

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Case {
  std::string text;
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<std::string> token;

  explicit Case(const std::filesystem::path& folder) : text(read_file(folder / "request.http")) {
    std::string_view rest = text;
    const auto take_line = [&rest] {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      return line;
    };
    const std::string_view first = take_line();
    method = first.substr(0, first.find(' '));
    target = first.substr(first.find(' ') + 1);
    for (std::string_view line = take_line(); !line.empty(); line = take_line()) {
      const std::size_t colon = line.find(": ");
      headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    body = rest;
    if (std::filesystem::exists(folder / "token.txt")) token = read_file(folder / "token.txt");
  }
  [[nodiscard]] Request view() const { return {method, target, headers, body}; }
};

void expect_stages(const std::filesystem::path& folder, const Case& sent) {
  const std::string canonical = read_file(folder / "canonical_request.txt");
  const Parameters parameters = parse_parameters(split_target(sent.target).query);
  const auto claim = read_claim(sent.view(), parameters);
  ASSERT_TRUE(claim.has_value()) << claim.error().message;
  const std::array<std::string_view, 2> without = {"X-Amz-Signature", "X-Amz-Security-Token"};
  const bool late_token = folder.filename().string().ends_with("token_added_after");
  const std::string ours =
      canonical_request(sent.view(), parameters,
                        {.signed_headers = claim->signed_headers,
                         .payload_hash = std::string_view(canonical).substr(canonical.rfind('\n') + 1),
                         .service = claim->scope.service,
                         .parameters_without = std::span<const std::string_view>(without).first(late_token ? 2 : 1)});
  EXPECT_EQ(ours, canonical);
  EXPECT_EQ(string_to_sign(claim->amz_date, claim->scope, ours), read_file(folder / "string_to_sign.txt"));
}

TEST(SigV4Golden, EveryCase) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++count;
    const Case sent(entry.path());
    if (std::filesystem::exists(entry.path() / "canonical_request.txt")) expect_stages(entry.path(), sent);
    const auto result = verify(sent.view(), kNow, [&](std::string_view id) -> std::optional<Secret> {
      if (id != "AKIDEXAMPLE") return std::nullopt;
      return Secret{std::string(kSecret), sent.token};
    });
    const std::string outcome = result.has_value() ? "ok" : result.error().code;
    EXPECT_EQ(outcome + "\n", read_file(entry.path() / "outcome.txt"))
        << (result.has_value() ? "" : result.error().message);
  }
  EXPECT_GE(count, 40U);
}

}  // namespace
}  // namespace penstock::sigv4
