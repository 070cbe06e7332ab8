#pragma once
/// The data directory: whose it is, and the small files in it that are neither streams nor catalog.
///
///     lock             held while a server runs here
///     identity.json    {"format": 1, "account": "...", "region": "..."}: fixed when the directory is made
///     root-key.json    0600: the root access key, for `penstock env`
///     seal-key         0600: 32 bytes that the secrets in the catalog are sealed with; without it they are lost
///     master-keys      0600: made when the first stream is encrypted, unless kinesis.master_key_file names another
///     tls/             the local certificate authority: ca.pem for clients, ca.key (0600)
///     control          where the running server is asked for backups: a socket, see control.h
///     endpoints.json   where the running server listens; gone when none runs (unless it was killed)
///     catalog.sqlite3  docs/formats/catalog.md
///     streams/         docs/formats/frame-log.md
///     logs/            the events of log groups: frame logs too, docs/formats/logs.md says what their frames hold
///
/// Guarantee: a file is written whole or not at all; write returns when it is on disk.
/// Threads:   one at a time.
/// Errors:    conflict (another server runs here, also two seconds later; another account or region was asked for),
///            corrupt, unavailable.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "os/file_system.h"
#include "os/posix_file_system.h"

namespace penstock::server {

struct HouseIdentity {
  std::string account;
  std::string region;
};

struct EndpointUrls {
  std::string api;
  std::string api_tls;  ///< the same port
  std::string mqtt;
  std::string mqtts;
};

struct RootKey {
  std::string access_key_id;
  std::string secret_access_key;
};

class DataDirectory {
 public:
  /// Makes the directory if needed (0700) and locks it. `wanted` fields that are empty take what is there, or the
  /// defaults when the directory is new.
  [[nodiscard]] static Result<DataDirectory> open(os::FileSystem& files, const std::string& path,
                                                  const HouseIdentity& wanted);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const HouseIdentity& identity() const { return identity_; }
  [[nodiscard]] bool is_new() const { return is_new_; }

  /// nullopt when there is no such file.
  [[nodiscard]] Result<std::optional<std::string>> read(std::string_view name) const;
  [[nodiscard]] Result<void> write(std::string_view name, std::string_view text) const;
  [[nodiscard]] Result<void> make_folder(std::string_view name) const;
  /// Without waiting for the disk: for what a restart makes anew.
  [[nodiscard]] Result<void> write_volatile(std::string_view name, std::string_view text) const;
  Result<void> remove(std::string_view name) const;

 private:
  DataDirectory(os::FileSystem& files, std::string path) : files_(&files), path_(std::move(path)) {}
  [[nodiscard]] Result<void> write_file(std::string_view name, std::string_view text, bool durable) const;
  [[nodiscard]] Result<void> settle_identity(const HouseIdentity& wanted);

  os::FileSystem* files_;
  std::string path_;
  std::unique_ptr<os::DirectoryLock> lock_;
  HouseIdentity identity_;
  bool is_new_ = false;
};

inline constexpr std::string_view kEndpointsFile = "endpoints.json";
inline constexpr std::string_view kRootKeyFile = "root-key.json";
inline constexpr std::string_view kIdentityFile = "identity.json";

/// For tools that look at a server's directory without owning it.
[[nodiscard]] Result<EndpointUrls> read_endpoints(const std::string& data_dir);
[[nodiscard]] Result<RootKey> read_root_key(const std::string& data_dir);
[[nodiscard]] Result<HouseIdentity> read_identity(const std::string& data_dir);

[[nodiscard]] std::string render(const EndpointUrls& urls);
[[nodiscard]] std::string render(const RootKey& key);

}  // namespace penstock::server
