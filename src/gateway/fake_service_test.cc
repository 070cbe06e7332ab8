#include "gateway/fake_service_test.h"

#include <array>

#include "core/task.h"
#include "sigv4/sigv4.h"

namespace penstock::gateway::fake {

using services::ApiResult;
using services::CallContext;
using services::Operation;
using services::Protocol;
using services::Service;
using services::Touched;

const codec::Shape& describe(const EchoInput*) {
  static const codec::Shape shape =
      codec::ShapeBuilder<EchoInput>("EchoInput")
          .field("name", &EchoInput::name,
                 {.required = true, .length = {1, 8}, .place = codec::Place::path, .location = "name"})
          .field("count", &EchoInput::count, {.range = {0, 9}, .place = codec::Place::query, .location = "count"})
          .build();
  return shape;
}

const codec::Shape& describe(const CountEvent*) {
  static const codec::Shape shape =
      codec::ShapeBuilder<CountEvent>("CountEvent").field("number", &CountEvent::number).build();
  return shape;
}

const codec::Shape& describe(const EchoOutput*) {
  static const codec::Shape shape =
      codec::ShapeBuilder<EchoOutput>("EchoOutput").field("said", &EchoOutput::said).build();
  return shape;
}

namespace {

Touched touch(const CallContext& call, const void* input) {
  const auto& echo = *static_cast<const EchoInput*>(input);
  return {.resources = {"arn:aws:fake:" + call.region + ":" + call.account + ":" + echo.name},
          .conditions = {{"fake:Count", {std::to_string(echo.count.value_or(-1))}}},
          .resource_policies = {}};
}

Task<ApiResult<EchoOutput>> echo(CallContext& call, EchoInput input) {
  co_return EchoOutput{call.principal.name + " says " + input.name + " " + std::to_string(input.count.value_or(-1))};
}

Task<ApiResult<EchoOutput>> fail_always(CallContext&, EchoInput input) {
  co_return services::api_fail("TeapotException", "I am a \"" + input.name + "\"", 418);
}

Task<ApiResult<codec::Empty>> silent(CallContext&, EchoInput) { co_return codec::Empty{}; }

class Counter final : public services::EventSource {
 public:
  Counter(std::int32_t last, bool fails) : last_(last), fails_(fails) {}

  Task<std::optional<ApiResult<services::Event>>> next() override {
    if (number_ == last_) {
      if (!fails_) co_return std::nullopt;
      co_return services::api_fail("TeapotException", "no more \"tea\"");
    }
    services::Event event{.type = "CountEvent", .shape = &codec::shape_of<CountEvent>()};
    event.value = services::detail::erase(CountEvent{++number_});
    co_return event;
  }
  void cancel() override { ++cancelled_event_sources; }

