#include "server/boot_id.h"

#include <algorithm>
#include <span>

namespace penstock::server {

std::string boot_id(os::FileSystem& files, Random& random) {
  constexpr std::size_t kUuidLength = 36;
  std::string id(kUuidLength, '\0');
  const auto file = files.open("/proc/sys/kernel/random/boot_id", os::OpenMode::read);
  if (!file.has_value()) return random.uuid();
  const auto got = (*file)->pread(std::span(id), 0);
  const bool is_uuid = got.has_value() && *got == kUuidLength && std::ranges::all_of(id, [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
                       });
  return is_uuid ? id : random.uuid();
}

}  // namespace penstock::server
