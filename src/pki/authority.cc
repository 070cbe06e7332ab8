#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <utility>

#include "pki/openssl_types.h"

namespace penstock::pki {
namespace {

using namespace detail;

/// Server certificates may not live longer than this for today's TLS clients.
constexpr std::chrono::days kServerValidFor{825};
/// A device whose clock is a little slow must still accept a certificate made just now.
constexpr std::chrono::minutes kBackdated{5};

struct Extension {
  int nid;
  std::string value;
};

struct Plan {
  EVP_PKEY* subject_key;
  const X509_NAME* subject;  ///< or null: then common_name
  std::string common_name;
  Timestamp from;
  Timestamp until;
  std::vector<Extension> extensions;
};

bool set_common_name(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool set_serial(X509* certificate, Random& random) {
  std::array<std::byte, 20> bytes{};  // RFC 5280 4.1.2.2: positive, at most 20 octets
  random.fill(bytes);
  bytes[0] = (bytes[0] & std::byte{0x7f}) | std::byte{0x40};
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* field, Timestamp at) {
  return ASN1_TIME_set(field, static_cast<std::time_t>(to_unix_ms(at) / 1000)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, const Extension& extension) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> made(
      X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

/// `issuer` null: self-signed.
Result<CertificateHandle> build(const Plan& plan, X509* issuer, EVP_PKEY* issuer_key, Random& random) {
  CertificateHandle certificate(X509_new());
  X509* x = certificate.get();
  if (x == nullptr) return openssl_failure("making a certificate");
  bool good = X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x, random) &&
              set_time(X509_getm_notBefore(x), plan.from) && set_time(X509_getm_notAfter(x), plan.until) &&
              X509_set_pubkey(x, plan.subject_key) == 1;
  good = good && (plan.subject != nullptr ? X509_set_subject_name(x, plan.subject) == 1
                                          : set_common_name(X509_get_subject_name(x), plan.common_name));
  good = good && X509_set_issuer_name(x, X509_get_subject_name(issuer != nullptr ? issuer : x)) == 1;
  for (const auto& extension : plan.extensions) {
    good = good && add_extension(x, issuer != nullptr ? issuer : x, extension);
  }
  if (!good || X509_sign(x, issuer_key, EVP_sha256()) == 0) return openssl_failure("making a certificate");
  return certificate;
}

Result<Issued> issued(const CertificateHandle& certificate) {
  PENSTOCK_TRY(auto facts, facts_of(*certificate));
  auto pem = facts.pem;
  return Issued{std::move(pem), std::move(facts)};
}

bool is_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>> parsed(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  return parsed != nullptr;
}

/// Names go into OpenSSL's comma-separated notation, so only the letters of host names may pass.
Result<std::string> alternative_names(std::vector<std::string> hosts) {
  hosts.insert(hosts.begin(), {"localhost", "127.0.0.1", "::1"});
  std::string out;
  for (const auto& host : hosts) {
    const bool plain = host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:*_") ==
                       std::string::npos;
    if (host.empty() || host.size() > 253 || !plain) return fail(ErrorKind::invalid, "not a host name: " + host);
    if (!out.empty()) out += ",";
    out += (is_address(host) ? "IP:" : "DNS:") + host;
  }
  return out;
}

bool strong_enough(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return EVP_PKEY_get_bits(key) >= 2048;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) return false;
  const std::string_view name(group.data(), size);
  return name == "prime256v1" || name == "secp384r1" || name == "secp521r1";
}

class LocalAuthority final : public Authority {
 public:
  LocalAuthority(const Clock& clock, Random& random, CertificateHandle certificate, KeyHandle key, std::string pem,
                 std::string key_pem)
      : clock_(clock),
        random_(random),
        certificate_(std::move(certificate)),
        key_(std::move(key)),
        pem_(std::move(pem)),
        key_pem_(std::move(key_pem)) {}

  const std::string& certificate_pem() const override { return pem_; }
  const std::string& private_key_pem() const override { return key_pem_; }

  Result<IssuedWithKey> issue_server(std::vector<std::string> hosts) const override {
    PENSTOCK_TRY(auto names, alternative_names(std::move(hosts)));
    PENSTOCK_TRY(const auto key, make_key(KeyKind::ec_p256));
    const Timestamp now = clock_.now();
    const Plan plan{.subject_key = key.get(),
                    .subject = nullptr,
                    .common_name = "penstock",
                    .from = now - kBackdated,
                    .until = now + kServerValidFor,
                    .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                   {NID_key_usage, "critical,digitalSignature"},
                                   {NID_ext_key_usage, "serverAuth"},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, "keyid"},
                                   {NID_subject_alt_name, std::move(names)}}};
    PENSTOCK_TRY(auto certificate, sign(plan));
    PENSTOCK_TRY(auto keys, to_pems(key.get()));
    return IssuedWithKey{std::move(keys), std::move(certificate)};
  }

