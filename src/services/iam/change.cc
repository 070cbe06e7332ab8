#include "services/iam/change.h"

namespace penstock::services::iam_api {

ApiError storage_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::throttled: return {"Throttling", "Rate exceeded", 400};
    case ErrorKind::invalid: return {"InvalidInput", error.message, 400};
    case ErrorKind::unavailable:
      return {"ServiceUnavailable", fmt::format("The change was not stored: {}", error.message), 503};
    default:
      return {"ServiceFailure", "The request processing has failed because of an unknown error, exception or failure.",
              500};
  }
}

}  // namespace penstock::services::iam_api
