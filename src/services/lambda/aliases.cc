#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/lambda/reference.h"
#include "services/lambda/versions.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::AliasRecord;

namespace {

/// A name that is not a number.
constexpr std::string_view kAliasPattern = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";

codec::Rules alias_in_path() {
  return {.required = true,
          .length = {.min = 1, .max = 128},
          .pattern = kAliasPattern,
          .place = codec::Place::path,
          .location = "Name"};
}

ApiError no_alias(const functions::FunctionStore& store, std::string_view function, std::string_view name) {
  return not_found(fmt::format("Cannot find alias arn: {}", store.arn(function, name)));
}

ApiResult<void> check_version(const functions::FunctionStore& store, const FunctionRegistry& registry,
                              std::string_view function, std::string_view version) {
  PENSTOCK_TRY_VOID(find_version(store, registry, function, version));
  return {};
}

std::string printed(double weight) {
  std::string text = fmt::format("{}", weight);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

/// The messages are as recorded in 2024-04.
ApiResult<void> check_weight(std::string_view version, double weight) {
  const auto refuse = [&](std::string_view constraint) {
    return std::unexpected(validation_error(fmt::format("{{{}={}}}", version, printed(weight)),
                                            "routingConfig.additionalVersionWeights", constraint));
  };
  const bool is_number = !version.empty() && std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || version.size() > 1024) {
    return refuse(
        "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be "
        "null]");
  }
  if (weight >= 0 && weight <= 1) return {};
  return refuse(
      "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value "
      "greater than or equal to 0.0, Member must not be null]");
}

/// Takes over what the request says of versions and weights.
ApiResult<void> apply(const CreateAliasInput& input, const functions::FunctionStore& store,
                      const FunctionRegistry& registry, std::string_view function, AliasRecord& alias) {
  if (input.function_version.has_value()) alias.version = *input.function_version;
  if (input.description.has_value()) alias.description = *input.description;
  if (input.routing_config.has_value()) {
    alias.second_version.reset();
    alias.second_weight = 0;
    const auto weights = input.routing_config->additional_version_weights.value_or(std::map<std::string, double>{});
    if (weights.size() > 1) {
      return std::unexpected(invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    if (!weights.empty()) {
      const auto& [version, weight] = *weights.begin();
      PENSTOCK_TRY_VOID(check_weight(version, weight));
      alias.second_version = version;
      alias.second_weight = weight;
    }
  }
  PENSTOCK_TRY_VOID(check_version(store, registry, function, alias.version));
  if (!alias.second_version.has_value()) return {};
  if (alias.version == functions::kLatest || *alias.second_version == functions::kLatest) {
    return std::unexpected(invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"));
  }
  if (*alias.second_version == alias.version) {
    return std::unexpected(
        invalid_parameter(fmt::format("Invalid function version {0}. Function version {0} is already included in "
                                      "routing configuration.",
                                      alias.version)));
  }
  return check_version(store, registry, function, *alias.second_version);
}

AliasConfiguration configuration(const functions::FunctionStore& store, std::string_view function,
                                 const AliasRecord& alias) {
  AliasConfiguration out{.alias_arn = store.arn(function, alias.name),
                         .name = alias.name,
                         .function_version = alias.version,
                         .description = alias.description,
                         .routing_config = {},
                         .revision_id = alias.revision_id};
  if (alias.second_version.has_value()) {
    out.routing_config =
        AliasRoutingConfiguration{.additional_version_weights = {{{*alias.second_version, alias.second_weight}}}};
  }
  return out;
}

template <class Input>
void add_alias_members(ShapeBuilder<Input>& builder, bool version_required) {
  const auto of = []<class Member>(Member CreateAliasInput::* member) -> Member Input::* { return member; };
  builder
      .field("FunctionVersion", of(&CreateAliasInput::function_version),
             {.required = version_required, .length = {.min = 1, .max = 1024}, .pattern = kVersionPattern})
      .field("Description", of(&CreateAliasInput::description), {.length = {.min = 0, .max = 256}})
      .field("RoutingConfig", of(&CreateAliasInput::routing_config));
}

}  // namespace

Answer<AliasConfiguration> create_alias(CallContext& call, CreateAliasInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  const std::string key = functions::part_of(function.name, input.name);
  AliasRecord alias{.name = input.name, .revision_id = new_revision(store)};
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    if (registry.aliases().find(key) != nullptr) {
      return std::unexpected(
          resource_conflict(fmt::format("Alias already exists: {}", store.arn(function.name, input.name))));
    }
    PENSTOCK_TRY_VOID(apply(input, store, registry, function.name, alias));
    return Changes{put(functions::key::kAlias, key, registry.aliases(), alias)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration(store, function.name, alias);
}

Answer<AliasConfiguration> update_alias(CallContext& call, UpdateAliasInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  const std::string key = functions::part_of(function.name, input.name);
  AliasRecord alias;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    const auto present = registry.aliases().find(key);
    if (present == nullptr) return std::unexpected(no_alias(store, function.name, input.name));
    PENSTOCK_TRY_VOID(check_revision(input.revision_id, present->revision_id));
    alias = *present;
    PENSTOCK_TRY_VOID(apply(input, store, registry, function.name, alias));
    alias.revision_id = new_revision(store);
    return Changes{put(functions::key::kAlias, key, registry.aliases(), alias)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration(store, function.name, alias);
}

Answer<AliasConfiguration> get_alias(CallContext& call, AliasInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  const auto alias = store.read([&](const FunctionRegistry& registry) {
    return registry.aliases().find(functions::part_of(function.name, input.name));
  });
  if (alias == nullptr) co_return std::unexpected(no_alias(store, function.name, input.name));
  co_return configuration(store, function.name, *alias);
}

/// Fine when there is none, as in AWS. What is bound to the alias goes with it.
Answer<Empty> delete_alias(CallContext& call, AliasInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  const std::string key = functions::part_of(function.name, input.name);
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(find_function(store, registry, function.name));
    Changes changes;
    const auto drop = [&](std::string_view kind, const auto& table) {
      if (table.find(key) != nullptr) changes.push_back(remove(kind, key, table));
    };
    drop(functions::key::kAlias, registry.aliases());
    if (changes.empty()) return changes;
    drop(functions::key::kPolicy, registry.policies());
    drop(functions::key::kInvokeConfig, registry.invoke_configs());
    drop(functions::key::kProvisioned, registry.provisioned());
    drop(functions::key::kUrl, registry.urls());
    return changes;
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<ListAliasesOutput> list_aliases(CallContext& call, ListAliasesInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  std::vector<std::pair<std::string, AliasConfiguration>> keyed;
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY_VOID(find_function(store, registry, function.name));
    registry.aliases().each_of(function.name, [&](std::string_view name, const AliasRecord& alias) {
      const bool wanted = !input.function_version.has_value() || alias.version == *input.function_version ||
                          alias.second_version == *input.function_version;
      if (wanted) keyed.emplace_back(name, configuration(store, function.name, alias));
      return true;
    });
    return {};
  }));
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  co_return ListAliasesOutput{.next_marker = std::move(page.next_marker), .aliases = std::move(page.items)};
}

// ---- Shapes

const Shape& describe(const AliasRoutingConfiguration*) {
  static const Shape shape =
      ShapeBuilder<AliasRoutingConfiguration>("AliasRoutingConfiguration")
          .field("AdditionalVersionWeights", &AliasRoutingConfiguration::additional_version_weights)
          .build();
  return shape;
}

const Shape& describe(const CreateAliasInput*) {
  using Input = CreateAliasInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("CreateAliasRequest");
    builder.field("FunctionName", &Input::function_name, function_name_in_path())
        .field("Name", &Input::name, {.required = true, .length = {.min = 1, .max = 128}, .pattern = kAliasPattern});
    add_alias_members(builder, true);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const UpdateAliasInput*) {
  using Input = UpdateAliasInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("UpdateAliasRequest");
    std::string Input::* function_name = &CreateAliasInput::function_name;
    std::string Input::* name = &CreateAliasInput::name;
    builder.field("FunctionName", function_name, function_name_in_path())
        .field("Name", name, alias_in_path())
        .field("RevisionId", &Input::revision_id);
    add_alias_members(builder, false);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const AliasInput*) {
  static const Shape shape = ShapeBuilder<AliasInput>("AliasRequest")
                                 .field("FunctionName", &AliasInput::function_name, function_name_in_path())
                                 .field("Name", &AliasInput::name, alias_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const AliasConfiguration*) {
  using Out = AliasConfiguration;
  static const Shape shape = ShapeBuilder<Out>("AliasConfiguration")
                                 .field("AliasArn", &Out::alias_arn)
                                 .field("Name", &Out::name)
                                 .field("FunctionVersion", &Out::function_version)
                                 .field("Description", &Out::description)
                                 .field("RoutingConfig", &Out::routing_config)
                                 .field("RevisionId", &Out::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const ListAliasesInput*) {
  using Input = ListAliasesInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("ListAliasesRequest");
    builder.field("FunctionName", &Input::function_name, function_name_in_path())
        .field("FunctionVersion", &Input::function_version,
               {.pattern = kVersionPattern, .place = codec::Place::query, .location = "FunctionVersion"});
    add_page(builder, 10'000);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListAliasesOutput*) {
  static const Shape shape = ShapeBuilder<ListAliasesOutput>("ListAliasesResponse")
                                 .field("NextMarker", &ListAliasesOutput::next_marker)
                                 .field("Aliases", &ListAliasesOutput::aliases)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
