#include "mqtt/transport/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <string_view>

namespace penstock::mqtt::transport {

namespace ssl = boost::asio::ssl;

Result<std::unique_ptr<ssl::context>> make_server_context(const TlsIdentity& identity) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  context->use_certificate_chain(boost::asio::buffer(identity.certificate_chain_pem), error);
  if (error) return fail(ErrorKind::invalid, "the MQTT server's certificate: " + error.message());
  context->use_private_key(boost::asio::buffer(identity.private_key_pem), ssl::context::pem, error);
  if (error) return fail(ErrorKind::invalid, "the MQTT server's private key: " + error.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    return fail(ErrorKind::invalid, "the MQTT server's private key does not belong to its certificate");
  }
  context->set_verify_mode(ssl::verify_peer, error);
  SSL_CTX_set_cert_verify_callback(native, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  // Resumed sessions carry the client's certificate; OpenSSL wants to know that they are meant for this server.
  constexpr std::string_view kSessionContext = "penstock-mqtt";
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 kSessionContext.size());
  return context;
}

std::optional<std::string> peer_certificate_pem(SSL* ssl) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl), &X509_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (!certificate || !bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return std::nullopt;
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace penstock::mqtt::transport
