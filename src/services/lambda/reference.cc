#include "services/lambda/reference.h"

#include <fmt/format.h>

#include <vector>

#include "functions/function_store.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_house.h"

namespace penstock::services::lambda {
namespace {

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

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// As the pattern of names reads them: what could be a name is one only when no part is left for it.
Parts take_apart(std::string_view given) {
  const std::vector<std::string_view> parts = split(given);
  Parts out;
  std::size_t at = parts.front() == "arn" && parts.size() > 3 ? 3 : 0;
  const auto has_more = [&] { return at + 1 < parts.size(); };
  const bool is_arn = at == 3;
  if (has_more() && !is_account(parts[at]) && parts[at] != "function" && (is_arn || is_account(parts[at + 1]))) {
    out.region = parts[at++];
  }
  if (has_more() && is_account(parts[at])) out.account = parts[at++];
  if (has_more() && parts[at] == "function") ++at;
  out.name = parts[at++];
  if (at < parts.size()) out.qualifier = parts[at];
  return out;
}

}  // namespace

codec::Rules function_name_in_path() {
  return {.required = true,
          .length = {.min = 1, .max = 140},
          .pattern = kFunctionNamePattern,
          .place = codec::Place::path,
          .location = "FunctionName"};
}

codec::Rules namespaced_name_in_path() {
  return {.required = true,
          .length = {.min = 1, .max = 170},
          .pattern = kNamespacedNamePattern,
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
  if (!parts.region.empty() && parts.region != house.region) {
    return std::unexpected(not_found(
        fmt::format("Functions from '{}' are not reachable in this region ('{}')", parts.region, house.region)));
  }
  if (!parts.account.empty() && parts.account != house.account) {
    return std::unexpected(user_error(
        "AccessDeniedException",
        fmt::format("No resource-based policy of the account {} allows this on {}", parts.account, given), 403));
  }
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
