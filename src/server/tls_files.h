#pragma once
/// The local certificate authority, kept in the data directory's tls/ folder, and the server's own certificate, which
/// is made anew at each start: clients trust the authority, and no server key lies on the disk.

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "pki/pki.h"
#include "server/data_directory.h"

namespace penstock::server {

struct TlsFiles {
  std::shared_ptr<const pki::Authority> authority;
  std::string server_chain_pem;  ///< the server's certificate and the authority's
  std::string server_key_pem;    ///< secret
};

/// Loads the authority or makes it. `hosts` are further names that the server's certificate is good for.
/// Errors: corrupt (a file that is no such thing), unavailable.
[[nodiscard]] Result<TlsFiles> open_tls_files(const DataDirectory& directory, const Clock& clock, Random& random,
                                              const std::vector<std::string>& hosts);

}  // namespace penstock::server
