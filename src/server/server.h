#pragma once
/// The running server: every room, wired. Starts from the disk upwards, ends from the doors downwards.
///
/// Guarantee: when start() returns, every listener answers and endpoints.json says where; when stop() returns true,
///            all that was accepted has been answered, is on disk, and endpoints.json is gone.
/// Threads:   start, stop and destruction from one thread.
/// Errors:    those of the part that failed, naming it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "server/data_directory.h"
#include "server/settings.h"

namespace penstock::server {

class Server {
 public:
  /// `root`: the root access key of a new data directory; without it one is made. A data directory that has another
  /// root key refuses (conflict).
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(Settings settings, std::optional<RootKey> root);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] const EndpointUrls& endpoints() const;
  [[nodiscard]] const HouseIdentity& identity() const;
  [[nodiscard]] bool is_new() const;  ///< the data directory was made by this start

  /// Stops accepting, finishes what was accepted for at most `grace`, then closes. False when something would not end:
  /// then nothing may be destroyed, and the process should end at once.
  [[nodiscard]] bool stop(std::chrono::milliseconds grace);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::server
