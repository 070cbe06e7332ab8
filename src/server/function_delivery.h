#pragma once
/// What happens to asynchronous invocations and to the records about them: the durable queue, the destinations, and the
/// thread that the queue works on.
/// Threads: any.

#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"
#include "core/timers.h"
#include "framelog/frame_log.h"
#include "functions/event_queue.h"
#include "functions/function_store.h"
#include "functions/outbound_destinations.h"
#include "iam/identity_store.h"
#include "os/file_system.h"
#include "server/settings.h"

namespace penstock::server {

/// All that is referred to outlives the delivery.
struct FunctionDeliveryParts {
  os::FileSystem& files;
  catalog::Catalog& catalog;
  framelog::FrameLogStore& frames;
  const iam::IdentityStore& identities;
  const functions::FunctionStore& functions;
  functions::Invoker& invoker;
  const Clock& clock;
  Random& random;
  Timers& timers;
  const LambdaSettings& settings;
  std::string buckets_folder;  ///< absolute
};

class FunctionDelivery {
 public:
  /// Errors: those of the endpoint's settings, naming them; of the queue.
  [[nodiscard]] static Result<std::unique_ptr<FunctionDelivery>> open(FunctionDeliveryParts parts);
  /// The invoker has ended what was running before.
  ~FunctionDelivery();

  [[nodiscard]] functions::EventQueue& queue();
  [[nodiscard]] const functions::EventQueue& queue() const;
  [[nodiscard]] functions::Destinations& destinations();

 private:
  struct State;
  explicit FunctionDelivery(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace penstock::server
