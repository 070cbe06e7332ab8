#pragma once
/// What handlers may use: the rooms below the services, wired once by `server`. References outlive every call.

#include <string>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/timers.h"

namespace penstock::stream {
class Streams;
}
namespace penstock::iam {
class IdentityStore;
}
namespace penstock::logs {
class LogStore;
}
namespace penstock::services::iot {
class IotCore;
}
namespace penstock::services::lambda {
struct LambdaHouse;
}

namespace penstock::services {

struct House {
  const Clock& clock;
  Random& random;
  Timers& timers;
  catalog::Catalog& catalog;
  iam::IdentityStore& iam;
  stream::Streams& streams;
  iot::IotCore& iot;
  std::string account;
  std::string region;
  logs::LogStore* logs = nullptr;         ///< null only in tests of other services
  lambda::LambdaHouse* lambda = nullptr;  ///< likewise
};

}  // namespace penstock::services