  Result<Issued> issue_device(std::string_view public_key_pem) const override {
    PENSTOCK_TRY(const auto key, read_public_key(public_key_pem));
    return sign(device_plan(key.get(), nullptr));
  }

  Result<Issued> sign_request(std::string_view request_pem) const override {
    const auto bio = reading(request_pem);
    const RequestHandle request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    EVP_PKEY* key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
    ERR_clear_error();
    if (key == nullptr) return fail(ErrorKind::invalid, "not a PEM certificate signing request");
    const bool own = X509_REQ_verify(request.get(), key) == 1;
    ERR_clear_error();
    if (!own) return fail(ErrorKind::invalid, "the request is not signed by its own key");
    if (!strong_enough(key)) {
      return fail(ErrorKind::invalid, "the key must be RSA of at least 2048 bits or EC P-256, P-384 or P-521");
    }
    return sign(device_plan(key, X509_REQ_get_subject_name(request.get())));
  }

 private:
  Plan device_plan(EVP_PKEY* key, const X509_NAME* subject) const {
    return Plan{.subject_key = key,
                .subject = subject,
                .common_name = "AWS IoT Certificate",
                .from = clock_.now() - kBackdated,
                .until = device_certificate_end(),
                .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                               {NID_key_usage, "critical,digitalSignature"},
                               {NID_subject_key_identifier, "hash"},
                               {NID_authority_key_identifier, "keyid"}}};
  }

  Result<Issued> sign(const Plan& plan) const {
    PENSTOCK_TRY(const auto certificate, build(plan, certificate_.get(), key_.get(), random_));
    return issued(certificate);
  }

  const Clock& clock_;
  Random& random_;
  CertificateHandle certificate_;
  KeyHandle key_;
  std::string pem_;
  std::string key_pem_;
};

}  // namespace

Result<std::shared_ptr<const Authority>> Authority::create(const Clock& clock, Random& random, Options options) {
  PENSTOCK_TRY(auto key, make_key(KeyKind::ec_p256));
  const Timestamp now = clock.now();
  const Plan plan{.subject_key = key.get(),
                  .subject = nullptr,
                  .common_name = options.common_name,
                  .from = now - kBackdated,
                  .until = now + options.valid_for,
                  .extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                                 {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                 {NID_subject_key_identifier, "hash"}}};
  PENSTOCK_TRY(auto certificate, build(plan, nullptr, key.get(), random));
  PENSTOCK_TRY(auto pem, to_pem(*certificate));
  PENSTOCK_TRY(auto keys, to_pems(key.get()));
  return std::make_shared<LocalAuthority>(clock, random, std::move(certificate), std::move(key), std::move(pem),
                                          std::move(keys.private_key_pem));
}

Result<std::shared_ptr<const Authority>> Authority::load(const Clock& clock, Random& random,
                                                         std::string_view certificate_pem,
                                                         std::string_view private_key_pem) {
  PENSTOCK_TRY(auto certificate, read_x509(certificate_pem));
  PENSTOCK_TRY(auto key, read_private_key(private_key_pem));
  const bool belongs = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs) return fail(ErrorKind::invalid, "the authority's key does not belong to its certificate");
  if (X509_check_ca(certificate.get()) != 1) return fail(ErrorKind::invalid, "not the certificate of an authority");
  return std::make_shared<LocalAuthority>(clock, random, std::move(certificate), std::move(key),
                                          std::string(certificate_pem), std::string(private_key_pem));
}

Result<std::string> make_request(std::string_view private_key_pem, std::string_view common_name) {
  PENSTOCK_TRY(const auto key, read_private_key(private_key_pem));
  const RequestHandle request(X509_REQ_new());
  if (!request || X509_REQ_set_version(request.get(), 0) != 1 ||
      !set_common_name(X509_REQ_get_subject_name(request.get()), std::string(common_name)) ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_failure("making a certificate signing request");
  }
  const auto bio = writing();
  if (!bio || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) return openssl_failure("writing a request");
  return written(bio);
}

}  // namespace penstock::pki
