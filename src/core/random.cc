#include "core/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/encoding/hex.h"
#include "core/result.h"

namespace penstock {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::uint64_t Random::u64() {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  PENSTOCK_ASSERT(bound > 0);
  // Draws above the largest multiple of `bound` would favour small results: draw again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = u64();
  while (value >= limit) value = u64();
  return value % bound;
}

std::string Random::text(std::size_t length, std::string_view alphabet) {
  std::string out(length, '\0');
  for (char& c : out) c = alphabet[below(alphabet.size())];
  return out;
}

std::string Random::hex(std::size_t byte_count) {
  std::string bytes(byte_count, '\0');
  fill(std::as_writable_bytes(std::span(bytes)));
  return hex_encode(bytes);
}

std::string Random::uuid() {
  std::string digits = hex(16);
  digits[12] = '4';
  digits[16] = kHexDigits[8 + below(4)];
  std::string out;
  out.reserve(36);
  std::size_t from = 0;
  for (const std::size_t to : {8, 12, 16, 20, 32}) {
    if (from != 0) out += '-';
    out.append(digits, from, to - from);
    from = to;
  }
  return out;
}

namespace {

/// Random bytes for identifiers: every request has one, and asking the system for sixteen bytes at a time takes longer
/// than most of what else is done for a request. Each byte is given once and wiped.
class Reserve {
 public:
  void take(std::span<std::byte> out) {
    if (left_ < out.size()) {
      read_random(bytes_);
      left_ = bytes_.size();
    }
    const auto from = std::span(bytes_).subspan(left_ - out.size(), out.size());
    std::ranges::copy(from, out.begin());
    explicit_bzero(from.data(), from.size());
    left_ -= out.size();
  }
  static void read_random(std::span<std::byte> out);

 private:
  std::array<std::byte, 512> bytes_{};
  std::size_t left_ = 0;
};

constexpr std::size_t kFromReserveMax = 16;

void Reserve::read_random(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    PENSTOCK_ASSERT(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

void SystemRandom::fill(std::span<std::byte> out) {
  if (out.size() > kFromReserveMax) return Reserve::read_random(out);  // keys
  thread_local Reserve reserve;
  reserve.take(out);
}

void SeededRandom::fill(std::span<std::byte> out) {
  const MutexLock lock(mutex_);
  while (!out.empty()) {
    // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    const std::size_t n = out.size() < sizeof z ? out.size() : sizeof z;
    std::memcpy(out.data(), &z, n);
    out = out.subspan(n);
  }
}

}  // namespace penstock
