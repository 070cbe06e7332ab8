#include <fmt/format.h>

#include "services/lambda/functions_api.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;

Answer<GetFunctionOutput> get_function(CallContext& call, NamespacedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  co_return store.read([&](const FunctionRegistry& registry) -> ApiResult<GetFunctionOutput> {
    PENSTOCK_TRY(const auto version, find_version(store, registry, function.name, function.qualifier));
    PENSTOCK_TRY(const auto record, find_function(store, registry, function.name));
    GetFunctionOutput out{.configuration = configuration_of(store, *version, function.qualifier)};
    out.code.location = code_link(call, version->code);
    if (!record->tags.empty()) out.tags = record->tags;
    if (record->reserved_concurrency.has_value()) out.concurrency = Concurrency{record->reserved_concurrency};
    return out;
  });
}

Answer<FunctionConfiguration> get_function_configuration(CallContext& call, NamespacedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY(const auto version, store.read([&](const FunctionRegistry& registry) {
    return find_version(store, registry, function.name, function.qualifier);
  }));
  co_return configuration_of(store, *version, function.qualifier);
}

const Shape& describe(const QualifiedInput*) {
  static const Shape shape = ShapeBuilder<QualifiedInput>("FunctionRequest")
                                 .field("FunctionName", &QualifiedInput::function_name, function_name_in_path())
                                 .field("Qualifier", &QualifiedInput::qualifier, qualifier_in_query())
                                 .build();
  return shape;
}

const Shape& describe(const NamespacedInput*) {
  static const Shape shape = [] {
    std::string NamespacedInput::* function_name = &QualifiedInput::function_name;
    std::optional<std::string> NamespacedInput::* qualifier = &QualifiedInput::qualifier;
    return ShapeBuilder<NamespacedInput>("FunctionRequest")
        .field("FunctionName", function_name, namespaced_name_in_path())
        .field("Qualifier", qualifier, qualifier_in_query())
        .build();
  }();
  return shape;
}

const Shape& describe(const FunctionCodeLocation*) {
  static const Shape shape = ShapeBuilder<FunctionCodeLocation>("FunctionCodeLocation")
                                 .field("RepositoryType", &FunctionCodeLocation::repository_type)
                                 .field("Location", &FunctionCodeLocation::location)
                                 .build();
  return shape;
}

const Shape& describe(const Concurrency*) {
  static const Shape shape = ShapeBuilder<Concurrency>("Concurrency")
                                 .field("ReservedConcurrentExecutions", &Concurrency::reserved_concurrent_executions)
                                 .build();
  return shape;
}

const Shape& describe(const GetFunctionOutput*) {
  static const Shape shape = ShapeBuilder<GetFunctionOutput>("GetFunctionResponse")
                                 .field("Configuration", &GetFunctionOutput::configuration)
                                 .field("Code", &GetFunctionOutput::code)
                                 .field("Tags", &GetFunctionOutput::tags)
                                 .field("Concurrency", &GetFunctionOutput::concurrency)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
