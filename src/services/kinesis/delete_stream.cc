#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

Answer<Empty> delete_stream(CallContext& call, DeleteStreamInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  const auto view = call.house.streams.find(name);
  const auto removed =
      co_await call.house.streams.remove(std::move(name), input.enforce_consumer_deletion.value_or(false));
  if (!removed) co_return to_api_error(removed.error(), Plane::control);
  // Whatever is left behind here belongs to no stream any more: no uid is used again.
  if (view) static_cast<void>(co_await remove_resource_policies_of(call.house.catalog, view->info->uid));
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
