#include "server/data_directory.h"

#include <fmt/format.h>

#include <array>
#include <thread>

#include "codec/json.h"
#include "server/settings.h"

namespace penstock::server {

namespace {

namespace json = boost::json;

constexpr std::size_t kFileBytesMax = 1U << 20U;
constexpr std::int64_t kFormat = 1;
// A server that was killed leaves its lock with what it was just starting, until that has begun its own program.
constexpr int kLockTries = 100;
constexpr std::chrono::milliseconds kLockPause{20};

Result<std::optional<std::string>> read_whole(os::FileSystem& files, const std::string& path) {
  auto file = files.open(path, os::OpenMode::read);
  if (!file.has_value() && file.error().kind == ErrorKind::missing) return std::nullopt;
  if (!file.has_value()) return std::unexpected(std::move(file).error());
  PENSTOCK_TRY(const std::uint64_t size, (*file)->size());
  if (size > kFileBytesMax) return fail(ErrorKind::corrupt, fmt::format("{} is too large", path));
  std::string text(size, '\0');
  PENSTOCK_TRY(const std::size_t got, (*file)->pread(text, 0));
  text.resize(got);
  return text;
}

Result<json::object> read_object(os::FileSystem& files, const std::string& path) {
  PENSTOCK_TRY(const std::optional<std::string> text, read_whole(files, path));
  if (!text.has_value()) return fail(ErrorKind::missing, fmt::format("there is no {}", path));
  auto value = codec::parse_json(*text);
  if (!value.has_value() || !value->is_object()) return fail(ErrorKind::corrupt, fmt::format("{} is not JSON", path));
  return std::move(value->as_object());
}

Result<std::string> text_of(const json::object& object, std::string_view key, const std::string& path) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    return fail(ErrorKind::corrupt, fmt::format("{} has no string '{}'", path, key));
  }
  return std::string(value->as_string());
}

Result<HouseIdentity> parse_identity(os::FileSystem& files, const std::string& path) {
  PENSTOCK_TRY(const json::object object, read_object(files, path));
  const json::value* format = object.if_contains("format");
  if (format == nullptr || !format->is_int64() || format->as_int64() != kFormat) {
    return fail(ErrorKind::corrupt, fmt::format("{}: this server reads format {} only", path, kFormat));
  }
  HouseIdentity identity;
  PENSTOCK_TRY(identity.account, text_of(object, "account", path));
  PENSTOCK_TRY(identity.region, text_of(object, "region", path));
  return identity;
}

std::string line(const json::object& object) { return codec::serialize(object) + "\n"; }

}  // namespace

Result<DataDirectory> DataDirectory::open(os::FileSystem& files, const std::string& path, const HouseIdentity& wanted) {
  PENSTOCK_TRY_VOID(files.make_directories(path));
  DataDirectory directory(files, path);
  auto lock = os::lock_directory(path);
  for (int i = 0; i < kLockTries && !lock.has_value() && lock.error().kind == ErrorKind::conflict; ++i) {
    std::this_thread::sleep_for(kLockPause);
    lock = os::lock_directory(path);
  }
  if (!lock.has_value() && lock.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, fmt::format("another server runs on the data directory {}", path));
  }
  if (!lock.has_value()) return std::unexpected(std::move(lock).error());
  directory.lock_ = std::move(*lock);
  PENSTOCK_TRY_VOID(directory.settle_identity(wanted));
  return directory;
}

Result<void> DataDirectory::settle_identity(const HouseIdentity& wanted) {
  auto found = parse_identity(*files_, path_of(kIdentityFile));
  if (!found.has_value() && found.error().kind != ErrorKind::missing) return std::unexpected(std::move(found).error());
  if (!found.has_value()) {
    is_new_ = true;
    identity_ = {wanted.account.empty() ? std::string(kDefaultAccount) : wanted.account,
                 wanted.region.empty() ? std::string(kDefaultRegion) : wanted.region};
    return write(kIdentityFile,
                 line({{"format", kFormat}, {"account", identity_.account}, {"region", identity_.region}}));
  }
  identity_ = std::move(*found);
  const auto mismatch = [&](std::string_view what, std::string_view have, std::string_view want) {
    return fail(ErrorKind::conflict,
                fmt::format("the data directory {} belongs to {} {}, not {}: give that {} or another directory", path_,
                            what, have, want, what));
  };
  if (!wanted.account.empty() && wanted.account != identity_.account) {
    return mismatch("account", identity_.account, wanted.account);
  }
  if (!wanted.region.empty() && wanted.region != identity_.region) {
    return mismatch("region", identity_.region, wanted.region);
  }
  return {};
}

