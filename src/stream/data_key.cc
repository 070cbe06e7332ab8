#include "stream/data_key.h"

#include <bit>
#include <cstring>
#include <span>

namespace penstock::stream {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::size_t kKeyNumberAt = 4;
constexpr std::size_t kNonceAt = 8;
static_assert(kNonceAt + kAeadNonceBytes == kEncryptedHeaderBytes);
static_assert(DataKey::kNoncePrefixBytes + sizeof(std::uint32_t) == kAeadNonceBytes);
static_assert(std::endian::native == std::endian::little);

void append_u32(std::uint32_t value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string random_text(Random& random, std::size_t count) {
  std::string text(count, '\0');
  random.fill(std::as_writable_bytes(std::span(text)));
  return text;
}

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::corrupt, "encrypted record frame: " + std::string(what));
}

}  // namespace

bool is_encrypted_frame(std::string_view frame) {
  return !frame.empty() && static_cast<std::uint8_t>(frame.front()) == kFormat;
}

Result<EncryptedFrame> parse_encrypted_frame(std::string_view frame) {
  if (!is_encrypted_frame(frame)) return corrupt("unknown format");
  if (frame.size() < kEncryptionBytes) return corrupt("cut short");
  if (frame.substr(1, 3) != std::string_view("\0\0\0", 3)) return corrupt("a reserved byte is set");
  EncryptedFrame parsed{.bound = frame.substr(0, kNonceAt),
                        .nonce = frame.substr(kNonceAt, kAeadNonceBytes),
                        .sealed = frame.substr(kEncryptedHeaderBytes)};
  std::memcpy(&parsed.key_number, frame.data() + kKeyNumberAt, sizeof parsed.key_number);
  if (parsed.key_number == 0) return corrupt("it names no key");
  return parsed;
}

DataKey::DataKey(std::string stream_uid, std::uint32_t number, SecretBytes key, Random& random)
    : stream_uid_(std::move(stream_uid)),
      number_(number),
      key_(std::move(key)),
      nonce_prefix_(random_text(random, kNoncePrefixBytes)) {}

/// Binds a frame to its stream and shard, so that it says nothing elsewhere.
std::string DataKey::associated(framelog::ShardIndex shard, std::string_view bound) const {
  std::string text;
  text.reserve(bound.size() + sizeof(std::uint32_t) + stream_uid_.size());
  text += bound;
  append_u32(shard.get(), text);
  text += stream_uid_;
  return text;
}

std::string DataKey::encrypt(framelog::ShardIndex shard, std::string_view frame) {
  std::string out;
  out.reserve(frame.size() + kEncryptionBytes);
  out.push_back(static_cast<char>(kFormat));
  out.append(3, '\0');
  append_u32(number_, out);
  const std::string bound = associated(shard, out);
  std::string nonce = nonce_prefix_;
  append_u32(frames_.fetch_add(1, std::memory_order_relaxed), nonce);
  out += nonce;
  aead_seal(key_.view(), nonce, bound, frame, out);
  return out;
}

std::optional<std::string> DataKey::decrypt(framelog::ShardIndex shard, const EncryptedFrame& frame) const {
  return aead_open(key_.view(), frame.nonce, associated(shard, frame.bound), frame.sealed);
}

}  // namespace penstock::stream
