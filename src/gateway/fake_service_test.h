#pragma once
/// Three small services, one of each protocol, and a house without rooms to call them in.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "core/clock.h"
#include "core/random.h"
#include "gateway/gateway.h"
#include "services/house.h"
#include "services/operation.h"

namespace penstock::gateway::fake {

struct EchoInput {
  std::string name;
  std::optional<std::int32_t> count;
};
const codec::Shape& describe(const EchoInput*);

struct EchoOutput {
  std::string said;
};
const codec::Shape& describe(const EchoOutput*);

/// The events of "jolt"'s CountUp: as many as the input's count, then the end; for a name "fail" an error instead.
struct CountEvent {
  std::int32_t number = 0;
};
const codec::Shape& describe(const CountEvent*);
inline int cancelled_event_sources = 0;

/// "jolt": target Jolt_2020, operations CountUp, Echo, Fail, Silent; knows Later
const services::Service& json_service();
const services::Service& query_service();  ///< "quip": version 2020-01-01, the same
const services::Service& rest_service();   ///< "rest": /echo/{name}, /silent/{name}/now ...; knows PUT /later

/// Allows and denies as the test says.
class FakeAuthorizer final : public iam::Authorizer {
 public:
  [[nodiscard]] iam::Decision authorize(const iam::Principal& who, const iam::Question& question) const override;
  [[nodiscard]] Result<iam::Principal> assume_as_service(std::string_view, std::string_view,
                                                         std::string_view) const override {
    return fail(ErrorKind::missing, "no roles here");
  }
  std::string denied_resource;  ///< none when empty
  mutable std::vector<std::string> asked;
  mutable iam::Conditions conditions;
};

/// A gateway over all three, with one user: AKIDUSER / "secret".
class World {
 public:
  World();
  net::HttpResponse call(net::HttpRequest request);
  /// Signs for `service` in us-east-1 as AKIDUSER, then calls.
  net::HttpResponse call_signed(net::HttpRequest request, std::string_view service, std::string_view secret = "secret",
                                std::string_view region = "us-east-1");

  ManualClock clock;
  SeededRandom random{1};
  FakeAuthorizer authorizer;
  bool token_expired = false;
  std::vector<std::string> keys_used;

 private:
  alignas(16) std::byte no_room_[64]{};
  services::House house_;

 public:
  Gateway gateway;
};

[[nodiscard]] net::HttpRequest json_request(std::string target, std::string body);
[[nodiscard]] net::HttpRequest form_request(std::string body);
[[nodiscard]] net::HttpRequest rest_request(std::string method, std::string target, std::string body = {});

}  // namespace penstock::gateway::fake
