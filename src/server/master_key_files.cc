#include "server/master_key_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "telemetry/log.h"

namespace penstock::server {
namespace {

constexpr std::size_t kFileBytesMax = 1U << 20U;

Result<stream::SecretBytes> read_named(os::FileSystem& files, const std::string& path) {
  PENSTOCK_TRY(const auto file, files.open(path, os::OpenMode::read));
  PENSTOCK_TRY(const std::uint64_t size, file->size());
  if (size > kFileBytesMax) return fail(ErrorKind::invalid, "it is larger than 1 MiB");
  std::string text(size, '\0');
  PENSTOCK_TRY(const std::size_t got, file->pread(text, 0));
  text.resize(got);
  return stream::SecretBytes(std::move(text));
}

void warn_of_readers(const std::string& path) {
  using std::filesystem::perms;
  std::error_code problem;
  const perms mode = std::filesystem::status(path, problem).permissions();
  if (problem || (mode & perms::others_read) == perms::none) return;
  telemetry::log(telemetry::Level::warn, "everybody on this machine may read the master keys", {{"file", path}});
}

Result<std::vector<stream::MasterKey>> keys_of_named(os::FileSystem& files, const std::string& path) {
  const auto refused = [&path](const Error& error) {
    return fail(error.kind, fmt::format("kinesis.master_key_file {}: {}", path, error.message));
  };
  const auto text = read_named(files, path);
  if (!text) return refused(text.error());
  auto keys = stream::parse_master_keys(text->view());
  if (!keys) return refused(keys.error());
  warn_of_readers(path);
  return keys;
}

Result<std::vector<stream::MasterKey>> keys_of_directory(const DataDirectory& directory) {
  PENSTOCK_TRY(auto text, directory.read(kMasterKeysFile));
  if (!text.has_value()) return {};
  const stream::SecretBytes secret(*std::move(text));
  auto keys = stream::parse_master_keys(secret.view());
  if (keys) return keys;
  return fail(ErrorKind::corrupt, fmt::format("{}: {}", directory.path_of(kMasterKeysFile), keys.error().message));
}

}  // namespace

Result<std::shared_ptr<stream::MasterKeys>> open_master_keys(const DataDirectory& directory, os::FileSystem& files,
                                                             const std::string& named_file, Random& random) {
  std::vector<stream::MasterKey> keys;
  if (!named_file.empty()) {
    PENSTOCK_TRY(keys, keys_of_named(files, named_file));
  }
  PENSTOCK_TRY(const auto own, keys_of_directory(directory));
  for (const stream::MasterKey& key : own) {
    const auto same = std::ranges::find(keys, key.id, &stream::MasterKey::id);
    if (same == keys.end()) {
      keys.push_back(key);
    } else if (same->key.view() != key.key.view()) {
      return fail(ErrorKind::invalid, fmt::format("the master key {} is another one in {} than in {}", key.id,
                                                  named_file, directory.path_of(kMasterKeysFile)));
    }
  }
  const auto make = [&directory, &random]() -> Result<stream::MasterKey> {
    stream::MasterKey made = stream::make_master_key(random);
    PENSTOCK_TRY_VOID(directory.write(kMasterKeysFile, stream::render_master_key(made).view()));
    telemetry::log(telemetry::Level::info, "made a master key for encrypted streams",
                   {{"file", directory.path_of(kMasterKeysFile)}, {"id", made.id}});
    return made;
  };
  return std::make_shared<stream::MasterKeys>(std::move(keys), make);
}

}  // namespace penstock::server
