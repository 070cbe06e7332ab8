#include "services/lambda/function_urls.h"

#include <fmt/format.h>

#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::CorsRecord;
using functions::UrlRecord;

namespace {

constexpr std::size_t kUrlIdLength = 32;
constexpr std::string_view kUrlIdAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

template <class List>
void take_list(std::vector<std::string>& into, const List& given) {
  if (given.has_value()) into = *given;
}

CorsRecord to_record(const Cors& cors) {
  CorsRecord out{.allow_credentials = cors.allow_credentials.value_or(false),
                 .age_seconds_max = cors.max_age.value_or(0)};
  take_list(out.allow_headers, cors.allow_headers);
  take_list(out.allow_methods, cors.allow_methods);
  take_list(out.allow_origins, cors.allow_origins);
  take_list(out.expose_headers, cors.expose_headers);
  return out;
}

Cors to_api(const CorsRecord& record) {
  Cors out;
  const auto give = [](auto& into, const std::vector<std::string>& list) {
    if (!list.empty()) into = list;
  };
  if (record.allow_credentials) out.allow_credentials = true;
  if (record.age_seconds_max > 0) out.max_age = record.age_seconds_max;
  give(out.allow_headers, record.allow_headers);
  give(out.allow_methods, record.allow_methods);
  give(out.allow_origins, record.allow_origins);
  give(out.expose_headers, record.expose_headers);
  return out;
}

FunctionUrlConfig configuration(const CallContext& call, std::string_view name, std::string_view qualifier,
                                const UrlRecord& record) {
  const auto& url_of = call.house.lambda->function_url;
  FunctionUrlConfig out{
      .function_url = url_of == nullptr ? std::string() : url_of(record.id),
      .function_arn = store_of(call).arn(name, qualifier == functions::kLatest ? std::string_view{} : qualifier),
      .auth_type = record.auth_type,
      .creation_time = lambda_time(record.created),
      .last_modified_time = lambda_time(record.modified),
      .invoke_mode = record.invoke_mode};
  if (record.cors.has_value()) out.cors = to_api(*record.cors);
  return out;
}

std::string url_key(const FunctionReference& function) {
  return functions::part_of(function.name, function.qualifier.empty() ? functions::kLatest : function.qualifier);
}

/// URLs are of the function or of an alias, never of a version.
ApiResult<void> check_function(const FunctionRegistry& registry, const FunctionReference& function) {
  const bool is_there = registry.functions().find(function.name) != nullptr &&
                        (function.qualifier.empty() ||
                         registry.aliases().find(functions::part_of(function.name, function.qualifier)) != nullptr);
  if (is_there) return {};
  return std::unexpected(not_found("Function does not exist"));
}

ApiError no_url() { return not_found("The resource you requested does not exist."); }

codec::Rules url_qualifier() {
  codec::Rules rules = qualifier_in_query();
  rules.pattern = "((?!^\\d+$)^[0-9a-zA-Z-_]+$)";  // as recorded in 2024-04
  return rules;
}

ApiResult<void> check_mode(const CallContext& call, const FunctionUrlInput& input) {
  if (call.house.lambda->function_url == nullptr) {
    return std::unexpected(unsupported("Penstock does not serve function URLs yet."));
  }
  if (input.invoke_mode == "RESPONSE_STREAM") {
    return std::unexpected(unsupported("Penstock does not have response streaming: InvokeMode is BUFFERED."));
  }
  return {};
}

}  // namespace

Touched touch_function_url(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const FunctionUrlInput*>(input);
  Touched touched = touch<FunctionUrlInput>(call, input);
  if (request.auth_type.has_value()) touched.conditions["lambda:FunctionUrlAuthType"] = {*request.auth_type};
  return touched;
}

