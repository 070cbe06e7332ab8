#pragma once
/// Changes of the function store with Lambda's own errors.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "functions/function_store.h"
#include "services/house.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_house.h"
#include "services/operation.h"

namespace penstock::services::lambda {

using Changes = std::vector<catalog::Change>;
using functions::FunctionRegistry;

template <class T>
using Answer = Task<ApiResult<T>>;
using codec::Empty;

[[nodiscard]] inline functions::FunctionStore& store_of(const CallContext& call) {
  return call.house.lambda->functions;
}

/// Code.Location, Content.Location.
[[nodiscard]] inline std::optional<std::string> code_link(const CallContext& call, const functions::CodeRecord& code) {
  const auto& link = call.house.lambda->code_link;
  return link == nullptr ? std::nullopt : std::optional(link(code.sha256_hex));
}

/// Runs `plan` as FunctionStore::change does; its error is the answer. The plan and what it refers to outlive the
/// await (it lies in the awaiting coroutine).
template <class Plan>
Task<ApiResult<void>> change(functions::FunctionStore& store, Plan& plan) {
  ApiError refusal;
  const Result<void> done =
      co_await store.change([&](const FunctionRegistry& registry) -> Result<std::vector<catalog::Change>> {
        ApiResult<Changes> changes = plan(registry);
        if (changes.has_value()) return *std::move(changes);
        refusal = std::move(changes).error();
        return fail(ErrorKind::invalid, refusal.message);
      });
  if (done.has_value()) co_return ApiResult<void>{};
  if (!refusal.code.empty()) co_return std::unexpected(std::move(refusal));
  co_return std::unexpected(to_api(done.error()));
}

template <class Record>
[[nodiscard]] catalog::Change put(std::string_view kind, std::string_view key, const functions::Records<Record>& table,
                                  const Record& record) {
  return {
      .key = functions::key::of(kind, key), .expected = table.version(key), .bytes = functions::to_document(record)};
}
template <class Record>
[[nodiscard]] catalog::Change remove(std::string_view kind, std::string_view key,
                                     const functions::Records<Record>& table) {
  return {.key = functions::key::of(kind, key), .expected = table.version(key), .bytes = std::nullopt};
}

/// The function, or ResourceNotFoundException "Function not found: <arn>".
[[nodiscard]] ApiResult<std::shared_ptr<const functions::FunctionRecord>> find_function(
    const functions::FunctionStore& store, const FunctionRegistry& registry, std::string_view name);

/// What `qualifier` ("" is $LATEST; a version; an alias, by its first version) of the function is.
[[nodiscard]] ApiResult<std::shared_ptr<const functions::VersionRecord>> find_version(
    const functions::FunctionStore& store, const FunctionRegistry& registry, std::string_view name,
    std::string_view qualifier);

/// The same where the qualifier is what something is bound to: what looks like an alias and is none answers "Cannot
/// find alias arn: <arn>", as AWS does there (recorded 2024-04).
[[nodiscard]] ApiResult<std::shared_ptr<const functions::VersionRecord>> find_bound(
    const functions::FunctionStore& store, const FunctionRegistry& registry, std::string_view name,
    std::string_view qualifier);

/// Whether `qualifier` is a name that an alias may have.
[[nodiscard]] bool is_alias_name(std::string_view qualifier);

/// A text that was never a RevisionId before.
[[nodiscard]] inline std::string new_revision(const functions::FunctionStore& store) { return store.random().uuid(); }

/// PreconditionFailedException when the caller saw another revision; `source`: which operations tell the present one.
[[nodiscard]] ApiResult<void> check_revision(const std::optional<std::string>& seen, std::string_view present,
                                             std::string_view source = "GetFunction/GetAlias");

}  // namespace penstock::services::lambda
