#pragma once
/// Reserved concurrency (of a function) and provisioned concurrency (environments of a version kept warm); and what the
/// account may have and uses.
/// Source: AWS Lambda API Reference; Developer Guide, "Understanding Lambda function scaling".

#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"

namespace penstock::services::lambda {

struct FunctionNameInput {
  std::string function_name{};
};
const codec::Shape& describe(const FunctionNameInput*);

struct PutConcurrencyInput {
  std::string function_name{};
  std::int32_t reserved_concurrent_executions = 0;
};
const codec::Shape& describe(const PutConcurrencyInput*);
Answer<Concurrency> put_function_concurrency(CallContext& call, PutConcurrencyInput input);
Answer<Concurrency> get_function_concurrency(CallContext& call, FunctionNameInput input);
Answer<Empty> delete_function_concurrency(CallContext& call, FunctionNameInput input);

struct PutProvisionedInput {
  std::string function_name{};
  std::string qualifier{};
  std::int32_t provisioned_concurrent_executions = 1;
};
struct ProvisionedConfig {
  std::optional<std::string> function_arn{};  ///< in lists
  std::int32_t requested = 0;
  std::int32_t available = 0;
  std::int32_t allocated = 0;
  std::string status{};
  std::string last_modified{};
};
struct ListProvisionedInput : PageInput {
  std::string function_name{};
};
struct ListProvisionedOutput {
  std::vector<ProvisionedConfig> configs{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const PutProvisionedInput*);
const codec::Shape& describe(const ProvisionedConfig*);
const codec::Shape& describe(const ListProvisionedInput*);
const codec::Shape& describe(const ListProvisionedOutput*);
Answer<ProvisionedConfig> put_provisioned_concurrency(CallContext& call, PutProvisionedInput input);
Answer<ProvisionedConfig> get_provisioned_concurrency(CallContext& call, QualifiedInput input);
Answer<Empty> delete_provisioned_concurrency(CallContext& call, QualifiedInput input);
Answer<ListProvisionedOutput> list_provisioned_concurrency(CallContext& call, ListProvisionedInput input);

struct AccountLimit {
  std::int64_t total_code_size = 0;
  std::int64_t code_size_unzipped = 0;
  std::int64_t code_size_zipped = 0;
  std::int32_t concurrent_executions = 0;
  std::int32_t unreserved_concurrent_executions = 0;
};
struct AccountUsage {
  std::int64_t total_code_size = 0;
  std::int64_t function_count = 0;
};
struct AccountSettings {
  AccountLimit limit{};
  AccountUsage usage{};
};
const codec::Shape& describe(const AccountLimit*);
const codec::Shape& describe(const AccountUsage*);
const codec::Shape& describe(const AccountSettings*);
Answer<AccountSettings> get_account_settings(CallContext& call, Empty input);

struct CodeSigningOutput {
  std::optional<std::string> code_signing_config_arn{};
  std::optional<std::string> function_name{};
};
const codec::Shape& describe(const CodeSigningOutput*);
/// There is no code signing: every function has none.
Answer<CodeSigningOutput> get_function_code_signing_config(CallContext& call, FunctionNameInput input);

}  // namespace penstock::services::lambda
