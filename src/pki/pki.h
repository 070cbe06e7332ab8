#pragma once
/// Keys and X.509 certificates: the local certificate authority, server and device certificates, reading what others
/// made. OpenSSL does the work; no OpenSSL type leaves this room. Everything travels as PEM text.
///
/// Threads: any. Cost: reading and signing take well under a millisecond; making an RSA key takes 50 to 300 ms, so on
///          an event loop make keys only through Workshop.
/// Errors:  invalid (the PEM given is not what it should be), denied (a chain does not hold), unavailable (OpenSSL
///          failed), throttled (Workshop is full).
/// Bounds:  a PEM text is at most kPemBytesMax.
/// Keys come from OpenSSL's own generator; serial numbers from the injected Random.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::pki {

inline constexpr std::size_t kPemBytesMax = 65'536;
inline constexpr std::size_t kWorkshopWaitingMax = 256;

enum class KeyKind : std::uint8_t {
  ec_p256,   ///< our own authority and server: fast
  rsa_2048,  ///< what CreateKeysAndCertificate gives to devices
};

struct KeyPair {
  std::string private_key_pem;  ///< secret. "BEGIN RSA PRIVATE KEY" or "BEGIN EC PRIVATE KEY", as AWS IoT writes it
  std::string public_key_pem;   ///< "BEGIN PUBLIC KEY"
};

/// Blocking; see Workshop.
[[nodiscard]] Result<KeyPair> generate_key(KeyKind kind);

struct CertificateFacts {
  std::string fingerprint;  ///< SHA-256 of the DER, 64 lower-case hex digits: what AWS IoT calls the certificateId
  std::string subject;      ///< RFC 2253, e.g. "CN=AWS IoT Certificate"
  std::string issuer;
  std::string common_name;  ///< of the subject; empty when it has none
  std::string serial_hex;
  std::string public_key_pem;
  std::string pem;  ///< the certificate alone, as OpenSSL writes it
  Timestamp not_before{};
  Timestamp not_after{};
  bool is_authority = false;  ///< basicConstraints CA:TRUE
};

/// Reads the first certificate of a PEM text.
[[nodiscard]] Result<CertificateFacts> read_certificate(std::string_view pem);

/// The same from DER bytes (what a TLS peer sent).
[[nodiscard]] Result<CertificateFacts> read_certificate_der(std::string_view der);

/// Fails with `denied` unless `leaf_pem` is signed, directly or through the other certificates of `authorities_pem`
/// (one or more PEM certificates), by an authority among them, and all are valid at `at`.
[[nodiscard]] Result<void> verify_chain(std::string_view leaf_pem, std::string_view authorities_pem, Timestamp at);

/// Whether a private key belongs to a certificate.
[[nodiscard]] Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem);

/// 2049-12-31T23:59:59Z, when AWS IoT's client certificates end (IoT Developer Guide, "Create AWS IoT client
/// certificates").
[[nodiscard]] Timestamp device_certificate_end();

struct Issued {
  std::string certificate_pem;
  CertificateFacts facts;
};

struct IssuedWithKey {
  KeyPair keys;
  Issued certificate;
};

/// Signs certificates. Immutable once made.
class Authority {
 public:
  struct Options {
    std::string common_name = "Penstock Local CA";
    std::chrono::days valid_for{3650 * 2};
  };

  /// A new self-signed authority (ECDSA P-256).
  [[nodiscard]] static Result<std::shared_ptr<const Authority>> create(const Clock& clock, Random& random,
                                                                       Options options);
  /// One that was made before. Errors: invalid when either part is no such thing or they do not belong together.
  [[nodiscard]] static Result<std::shared_ptr<const Authority>> load(const Clock& clock, Random& random,
                                                                     std::string_view certificate_pem,
                                                                     std::string_view private_key_pem);
  virtual ~Authority() = default;

  [[nodiscard]] virtual const std::string& certificate_pem() const = 0;
  /// Secret: for writing the authority to its file, nothing else.
  [[nodiscard]] virtual const std::string& private_key_pem() const = 0;

  /// A TLS server certificate with its key (P-256), valid for localhost, 127.0.0.1, ::1 and `hosts` (DNS names or
  /// addresses), for 825 days.
  [[nodiscard]] virtual Result<IssuedWithKey> issue_server(std::vector<std::string> hosts) const = 0;

  /// A client certificate, subject CN=AWS IoT Certificate, valid until device_certificate_end(), for a key made
  /// before (Workshop::generate_key).
  [[nodiscard]] virtual Result<Issued> issue_device(std::string_view public_key_pem) const = 0;

  /// A client certificate for a certificate signing request: its subject and key. Errors: invalid when the request is
  /// malformed, not signed by its own key, or the key is too weak (RSA below 2048 bits, EC other than P-256, P-384,
  /// P-521: IoT Developer Guide, "Create a client certificate ... CSR").
  [[nodiscard]] virtual Result<Issued> sign_request(std::string_view request_pem) const = 0;
};

/// A certificate signing request for a key. For tests and command-line tools.
[[nodiscard]] Result<std::string> make_request(std::string_view private_key_pem, std::string_view common_name);

/// A thread that makes keys, so that event loops need not. At most kWorkshopWaitingMax requests wait (throttled).
/// The Task resumes on its caller's executor. Destruction finishes what waits with `unavailable`.
class Workshop {
 public:
  Workshop();
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  Task<Result<KeyPair>> generate_key(KeyKind kind);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace penstock::pki
