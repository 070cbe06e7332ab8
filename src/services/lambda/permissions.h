#pragma once
/// Resource policies of functions: AddPermission, RemovePermission, GetPolicy.
/// Source: AWS Lambda API Reference; Developer Guide, "Using resource-based policies for Lambda".

#include <optional>
#include <string>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"

namespace penstock::services::lambda {

struct AddPermissionInput {
  std::string function_name{};
  std::string statement_id{};
  std::string action{};
  std::string principal{};
  std::optional<std::string> source_arn{};
  std::optional<std::string> source_account{};
  std::optional<std::string> event_source_token{};
  std::optional<std::string> qualifier{};
  std::optional<std::string> revision_id{};
  std::optional<std::string> principal_org_id{};
  std::optional<std::string> function_url_auth_type{};
  std::optional<bool> invoked_via_function_url{};
};
struct StatementOutput {
  std::string statement{};
  std::optional<std::string> revision_id{};
};
const codec::Shape& describe(const AddPermissionInput*);
const codec::Shape& describe(const StatementOutput*);
Answer<StatementOutput> add_permission(CallContext& call, AddPermissionInput input);
[[nodiscard]] Touched touch_add_permission(const CallContext& call, const void* input);

struct RemovePermissionInput {
  std::string function_name{};
  std::string statement_id{};
  std::optional<std::string> qualifier{};
  std::optional<std::string> revision_id{};
};
const codec::Shape& describe(const RemovePermissionInput*);
Answer<Empty> remove_permission(CallContext& call, RemovePermissionInput input);

struct PolicyOutput {
  std::string policy{};
  std::string revision_id{};
};
const codec::Shape& describe(const PolicyOutput*);
Answer<PolicyOutput> get_policy(CallContext& call, NamespacedInput input);

/// What a statement's Principal is written as: "*", {"Service": ..} or {"AWS": ..}; an account's number becomes the ARN
/// of its root.
[[nodiscard]] std::string principal_json(std::string_view principal);

/// Adds or takes away one statement; errors as AddPermission's and RemovePermission's.
[[nodiscard]] ApiResult<void> add_statement(functions::PolicyRecord& policy, const std::string& id, std::string json);
[[nodiscard]] ApiResult<void> remove_statement(functions::PolicyRecord& policy, const std::string& id);

}  // namespace penstock::services::lambda
