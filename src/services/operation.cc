#include "services/operation.h"

namespace penstock::services::detail {

Task<ApiResult<Erased>> run(ErasedCall call) {
  const std::unique_ptr<void, void (*)(void*)> owned(
      call.handle.address(), [](void* frame) { std::coroutine_handle<>::from_address(frame).destroy(); });
  co_return co_await call;
}

}  // namespace penstock::services::detail
