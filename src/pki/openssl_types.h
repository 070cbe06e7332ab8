#pragma once
/// OpenSSL's handles with owners, for the .cc files of this room only.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "pki/pki.h"

namespace penstock::pki::detail {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, Freer<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using BioHandle = std::unique_ptr<BIO, Freer<BIO_free_all>>;

/// What OpenSSL last complained about on this thread, as an `unavailable` error; clears its queue.
std::unexpected<Error> openssl_failure(std::string_view doing);

/// A read-only BIO over `text`, which must outlive it; null when too long.
BioHandle reading(std::string_view text);
BioHandle writing();
std::string written(const BioHandle& bio);

Result<KeyHandle> make_key(KeyKind kind);
Result<KeyHandle> read_private_key(std::string_view pem);
Result<KeyHandle> read_public_key(std::string_view pem);
Result<CertificateHandle> read_x509(std::string_view pem);
Result<std::string> to_pem(const X509& certificate);
Result<std::string> public_pem(EVP_PKEY* key);
Result<KeyPair> to_pems(EVP_PKEY* key);
Result<CertificateFacts> facts_of(X509& certificate);

}  // namespace penstock::pki::detail
