// rooms: gateway
// Which operation does any head and body name? Byte 0 picks the claimed service, the rest is an HTTP request.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/refusals.h"
#include "gateway/render.h"
#include "gateway/router.h"
#include "net/http_head.h"

namespace {

namespace services = penstock::services;

services::Touched nothing(const services::CallContext&, const void*) { return {}; }
penstock::Task<services::ApiResult<penstock::codec::Empty>> silent(services::CallContext&, penstock::codec::Empty) {
  co_return penstock::codec::Empty{};
}
constexpr std::array kOperations = {
    services::operation<&silent>("A", "x:A", &nothing, {"GET", "/a/{name}"}),
    services::operation<&silent>("B", "x:B", &nothing, {"GET", "/a/{name}/{other}"}),
    services::operation<&silent>("C", "x:C", &nothing, {"POST", "/a/b/{name}"}),
};
constexpr std::array<std::string_view, 1> kKnown = {"D"};
constexpr services::Service service(std::string_view name, services::Protocol protocol) {
  return {.name = name,
          .protocol = protocol,
          .target_prefix = "T_1",
          .api_version = "1",
          .xml_namespace = "urn:x",
          .operations = kOperations,
          .known_operations = kKnown,
          .malformed_code = "M",
          .validation_code = "V",
          .denied_code = "X"};
}
constexpr services::Service kJson = service("j", services::Protocol::json11);
constexpr services::Service kQuery = service("q", services::Protocol::query);
constexpr services::Service kRest = service("r", services::Protocol::rest_json);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace gateway = penstock::gateway;
  static const gateway::Router router(std::array{&kJson, &kQuery, &kRest});
  if (size == 0) return 0;
  std::optional<penstock::sigv4::Scope> scope;
  constexpr std::array kNames = {"j", "q", "r", "s3"};
  if (data[0] % 5 != 0) scope.emplace().service = kNames[data[0] % 5 - 1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t scanned = 0;
  const auto end = penstock::net::find_head_end(bytes, scanned);
  if (!end.has_value()) return 0;
  auto head = penstock::net::parse_request_head(bytes.substr(0, *end));
  if (!head.has_value()) return 0;
  head->request.body = bytes.substr(*end);
  const gateway::Route route = router.route(head->request, scope);
  if ((route.operation == nullptr) != route.problem.has_value()) __builtin_trap();
  if (route.operation != nullptr && route.service == nullptr) __builtin_trap();
  if (route.problem.has_value()) {
    (void)gateway::render_error(route.protocol, route.service, *route.problem, "id");
  }
  return 0;
}