 private:
  std::int32_t last_;
  bool fails_;
  std::int32_t number_ = 0;
};

Task<ApiResult<EchoOutput>> count_up(CallContext& call, EchoInput input) {
  if (input.name == "refuse") co_return services::api_fail("TeapotException", "no tea");
  call.events = std::make_unique<Counter>(input.count.value_or(0), input.name == "fail");
  co_return EchoOutput{"counting"};
}

constexpr Operation with_events(Operation row) {
  row.event_stream = true;
  return row;
}

constexpr std::array kJsonOperations = {
    with_events(services::operation<&count_up>("CountUp", "fake:CountUp", &touch)),
    services::operation<&echo>("Echo", "fake:Echo", &touch),
    services::operation<&fail_always>("Fail", "fake:Fail", &touch),
    services::operation<&silent>("Silent", "fake:Silent", &touch),
};
constexpr std::array kOperations = {
    services::operation<&echo>("Echo", "fake:Echo", &touch),
    services::operation<&fail_always>("Fail", "fake:Fail", &touch),
    services::operation<&silent>("Silent", "fake:Silent", &touch),
};
constexpr std::array kRestOperations = {
    services::operation<&echo>("Echo", "fake:Echo", &touch, {"GET", "/echo/{name}"}),
    services::operation<&echo>("EchoPair", "fake:EchoPair", &touch, {"GET", "/echo/{other}/{name}"}),
    services::operation<&silent>("EchoSpecial", "fake:EchoSpecial", &touch, {"GET", "/echo/special/{name}"}),
    services::operation<&fail_always>("Fail", "fake:Fail", &touch, {"DELETE", "/echo/{name}"}),
    services::operation<&silent>("Silent", "fake:Silent", &touch, {"POST", "/silent/{name}/now", 202}),
};
constexpr std::array<std::string_view, 1> kKnown = {"Later"};
constexpr std::array kKnownBindings = {services::HttpBinding{"PUT", "/later/{name}"}};

}  // namespace

const Service& json_service() {
  static constexpr Service service{.name = "jolt",
                                   .protocol = Protocol::json11,
                                   .target_prefix = "Jolt_2020",
                                   .api_version = "",
                                   .xml_namespace = "",
                                   .operations = kJsonOperations,
                                   .known_operations = kKnown,
                                   .malformed_code = "SerializationException",
                                   .validation_code = "ValidationException",
                                   .denied_code = "AccessDeniedException"};
  return service;
}

const Service& query_service() {
  static constexpr Service service{.name = "quip",
                                   .protocol = Protocol::query,
                                   .target_prefix = "",
                                   .api_version = "2020-01-01",
                                   .xml_namespace = "https://quip.example/doc/",
                                   .operations = kOperations,
                                   .known_operations = kKnown,
                                   .malformed_code = "MalformedInput",
                                   .validation_code = "ValidationError",
                                   .denied_code = "AccessDenied",
                                   .denied_status = 403,
                                   .global = true};
  return service;
}

const Service& rest_service() {
  static constexpr Service service{.name = "rest",
                                   .protocol = Protocol::rest_json,
                                   .target_prefix = "",
                                   .api_version = "",
                                   .xml_namespace = "",
                                   .operations = kRestOperations,
                                   .known_operations = kKnown,
                                   .malformed_code = "InvalidRequestException",
                                   .validation_code = "InvalidRequestException",
                                   .denied_code = "AccessDeniedException",
                                   .denied_status = 403,
                                   .known_bindings = kKnownBindings};
  return service;
}

iam::Decision FakeAuthorizer::authorize(const iam::Principal&, const iam::Question& question) const {
  asked.push_back(std::string(question.action) + " " + std::string(question.resource));
  conditions = *question.conditions;
  return {.allowed = denied_resource != question.resource, .explicit_deny = false, .reason = "because of a test"};
}

World::World()
    : house_{.clock = clock,
             .random = random,
             .timers = reinterpret_cast<Timers&>(no_room_),
             .catalog = reinterpret_cast<catalog::Catalog&>(no_room_),
             .iam = reinterpret_cast<iam::IdentityStore&>(no_room_),
             .streams = reinterpret_cast<stream::Streams&>(no_room_),
             .iot = reinterpret_cast<services::iot::IotCore&>(no_room_),
             .account = "123456789012",
             .region = "us-east-1"},
      gateway(house_,
              Identities{.authorizer = authorizer,
                         .find_credential = [this](std::string_view id, std::optional<std::string_view> token,
                                                   Timestamp) -> std::expected<iam::Credential, iam::CredentialFault> {
                           if (token_expired && token.has_value()) {
                             return std::unexpected(iam::CredentialFault::expired);
                           }
                           if (id != "AKIDUSER") return std::unexpected(iam::CredentialFault::unknown);
                           iam::Principal who;
                           who.kind = iam::PrincipalKind::user;
                           who.arn = "arn:aws:iam::123456789012:user/x";
                           who.name = "x";
                           return iam::Credential{"secret", std::nullopt, who};
                         },
                         .note_key_use =
                             [this](std::string_view id, std::string_view service, std::string_view, Timestamp) {
                               keys_used.push_back(std::string(id) + " " + std::string(service));
                             }},
              std::array{&json_service(), &query_service(), &rest_service()}) {}

net::HttpResponse World::call(net::HttpRequest request) {
  if (request.remote_address.empty()) request.remote_address = "192.0.2.7";
  return run_sync(gateway.handle(std::move(request)));
}

net::HttpResponse World::call_signed(net::HttpRequest request, std::string_view service, std::string_view secret,
                                     std::string_view region) {
  request.headers.add("Host", "localhost:4566");
  const sigv4::Request view{
      .method = request.method, .target = request.target, .headers = request.headers.all(), .body = request.body};
  for (auto& [name, value] :
       sigv4::sign(view, {"AKIDUSER", std::string(secret), std::nullopt}, region, service, clock.now())) {
    request.headers.add(std::move(name), std::move(value));
  }
  return call(std::move(request));
}

net::HttpRequest json_request(std::string target, std::string body) {
  net::HttpRequest request{
      .method = "POST", .target = "/", .headers = {}, .body = std::move(body), .remote_address = {}};
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", std::move(target));
  return request;
}

net::HttpRequest form_request(std::string body) {
  net::HttpRequest request{
      .method = "POST", .target = "/", .headers = {}, .body = std::move(body), .remote_address = {}};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  return request;
}

net::HttpRequest rest_request(std::string method, std::string target, std::string body) {
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = {},
          .body = std::move(body),
          .remote_address = {}};
}

}  // namespace penstock::gateway::fake
