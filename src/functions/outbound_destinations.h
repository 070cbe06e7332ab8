#pragma once
/// Destinations as this server knows them: buckets are folders of the data directory; queues and topics are at an
/// AWS-compatible endpoint that the operator names; functions are asked like anybody asks them.
///
/// Guarantee: a record for a bucket is on disk when send completes. A queue or topic has acknowledged it. A function's
///            invocation is queued durably.
/// Threads:   any; what blocks runs on threads of its own: one for files, one for the endpoint.
/// Bounds:    a record kRecordBytesMax; kWaitingMax sends wait (throttled beyond).

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/blocking_lane.h"
#include "core/clock.h"
#include "core/random.h"
#include "functions/async_invocations.h"
#include "functions/destinations.h"
#include "net/address.h"
#include "os/file_system.h"
#include "sigv4/sigv4.h"

namespace penstock::functions {

/// Where SQS and SNS are spoken.
struct DestinationEndpoint {
  net::HostPort address;
  sigv4::Credentials credentials;
};

/// Reads "http://HOST:PORT" and a file that holds {"access_key_id": ..., "secret_access_key": ...}.
/// Errors: invalid, missing; they name the setting.
[[nodiscard]] Result<DestinationEndpoint> read_destination_endpoint(os::FileSystem& files, std::string_view url,
                                                                    const std::string& key_file);

class OutboundDestinations final : public Destinations {
 public:
  /// Whether the role may do the action on the resource, as the service assumes it. Errors: denied, missing.
  using Authorize =
      std::function<Result<void>(std::string_view role_arn, std::string_view action, std::string_view resource)>;

  struct Parts {
    os::FileSystem& files;
    const Clock& clock;
    Random& random;
    std::string buckets_folder;  ///< absolute
    std::optional<DestinationEndpoint> endpoint{};
    Authorize authorize;
    std::string account;
    std::string region;
  };
  static constexpr std::size_t kRecordBytesMax = 16U << 20U;
  static constexpr std::size_t kWaitingMax = 1024;

  explicit OutboundDestinations(Parts parts) : parts_(std::move(parts)) {}
  /// Functions are destinations from then on. Set before anything is sent; it outlives this.
  void set_functions(AsyncInvocations& functions) { functions_ = &functions; }

  [[nodiscard]] Result<void> check(std::string_view destination_arn, std::string_view role_arn) const override;
  Task<Result<void>> send(std::string destination_arn, std::string role_arn, DestinationRecord record) override;

 private:
  Task<Result<void>> deliver(std::string destination_arn, DestinationRecord record);
  [[nodiscard]] Result<void> write_object(const std::string& bucket, const DestinationRecord& record) const;
  [[nodiscard]] Result<void> post_to_endpoint(std::string_view service, std::string_view target,
                                              const std::string& form) const;
  Task<Result<void>> invoke(std::string_view arn, std::string payload);

  Parts parts_;
  AsyncInvocations* functions_ = nullptr;
  std::atomic<std::size_t> waiting_ = 0;
  BlockingLane file_lane_;
  BlockingLane network_lane_;
};

}  // namespace penstock::functions