Answer<FunctionUrlConfig> create_function_url(CallContext& call, FunctionUrlInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY_VOID(check_mode(call, input));
  if (!input.auth_type.has_value()) co_return std::unexpected(invalid_parameter("AuthType must be given."));
  UrlRecord record{.id = store.random().text(kUrlIdLength, kUrlIdAlphabet),
                   .auth_type = *input.auth_type,
                   .invoke_mode = "BUFFERED",
                   .created = store.now(),
                   .modified = store.now()};
  if (input.cors.has_value()) record.cors = to_record(*input.cors);
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(check_function(registry, function));
    const std::string key = url_key(function);
    if (registry.urls().find(key) != nullptr) {
      return std::unexpected(resource_conflict(
          fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig "
                      "exists for this Lambda function",
                      store.arn(function.name, function.qualifier))));
    }
    return Changes{put(functions::key::kUrl, key, registry.urls(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  FunctionUrlConfig out = configuration(call, function.name, function.qualifier, record);
  out.last_modified_time.reset();
  out.invoke_mode = input.invoke_mode;
  co_return out;
}

Answer<FunctionUrlConfig> update_function_url(CallContext& call, FunctionUrlInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY_VOID(check_mode(call, input));
  UrlRecord record;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(check_function(registry, function));
    const std::string key = url_key(function);
    const auto present = registry.urls().find(key);
    if (present == nullptr) return std::unexpected(no_url());
    record = *present;
    if (input.auth_type.has_value()) record.auth_type = *input.auth_type;
    if (input.cors.has_value()) record.cors = to_record(*input.cors);
    record.modified = store.now();
    return Changes{put(functions::key::kUrl, key, registry.urls(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  FunctionUrlConfig out = configuration(call, function.name, function.qualifier, record);
  out.invoke_mode = input.invoke_mode;
  co_return out;
}

Answer<FunctionUrlConfig> get_function_url(CallContext& call, FunctionUrlReference input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY(const auto record,
                  store.read([&](const FunctionRegistry& registry) -> ApiResult<std::shared_ptr<const UrlRecord>> {
                    auto found = registry.urls().find(url_key(function));
                    if (found == nullptr) return std::unexpected(no_url());
                    return found;
                  }));
  co_return configuration(call, function.name, function.qualifier, *record);
}

Answer<Empty> delete_function_url(CallContext& call, FunctionUrlReference input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    const std::string key = url_key(function);
    if (registry.urls().find(key) == nullptr) return std::unexpected(no_url());
    return Changes{remove(functions::key::kUrl, key, registry.urls())};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<ListFunctionUrlsOutput> list_function_urls(CallContext& call, ListFunctionUrlsInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  std::vector<std::pair<std::string, UrlRecord>> records;
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY_VOID(check_function(registry, {.name = function.name, .qualifier = {}}));
    registry.urls().each_of(function.name, [&](std::string_view qualifier, const UrlRecord& record) {
      records.emplace_back(qualifier, record);
      return true;
    });
    return {};
  }));
  std::vector<std::pair<std::string, FunctionUrlConfig>> keyed;
  for (const auto& [qualifier, record] : records) {
    keyed.emplace_back(qualifier, configuration(call, function.name, qualifier, record));
  }
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  co_return ListFunctionUrlsOutput{.configs = std::move(page.items), .next_marker = std::move(page.next_marker)};
}

// ---- Shapes

const Shape& describe(const Cors*) {
  constexpr codec::Bounds kListLength{.max = 100};
  static const Shape shape = ShapeBuilder<Cors>("Cors")
                                 .field("AllowCredentials", &Cors::allow_credentials)
                                 .field("AllowHeaders", &Cors::allow_headers, {.length = kListLength})
                                 .field("AllowMethods", &Cors::allow_methods, {.length = {.max = 6}})
                                 .field("AllowOrigins", &Cors::allow_origins, {.length = kListLength})
                                 .field("ExposeHeaders", &Cors::expose_headers, {.length = kListLength})
                                 .field("MaxAge", &Cors::max_age, {.range = {.min = 0, .max = 86'400}})
                                 .build();
  return shape;
}

const Shape& describe(const FunctionUrlInput*) {
  using Input = FunctionUrlInput;
  static const Shape shape = ShapeBuilder<Input>("FunctionUrlConfigRequest")
                                 .field("FunctionName", &Input::function_name, function_name_in_path())
                                 .field("Qualifier", &Input::qualifier, url_qualifier())
                                 .field("AuthType", &Input::auth_type, {.one_of = {"NONE", "AWS_IAM"}})
                                 .field("InvokeMode", &Input::invoke_mode, {.one_of = {"BUFFERED", "RESPONSE_STREAM"}})
                                 .field("Cors", &Input::cors)
                                 .build();
  return shape;
}

const Shape& describe(const FunctionUrlReference*) {
  static const Shape shape = [] {
    std::string FunctionUrlReference::* function_name = &QualifiedInput::function_name;
    std::optional<std::string> FunctionUrlReference::* qualifier = &QualifiedInput::qualifier;
    return ShapeBuilder<FunctionUrlReference>("FunctionUrlRequest")
        .field("FunctionName", function_name, function_name_in_path())
        .field("Qualifier", qualifier, url_qualifier())
        .build();
  }();
  return shape;
}

const Shape& describe(const FunctionUrlConfig*) {
  using Out = FunctionUrlConfig;
  static const Shape shape = ShapeBuilder<Out>("FunctionUrlConfig")
                                 .field("FunctionUrl", &Out::function_url)
                                 .field("FunctionArn", &Out::function_arn)
                                 .field("AuthType", &Out::auth_type)
                                 .field("Cors", &Out::cors)
                                 .field("CreationTime", &Out::creation_time)
                                 .field("LastModifiedTime", &Out::last_modified_time)
                                 .field("InvokeMode", &Out::invoke_mode)
                                 .build();
  return shape;
}

const Shape& describe(const ListFunctionUrlsInput*) {
  static const Shape shape = [] {
    ShapeBuilder<ListFunctionUrlsInput> builder("ListFunctionUrlConfigsRequest");
    builder.field("FunctionName", &ListFunctionUrlsInput::function_name, function_name_in_path());
    add_page(builder, 50);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListFunctionUrlsOutput*) {
  static const Shape shape = ShapeBuilder<ListFunctionUrlsOutput>("ListFunctionUrlConfigsResponse")
                                 .field("FunctionUrlConfigs", &ListFunctionUrlsOutput::configs)
                                 .field("NextMarker", &ListFunctionUrlsOutput::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
