#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <utility>

#include "core/encoding/hex.h"
#include "pki/openssl_types.h"

namespace penstock::pki {
namespace {

using namespace detail;

Result<std::string> name_text(const X509_NAME* name) {
  const auto bio = writing();
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return openssl_failure("reading a name");
  }
  return written(bio);
}

std::string common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string out(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

Result<Timestamp> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "a certificate with a malformed validity date");
  }
  return from_unix_ms(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

std::string serial_of(X509& certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(&certificate);
  return hex_encode(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                                     static_cast<std::size_t>(ASN1_STRING_length(serial))));
}

}  // namespace

namespace detail {

Result<CertificateHandle> read_x509(std::string_view pem) {
  const auto bio = reading(pem);
  CertificateHandle certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!certificate) return fail(ErrorKind::invalid, "not a PEM certificate");
  return certificate;
}

Result<std::string> to_pem(const X509& certificate) {
  const auto bio = writing();
  if (!bio || PEM_write_bio_X509(bio.get(), &certificate) != 1) return openssl_failure("writing a certificate");
  return written(bio);
}

Result<CertificateFacts> facts_of(X509& certificate) {
  CertificateFacts facts;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &digest_size) != 1) {
    return openssl_failure("hashing a certificate");
  }
  facts.fingerprint = hex_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest_size));
  PENSTOCK_TRY(facts.subject, name_text(X509_get_subject_name(&certificate)));
  PENSTOCK_TRY(facts.issuer, name_text(X509_get_issuer_name(&certificate)));
  facts.common_name = common_name_of(X509_get_subject_name(&certificate));
  facts.serial_hex = serial_of(certificate);
  EVP_PKEY* key = X509_get0_pubkey(&certificate);
  ERR_clear_error();
  if (key == nullptr) return fail(ErrorKind::invalid, "a certificate with an unreadable public key");
  PENSTOCK_TRY(facts.public_key_pem, public_pem(key));
  PENSTOCK_TRY(facts.pem, to_pem(certificate));
  PENSTOCK_TRY(facts.not_before, time_of(X509_get0_notBefore(&certificate)));
  PENSTOCK_TRY(facts.not_after, time_of(X509_get0_notAfter(&certificate)));
  facts.is_authority = X509_check_ca(&certificate) == 1;
  ERR_clear_error();
  return facts;
}

}  // namespace detail

Result<CertificateFacts> read_certificate(std::string_view pem) {
  PENSTOCK_TRY(const auto certificate, read_x509(pem));
  return facts_of(*certificate);
}

Result<CertificateFacts> read_certificate_der(std::string_view der) {
  if (der.size() > kPemBytesMax) return fail(ErrorKind::invalid, "certificate too long");
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const CertificateHandle certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!certificate) return fail(ErrorKind::invalid, "not a DER certificate");
  return facts_of(*certificate);
}

Result<void> verify_chain(std::string_view leaf_pem, std::string_view authorities_pem, Timestamp at) {
  PENSTOCK_TRY(const auto leaf, read_x509(leaf_pem));
  const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  const auto bio = reading(authorities_pem);
  if (!store || !check || !bio) return fail(ErrorKind::invalid, "not PEM certificates of an authority");
  int count = 0;
  while (true) {
    const CertificateHandle authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!authority) break;
    X509_STORE_add_cert(store.get(), authority.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return fail(ErrorKind::invalid, "not PEM certificates of an authority");
  if (X509_STORE_CTX_init(check.get(), store.get(), leaf.get(), nullptr) != 1) {
    return openssl_failure("verifying a certificate");
  }
  X509_STORE_CTX_set_time(check.get(), 0, static_cast<std::time_t>(to_unix_ms(at) / 1000));
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return fail(ErrorKind::denied, X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem) {
  PENSTOCK_TRY(const auto certificate, read_x509(certificate_pem));
  PENSTOCK_TRY(const auto key, read_private_key(private_key_pem));
  const bool matches = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return matches;
}

Timestamp device_certificate_end() {
  using namespace std::chrono;
  return sys_days{year{2049} / December / 31} + hours{23} + minutes{59} + seconds{59};
}

}  // namespace penstock::pki
