#include "services/lambda/reference.h"

#include <fmt/format.h>

#include <vector>

#include "functions/function_store.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_house.h"

namespace penstock::services::lambda {
namespace {

constexpr std::size_t kNameLengthMax = 64;

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

/// The parts of a name, whichever form it has; what is absent is empty.
struct Parts {
  std::string_view region;
  std::string_view account;
  std::string_view name;
  std::string_view qualifier;
};

Parts take_apart(std::string_view given) {
  std::vector<std::string_view> parts = split(given);
  Parts out;
  const auto function = std::ranges::find(parts, std::string_view("function"));
  if (function != parts.end() && function + 1 != parts.end()) {
    const auto before = static_cast<std::size_t>(function - parts.begin());
    if (before >= 1) out.account = parts[before - 1];
    if (before >= 2) out.region = parts[before - 2];
    parts.erase(parts.begin(), function + 1);
  }
  out.name = parts.front();
  if (parts.size() > 1) out.qualifier = parts[1];
  return out;
}

}  // namespace

codec::Rules function_name_in_path() {
  return {.required = true,
          .length = {.min = 1, .max = 170},
          .pattern = kFunctionNamePattern,
          .place = codec::Place::path,
          .location = "FunctionName"};
}

codec::Rules qualifier_in_query() {
  return {.length = {.min = 1, .max = 128},
          .pattern = kQualifierPattern,
          .place = codec::Place::query,
          .location = "Qualifier"};
}

codec::Rules in_query(std::string_view location) { return {.place = codec::Place::query, .location = location}; }

ApiResult<FunctionReference> parse_function(const House& house, std::string_view given,
                                            const std::optional<std::string>& qualifier) {
  const Parts parts = take_apart(given);
  if (parts.name.size() > kNameLengthMax) {
    return api_fail("ValidationException",
                    fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to satisfy "
                                "constraint: Member must have length less than or equal to 64",
                                parts.name));
  }
  const bool is_elsewhere = (!parts.account.empty() && parts.account != house.account) ||
                            (!parts.region.empty() && parts.region != house.region);
  if (is_elsewhere) return std::unexpected(not_found(fmt::format("Function not found: {}", given)));
  FunctionReference out{.name = std::string(parts.name), .qualifier = std::string(parts.qualifier)};
  if (!qualifier.has_value() || qualifier->empty()) return out;
  if (!out.qualifier.empty() && out.qualifier != *qualifier) {
    return std::unexpected(
        invalid_parameter("The derived qualifier from the function name does not match the specified qualifier."));
  }
  out.qualifier = *qualifier;
  return out;
}

std::string touched_function(const CallContext& call, std::string_view given) {
  const Parts parts = take_apart(given);
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", parts.region.empty() ? call.region : parts.region,
                     parts.account.empty() ? call.account : parts.account, parts.name);
}

Touched touch_qualified(const CallContext& call, std::string_view given, const std::optional<std::string>& qualifier) {
  Touched touched{.resources = {touched_function(call, given)}, .conditions = {}, .resource_policies = {}};
  const auto function = parse_function(call.house, given, qualifier);
  if (!function.has_value()) return touched;  // the operation says what is wrong with it
  if (qualifier.has_value() && !function->qualifier.empty()) touched.resources.front() += ":" + function->qualifier;
  touched.resource_policies = {call.house.lambda->functions.policy(function->name, function->qualifier)};
  return touched;
}

}  // namespace penstock::services::lambda
