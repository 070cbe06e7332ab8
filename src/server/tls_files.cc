#include "server/tls_files.h"

#include <fmt/format.h>

namespace penstock::server {

namespace {

constexpr std::string_view kFolder = "tls";
constexpr std::string_view kAuthorityCertificate = "tls/ca.pem";
constexpr std::string_view kAuthorityKey = "tls/ca.key";

using AuthorityPtr = std::shared_ptr<const pki::Authority>;

Result<AuthorityPtr> open_authority(const DataDirectory& directory, const Clock& clock, Random& random) {
  PENSTOCK_TRY(const auto certificate, directory.read(kAuthorityCertificate));
  PENSTOCK_TRY(const auto key, directory.read(kAuthorityKey));
  if (certificate.has_value() && key.has_value()) {
    auto loaded = pki::Authority::load(clock, random, *certificate, *key);
    if (!loaded.has_value()) {
      return fail(ErrorKind::corrupt, fmt::format("{}: {}", directory.path_of(kFolder), loaded.error().message));
    }
    return loaded;
  }
  // The certificate is written last: with it the authority exists. One without its key cannot be made whole.
  if (certificate.has_value()) {
    return fail(ErrorKind::corrupt, fmt::format("{} is missing", directory.path_of(kAuthorityKey)));
  }
  PENSTOCK_TRY(AuthorityPtr made, pki::Authority::create(clock, random, {}));
  PENSTOCK_TRY_VOID(directory.write(kAuthorityKey, made->private_key_pem()));
  PENSTOCK_TRY_VOID(directory.write(kAuthorityCertificate, made->certificate_pem()));
  return made;
}

}  // namespace

Result<TlsFiles> open_tls_files(const DataDirectory& directory, const Clock& clock, Random& random,
                                const std::vector<std::string>& hosts) {
  PENSTOCK_TRY_VOID(directory.make_folder(kFolder));
  TlsFiles files;
  PENSTOCK_TRY(files.authority, open_authority(directory, clock, random));
  PENSTOCK_TRY(pki::IssuedWithKey issued, files.authority->issue_server(hosts));
  files.server_chain_pem = issued.certificate.certificate_pem + files.authority->certificate_pem();
  files.server_key_pem = std::move(issued.keys.private_key_pem);
  return files;
}

}  // namespace penstock::server
