#pragma once
/// Random bytes, injected. SystemRandom is fit for keys and tokens; SeededRandom is for tests and simulation only.
/// Threads: any.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/mutex.h"

namespace penstock {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  [[nodiscard]] std::uint64_t u64();
  /// Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// `length` characters, each drawn uniformly from `alphabet`.
  [[nodiscard]] std::string text(std::size_t length, std::string_view alphabet);
  /// Lower-case hex of `byte_count` random bytes.
  [[nodiscard]] std::string hex(std::size_t byte_count);
  /// RFC 4122 version 4, e.g. "7d444840-9dc0-41d1-b245-5ffdce74fad2".
  [[nodiscard]] std::string uuid();
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  Mutex mutex_;
  std::uint64_t state_ GUARDED_BY(mutex_);
};

}  // namespace penstock
