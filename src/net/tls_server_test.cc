#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/random.h"
#include "net/http_server.h"
#include "net/raw_client_test.h"
#include "pki/pki.h"

namespace penstock::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Task<HttpResponse> answer(HttpRequest request) {
  HttpResponse response;
  response.headers.add("X-Secure", request.secure ? "yes" : "no");
  response.body = request.path() == "/big" ? std::string(4U << 20U, 'x') : std::to_string(request.body.size());
  co_return response;
}

HttpResponse refusal(int status, std::string_view message, const HttpRequest*) {
  HttpResponse response;
  response.status = status;
  response.body = message;
  return response;
}

/// A blocking TLS client that trusts one authority.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& authority_pem, std::string_view alpn)
      : raw_(port), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    BIO* bio = BIO_new_mem_buf(authority_pem.data(), static_cast<int>(authority_pem.size()));
    X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority);
    X509_free(authority);
    BIO_free(bio);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "localhost");
    if (!alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
    }
    SSL_set_fd(ssl_.get(), raw_.descriptor());
  }

  bool connect() { return SSL_connect(ssl_.get()) == 1; }
  std::string protocol() {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  void send(std::string_view text) {
    std::size_t sent = 0;
    EXPECT_EQ(SSL_write_ex(ssl_.get(), text.data(), text.size(), &sent), 1);
  }
  /// Everything until the server closes; that it closes with close_notify is asserted.
  std::string read_all() {
    std::string out;
    std::string chunk(1U << 16U, '\0');
    std::size_t got = 0;
    int result = 0;
    while ((result = SSL_read_ex(ssl_.get(), chunk.data(), chunk.size(), &got)) == 1) out.append(chunk, 0, got);
    EXPECT_EQ(SSL_get_error(ssl_.get(), result), SSL_ERROR_ZERO_RETURN);
    return out;
  }
  std::string read(std::size_t size) {
    std::string out(size, '\0');
    std::size_t got = 0;
    SSL_read_ex(ssl_.get(), out.data(), size, &got);
    return out.substr(0, got);
  }

 private:
  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

class TlsServerTest : public testing::Test {
 protected:
  std::uint16_t start(HttpLimits limits = {}) {
    auto authority = pki::Authority::create(clock_, random_, {});
    EXPECT_TRUE(authority.has_value());
    auto issued = (*authority)->issue_server({});
    EXPECT_TRUE(issued.has_value());
    trusted_ = (*authority)->certificate_pem();
    auto listening =
        HttpServer::listen(loops_, clock_,
                           {.listen = {"127.0.0.1", 0},
                            .limits = limits,
                            .tls = TlsIdentity{.certificate_chain_pem = issued->certificate.certificate_pem + trusted_,
                                               .private_key_pem = issued->keys.private_key_pem}},
                           &answer, &refusal);
    EXPECT_TRUE(listening.has_value());
    server_ = std::move(*listening);
    return server_->address().port;
  }

  SystemClock clock_;
  SystemRandom random_;
  std::string trusted_;
  EventLoops loops_{2};
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(TlsServerTest, TlsAndPlainTextShareThePort) {
  const std::uint16_t port = start();
  TlsClient client(port, trusted_, "");
  ASSERT_TRUE(client.connect());
  client.send(kGet);
  EXPECT_THAT(client.read_all(), HasSubstr("X-Secure: yes"));
  RawClient plain(port);
  plain.send(kGet);
  EXPECT_THAT(plain.read_all(), HasSubstr("X-Secure: no"));
}

TEST_F(TlsServerTest, LargeBodiesGoBothWays) {
  const std::uint16_t port = start();
  TlsClient client(port, trusted_, "");
  ASSERT_TRUE(client.connect());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n" +
              std::string(3'000'000, 'x'));
  EXPECT_THAT(client.read_all(), testing::EndsWith("\r\n3000000"));
  TlsClient other(port, trusted_, "");
  ASSERT_TRUE(other.connect());
  other.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_GT(other.read_all().size(), 4U << 20U);
}

TEST_F(TlsServerTest, AlpnChoosesHttp2FirstAndTurnsStrangersAway) {
  const std::uint16_t port = start();
  TlsClient both(port, trusted_, "\x08http/1.1\x02h2");
  ASSERT_TRUE(both.connect());
  EXPECT_EQ(both.protocol(), "h2");
  both.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_EQ(both.read(4)[3], '\x04');  // the server's SETTINGS
  TlsClient old(port, trusted_, "\x08http/1.1");
  ASSERT_TRUE(old.connect());
  EXPECT_EQ(old.protocol(), "http/1.1");
  old.send(kGet);
  EXPECT_THAT(old.read_all(), StartsWith("HTTP/1.1 200 "));
  TlsClient stranger(port, trusted_, "\x04spdy");
  EXPECT_FALSE(stranger.connect());
}

TEST_F(TlsServerTest, AHandshakeThatStallsIsCutAndGarbageHarmsNobody) {
  HttpLimits limits;
  limits.head_max = std::chrono::milliseconds(100);
  const std::uint16_t port = start(limits);
  RawClient stalled(port);
  stalled.send("\x16\x03\x01");
  stalled.read_all();
  RawClient garbage(port);
  garbage.send("\x16" + std::string(1000, 'x'));
  garbage.read_all();
  TlsClient client(port, trusted_, "");
  ASSERT_TRUE(client.connect());
  EXPECT_TRUE(server_->stop(std::chrono::seconds(20)));
}

TEST(TlsContext, RefusesWhatIsNoIdentity) {
  EXPECT_FALSE(make_tls_context({.certificate_chain_pem = "no", .private_key_pem = "no"}).has_value());
  SystemClock clock;
  SystemRandom random;
  const auto authority = pki::Authority::create(clock, random, {});
  const auto one = (*authority)->issue_server({});
  const auto other = (*authority)->issue_server({});
  EXPECT_FALSE(make_tls_context({.certificate_chain_pem = one->certificate.certificate_pem,
                                 .private_key_pem = other->keys.private_key_pem})
                   .has_value());
}

}  // namespace
}  // namespace penstock::net
