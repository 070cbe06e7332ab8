#include "services/kinesis/resource_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "catalog/catalog.h"
#include "codec/json.h"
#include "iam/pattern.h"
#include "iam/policy.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

namespace json = boost::json;

/// What may be shared: reading, writing, subscribing, and the describing that clients do before it.
constexpr std::array<std::string_view, 10> kStreamActions = {"kinesis:describestream",
                                                             "kinesis:describestreamconsumer",
                                                             "kinesis:describestreamsummary",
                                                             "kinesis:getrecords",
                                                             "kinesis:getsharditerator",
                                                             "kinesis:listshards",
                                                             "kinesis:putrecord",
                                                             "kinesis:putrecords",
                                                             "kinesis:registerstreamconsumer",
                                                             "kinesis:subscribetoshard"};
constexpr std::array<std::string_view, 2> kConsumerActions = {"kinesis:describestreamconsumer",
                                                              "kinesis:subscribetoshard"};

std::string prefix_of(std::string_view uid) { return fmt::format("kinesis/policy/{}/", uid); }

std::string key_of(std::string_view uid, const ResourceName& resource) {
  return prefix_of(uid) + (resource.consumer.empty() ? std::string("stream") : "consumer/" + resource.consumer);
}

/// A JSON string, or each string of an array.
template <class Visit>
bool all_strings(const json::value* value, Visit&& visit) {
  if (value == nullptr) return false;
  if (value->is_string()) return visit(std::string_view(value->get_string()));
  if (!value->is_array()) return false;
  return std::ranges::all_of(value->get_array(), [&](const json::value& one) {
    return one.is_string() && visit(std::string_view(one.get_string()));
  });
}

/// Whether a pattern with '*' and '?' names something of the list.
bool names_any(std::string_view pattern, std::span<const std::string_view> list) {
  const auto compiled = iam::Pattern::parse(iam::lower_case(pattern), iam::Pattern::wildcards);
  const iam::MapFacts no_facts{iam::Conditions{}};
  return compiled && std::ranges::any_of(list, [&](std::string_view one) { return compiled->matches(one, no_facts); });
}

bool names_arn(std::string_view pattern, std::string_view arn) {
  const auto compiled = iam::Pattern::parse(pattern, iam::Pattern::wildcards);
  return compiled && compiled->matches(arn, iam::MapFacts{iam::Conditions{}});
}

Result<void> check_statement(const json::object& statement, std::string_view arn,
                             std::span<const std::string_view> shared) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("Invalid resource policy: {}", why));
  };
  if (statement.contains("NotAction")) return refuse("the statement must list its actions in Action.");
  if (statement.contains("NotResource")) return refuse("the statement must name the resource in Resource.");
  std::string problem;
  const bool actions_good = all_strings(statement.if_contains("Action"), [&](std::string_view action) {
    if (names_any(action, shared)) return true;
    problem = fmt::format("the action {} can not be granted by the policy of {}.", action, arn);
    return false;
  });
  if (!actions_good) return refuse(problem);
  const bool resources_good = all_strings(statement.if_contains("Resource"), [&](std::string_view resource) {
    if (names_arn(resource, arn)) return true;
    problem = fmt::format("the resource {} is not the resource {} that the policy is put on.", resource, arn);
    return false;
  });
  if (!resources_good) return refuse(problem);
  return {};
}

}  // namespace

std::optional<ResourceName> parse_resource_arn(const stream::Streams& streams, std::string_view arn) {
  const std::string mine = streams.arn("");
  if (!arn.starts_with(mine)) return std::nullopt;
  arn.remove_prefix(mine.size());
  const std::string_view name = arn.substr(0, arn.find('/'));
  arn.remove_prefix(name.size());
  if (name.empty()) return std::nullopt;
  if (arn.empty()) return ResourceName{.stream = std::string(name)};
  constexpr std::string_view kConsumer = "/consumer/";
  if (!arn.starts_with(kConsumer)) return std::nullopt;
  arn.remove_prefix(kConsumer.size());
  const std::size_t colon = arn.find(':');
  const bool good = colon != 0 && colon != std::string_view::npos && colon + 1 < arn.size() && !arn.contains('/') &&
                    arn.substr(colon + 1).find_first_not_of("0123456789") == std::string_view::npos;
  if (!good) return std::nullopt;
  return ResourceName{.stream = std::string(name), .consumer = std::string(arn)};
}

std::string resource_policy(const stream::Streams& streams, const catalog::Catalog& catalog,
                            const ResourceName& resource) {
  const auto view = streams.find(resource.stream);
  if (!view) return {};
  const auto document = catalog.get(key_of(view->info->uid, resource));
  return document ? *document->bytes : std::string();
}

Result<void> check_resource_policy(std::string_view text, std::string_view arn) {
  if (text.size() > kResourcePolicyBytesMax) {
    return fail(ErrorKind::invalid,
                fmt::format("Invalid resource policy: it is larger than {} bytes.", kResourcePolicyBytesMax));
  }
  const auto compiled = iam::compile(text, iam::PolicyKind::resource);
  if (!compiled) return fail(ErrorKind::invalid, compiled.error().message);
  PENSTOCK_TRY(const json::value document, codec::parse_json(text, iam::kPolicyDepthMax));
  const bool is_consumer = arn.contains("/consumer/");
  const std::span<const std::string_view> shared = is_consumer ? std::span<const std::string_view>(kConsumerActions)
                                                               : std::span<const std::string_view>(kStreamActions);
  const json::value& statements = document.as_object().at("Statement");  // compile() saw it
  if (statements.is_object()) return check_statement(statements.get_object(), arn, shared);
  for (const json::value& statement : statements.as_array()) {
    PENSTOCK_TRY_VOID(check_statement(statement.as_object(), arn, shared));
  }
  return {};
}

Task<Result<void>> put_resource_policy_document(const stream::Streams& streams, catalog::Catalog& catalog,
                                                ResourceName resource, std::string text) {
  PENSTOCK_CO_TRY(const stream::StreamView view, streams.get(resource.stream));
  const auto put = co_await catalog.put(key_of(view.info->uid, resource), std::move(text));
  if (!put) co_return std::unexpected(put.error());
  co_return Result<void>{};
}

Task<Result<void>> remove_resource_policy_document(const stream::Streams& streams, catalog::Catalog& catalog,
                                                   ResourceName resource) {
  PENSTOCK_CO_TRY(const stream::StreamView view, streams.get(resource.stream));
  const auto removed = co_await catalog.remove(key_of(view.info->uid, resource));
  if (!removed) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

Task<Result<void>> remove_resource_policies_of(catalog::Catalog& catalog, std::string uid) {
  std::vector<catalog::Change> changes;
  for (const catalog::Document& document : catalog.list(prefix_of(uid))) {
    changes.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
  }
  if (changes.empty()) co_return Result<void>{};
  const auto removed = co_await catalog.commit(std::move(changes));
  if (!removed) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

}  // namespace penstock::services::kinesis
