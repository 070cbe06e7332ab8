// rooms: server
// A manifest that is understood comes out the same when it is written and read again, and names nothing outside.
#include <cstdint>

#include "server/backup_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const auto manifest = server::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) return 0;
  for (const server::BackupFile& file : manifest->files) {
    PENSTOCK_ASSERT(!file.name.starts_with('/') && !file.name.starts_with("../") && file.name != "..");
  }
  const auto again = server::parse_manifest(server::render_manifest(*manifest));
  PENSTOCK_ASSERT(again.has_value() && *again == *manifest);
  return 0;
}
