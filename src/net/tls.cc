#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>

namespace penstock::net {

namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr std::string_view kSessionContext = "penstock";
constexpr std::string_view kHttpProtocols = "\x02h2\x08http/1.1";

Bio reading(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all};
}

Certificate next_certificate(BIO* bio) { return {PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), &X509_free}; }

Result<void> use_chain(SSL_CTX* context, std::string_view pem) {
  const Bio bio = reading(pem);
  const Certificate own = bio ? next_certificate(bio.get()) : Certificate(nullptr, &X509_free);
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail(ErrorKind::invalid, "the server's certificate is not a PEM certificate");
  }
  while (Certificate further = next_certificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(context, further.get()) != 1) {
      return fail(ErrorKind::invalid, "the server's certificate chain is not usable");
    }
    (void)further.release();
  }
  return {};
}

Result<void> use_key(SSL_CTX* context, std::string_view pem) {
  const Bio bio = reading(pem);
  const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr, &EVP_PKEY_free);
  if (!key) return fail(ErrorKind::invalid, "the server's private key is not a PEM private key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(ErrorKind::invalid, "the server's private key does not belong to its certificate");
  }
  return {};
}

int select_http(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(kHttpProtocols.data()),
                            static_cast<unsigned int>(kHttpProtocols.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void TlsContextFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const TlsIdentity& identity) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorKind::unavailable, "OpenSSL cannot make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // idle connections hold none
  Result<void> used = use_chain(context.get(), identity.certificate_chain_pem);
  if (used.has_value()) used = use_key(context.get(), identity.private_key_pem);
  ERR_clear_error();
  if (!used.has_value()) return std::unexpected(used.error());
  // Resumed sessions must say that they are meant for this server.
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned int>(kSessionContext.size()));
  return context;
}

void offer_http(SSL_CTX* context) { SSL_CTX_set_alpn_select_cb(context, &select_http, nullptr); }

}  // namespace penstock::net
