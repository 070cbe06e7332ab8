// rooms: cli
// Any bytes, as they are and between a mark and their MD5: what is read lies inside what was given.
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/aggregated_record.h"
#include "core/result.h"

namespace {

void check_inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  const std::less_equal<> not_after;
  PENSTOCK_ASSERT(not_after(whole.data(), part.data()));
  PENSTOCK_ASSERT(not_after(part.data() + part.size(), whole.data() + whole.size()));
}

void read(std::string_view bytes) {
  const auto records = penstock::cli::read_aggregated_record(bytes);
  if (!records) return;
  PENSTOCK_ASSERT(!records->empty() && records->size() <= penstock::cli::kUserRecordsMax);
  for (const auto& record : *records) {
    check_inside(record.partition_key, bytes);
    check_inside(record.explicit_hash_key, bytes);
    check_inside(record.data, bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  std::array<unsigned char, 16> digest{};
  unsigned digest_bytes = 0;
  PENSTOCK_ASSERT(EVP_Digest(data, size, digest.data(), &digest_bytes, EVP_md5(), nullptr) == 1);
  std::string whole = "\xf3\x89\x9a\xc2";
  whole += bytes;
  whole.append(reinterpret_cast<const char*>(digest.data()), digest_bytes);
  read(whole);
  return 0;
}