Result<std::optional<std::string>> DataDirectory::read(std::string_view name) const {
  return read_whole(*files_, path_of(name));
}

Result<void> DataDirectory::write(std::string_view name, std::string_view text) const {
  return write_file(name, text, true);
}

Result<void> DataDirectory::write_volatile(std::string_view name, std::string_view text) const {
  return write_file(name, text, false);
}

Result<void> DataDirectory::write_file(std::string_view name, std::string_view text, bool durable) const {
  const std::string final_path = path_of(name);
  const std::string draft = final_path + ".new";
  if (auto gone = files_->unlink(draft); !gone.has_value() && gone.error().kind != ErrorKind::missing) return gone;
  PENSTOCK_TRY(const auto file, files_->open(draft, os::OpenMode::create_new));
  PENSTOCK_TRY_VOID(file->pwritev(std::array{text}, 0));
  if (durable) PENSTOCK_TRY_VOID(file->sync());
  PENSTOCK_TRY_VOID(files_->rename(draft, final_path));
  if (!durable) return {};
  return files_->sync_directory(final_path.substr(0, final_path.rfind('/')));
}

Result<void> DataDirectory::make_folder(std::string_view name) const { return files_->make_directories(path_of(name)); }

Result<void> DataDirectory::remove(std::string_view name) const {
  auto gone = files_->unlink(path_of(name));
  if (!gone.has_value() && gone.error().kind == ErrorKind::missing) return {};
  return gone;
}

Result<EndpointUrls> read_endpoints(const std::string& data_dir) {
  const auto files = os::posix_file_system();
  const std::string path = data_dir + "/" + std::string(kEndpointsFile);
  auto object = read_object(*files, path);
  if (!object.has_value() && object.error().kind == ErrorKind::missing) {
    return fail(ErrorKind::missing, fmt::format("no server runs on {} (there is no {})", data_dir, path));
  }
  if (!object.has_value()) return std::unexpected(std::move(object).error());
  EndpointUrls urls;
  PENSTOCK_TRY(urls.api, text_of(*object, "api", path));
  PENSTOCK_TRY(urls.api_tls, text_of(*object, "api_tls", path));
  PENSTOCK_TRY(urls.mqtt, text_of(*object, "mqtt", path));
  PENSTOCK_TRY(urls.mqtts, text_of(*object, "mqtts", path));
  return urls;
}

Result<RootKey> read_root_key(const std::string& data_dir) {
  const auto files = os::posix_file_system();
  const std::string path = data_dir + "/" + std::string(kRootKeyFile);
  PENSTOCK_TRY(const json::object object, read_object(*files, path));
  RootKey key;
  PENSTOCK_TRY(key.access_key_id, text_of(object, "access_key_id", path));
  PENSTOCK_TRY(key.secret_access_key, text_of(object, "secret_access_key", path));
  return key;
}

Result<HouseIdentity> read_identity(const std::string& data_dir) {
  const auto files = os::posix_file_system();
  return parse_identity(*files, data_dir + "/" + std::string(kIdentityFile));
}

std::string render(const EndpointUrls& urls) {
  return line({{"api", urls.api}, {"api_tls", urls.api_tls}, {"mqtt", urls.mqtt}, {"mqtts", urls.mqtts}});
}

std::string render(const RootKey& key) {
  return line({{"access_key_id", key.access_key_id}, {"secret_access_key", key.secret_access_key}});
}

}  // namespace penstock::server
