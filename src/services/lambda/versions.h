#pragma once
/// Published versions, and the aliases that point at them.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/page.h"

namespace penstock::services::lambda {

/// Adds to `changes` a version that is what `function.latest` is, counts `function.next_version` up and gives $LATEST a
/// new revision, as AWS does (recorded 2024-04); the caller writes the function.
[[nodiscard]] functions::VersionRecord publish(const functions::FunctionStore& store,
                                               functions::FunctionRecord& function,
                                               const std::optional<std::string>& description, Changes& changes);

struct PublishVersionInput {
  std::string function_name{};
  std::optional<std::string> code_sha256{};
  std::optional<std::string> description{};
  std::optional<std::string> revision_id{};
};
const codec::Shape& describe(const PublishVersionInput*);
Answer<FunctionConfiguration> publish_version(CallContext& call, PublishVersionInput input);

struct ListVersionsInput : PageInput {
  std::string function_name{};
};
struct ListVersionsOutput {
  std::optional<std::string> next_marker{};
  std::vector<FunctionConfiguration> versions{};
};
const codec::Shape& describe(const ListVersionsInput*);
const codec::Shape& describe(const ListVersionsOutput*);
Answer<ListVersionsOutput> list_versions_by_function(CallContext& call, ListVersionsInput input);

struct AliasRoutingConfiguration {
  std::optional<std::map<std::string, double>> additional_version_weights{};
};
const codec::Shape& describe(const AliasRoutingConfiguration*);

/// CreateAlias and UpdateAlias; the name lies in the body of the first and in the path of the second.
struct CreateAliasInput {
  std::string function_name{};
  std::string name{};
  std::optional<std::string> function_version{};
  std::optional<std::string> description{};
  std::optional<AliasRoutingConfiguration> routing_config{};
};
struct UpdateAliasInput : CreateAliasInput {
  std::optional<std::string> revision_id{};
};
struct AliasInput {
  std::string function_name{};
  std::string name{};
};
struct AliasConfiguration {
  std::string alias_arn{};
  std::string name{};
  std::string function_version{};
  std::string description{};
  std::optional<AliasRoutingConfiguration> routing_config{};
  std::string revision_id{};
};
struct ListAliasesInput : PageInput {
  std::string function_name{};
  std::optional<std::string> function_version{};
};
struct ListAliasesOutput {
  std::optional<std::string> next_marker{};
  std::vector<AliasConfiguration> aliases{};
};
const codec::Shape& describe(const CreateAliasInput*);
const codec::Shape& describe(const UpdateAliasInput*);
const codec::Shape& describe(const AliasInput*);
const codec::Shape& describe(const AliasConfiguration*);
const codec::Shape& describe(const ListAliasesInput*);
const codec::Shape& describe(const ListAliasesOutput*);
Answer<AliasConfiguration> create_alias(CallContext& call, CreateAliasInput input);
Answer<AliasConfiguration> update_alias(CallContext& call, UpdateAliasInput input);
Answer<AliasConfiguration> get_alias(CallContext& call, AliasInput input);
Answer<Empty> delete_alias(CallContext& call, AliasInput input);
Answer<ListAliasesOutput> list_aliases(CallContext& call, ListAliasesInput input);

}  // namespace penstock::services::lambda
