#include <openssl/err.h>
#include <openssl/pem.h>

#include <deque>
#include <thread>
#include <utility>

#include "pki/openssl_types.h"

namespace penstock::pki {
namespace detail {

std::unexpected<Error> openssl_failure(std::string_view doing) {
  char text[256] = "unknown error";
  if (const auto code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return fail(ErrorKind::unavailable, std::string(doing) + ": " + text);
}

BioHandle reading(std::string_view text) {
  if (text.size() > kPemBytesMax) return nullptr;
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

BioHandle writing() { return BioHandle(BIO_new(BIO_s_mem())); }

std::string written(const BioHandle& bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

Result<KeyHandle> make_key(KeyKind kind) {
  KeyHandle key(kind == KeyKind::rsa_2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("making a key");
  return key;
}

namespace {
/// Encrypted keys are refused instead of asking a terminal for the passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }
}  // namespace

Result<KeyHandle> read_private_key(std::string_view pem) {
  const auto bio = reading(pem);
  KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return fail(ErrorKind::invalid, "not a PEM private key");
  return key;
}

Result<KeyHandle> read_public_key(std::string_view pem) {
  const auto bio = reading(pem);
  KeyHandle key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return fail(ErrorKind::invalid, "not a PEM public key");
  return key;
}

Result<std::string> public_pem(EVP_PKEY* key) {
  const auto bio = writing();
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key) != 1) return openssl_failure("writing a public key");
  return written(bio);
}

Result<KeyPair> to_pems(EVP_PKEY* key) {
  const auto bio = writing();
  if (!bio || PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failure("writing a private key");
  }
  PENSTOCK_TRY(auto public_key, public_pem(key));
  return KeyPair{written(bio), std::move(public_key)};
}

}  // namespace detail

Result<KeyPair> generate_key(KeyKind kind) {
  PENSTOCK_TRY(const auto key, detail::make_key(kind));
  return detail::to_pems(key.get());
}

struct Workshop::State {
  struct Order {
    KeyKind kind;
    Completion<Result<KeyPair>> done;
  };
  Mutex mutex;
  CondVar changed;
  std::deque<Order> waiting GUARDED_BY(mutex);  // bounded by kWorkshopWaitingMax
  bool stopping GUARDED_BY(mutex) = false;
  std::thread thread;

  void run() {
    while (true) {
      mutex.lock();
      while (waiting.empty() && !stopping) changed.wait(mutex);
      if (waiting.empty()) {
        mutex.unlock();
        return;
      }
      const Order order = std::move(waiting.front());
      waiting.pop_front();
      const bool refuse = stopping;
      mutex.unlock();
      order.done.set(refuse ? fail(ErrorKind::unavailable, "shutting down") : pki::generate_key(order.kind));
    }
  }
};

Workshop::Workshop() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Workshop::~Workshop() {
  {
    const MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

Task<Result<KeyPair>> Workshop::generate_key(KeyKind kind) {
  const Completion<Result<KeyPair>> done;
  const auto state = state_;  // the Workshop may be gone when this resumes
  {
    const MutexLock lock(state->mutex);
    if (state->stopping) co_return fail(ErrorKind::unavailable, "shutting down");
    if (state->waiting.size() >= kWorkshopWaitingMax) {
      co_return fail(ErrorKind::throttled, "too many keys are being made");
    }
    state->waiting.push_back({kind, done});
  }
  state->changed.notify_one();
  co_return co_await done;
}

}  // namespace penstock::pki
