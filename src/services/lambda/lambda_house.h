#pragma once
/// What Lambda's handlers may use beside the House; wired once by `server`. References outlive every call.

#include "functions/async_invocations.h"
#include "functions/destinations.h"
#include "functions/invoker.h"

namespace penstock::functions {
class FunctionStore;
}
namespace penstock::consumers {
class EventSourceMappings;
}

namespace penstock::services::lambda {

struct LambdaHouse {
  functions::FunctionStore& functions;
  functions::Invoker& invoker;
  functions::AsyncInvocations& async;
  functions::Destinations& destinations;
  consumers::EventSourceMappings& mappings;
};

}  // namespace penstock::services::lambda
