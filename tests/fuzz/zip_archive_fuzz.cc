// rooms: functions
/// Zips as users upload them: whatever they are, names stay inside, bytes stay bounded, nothing is read beyond them.

#include <cstdint>
#include <string_view>

#include "core/result.h"
#include "functions/zip_archive.h"

namespace {

constexpr std::uint64_t kBytesMax = 1U << 20U;

class CheckingSink final : public penstock::functions::ZipSink {
 public:
  penstock::Result<void> folder(std::string_view name) override {
    check_name(name);
    return {};
  }
  penstock::Result<void> begin_file(std::string_view name, bool /*executable*/) override {
    check_name(name);
    return {};
  }
  penstock::Result<void> piece(std::string_view bytes) override {
    bytes_ += bytes.size();
    PENSTOCK_ASSERT(bytes_ <= kBytesMax);
    return {};
  }
  penstock::Result<void> end_file() override { return {}; }

 private:
  static void check_name(std::string_view name) {
    PENSTOCK_ASSERT(!name.empty() && name.size() <= penstock::functions::kZipNameBytesMax);
    while (true) {
      const std::size_t slash = name.find('/');
      const std::string_view part = name.substr(0, slash);
      PENSTOCK_ASSERT(!part.empty() && part != "." && part != ".." && !part.contains('\0'));
      if (slash == std::string_view::npos) return;
      name.remove_prefix(slash + 1);
    }
  }
  std::uint64_t bytes_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CheckingSink sink;
  const auto bytes = penstock::functions::unpack_zip({reinterpret_cast<const char*>(data), size},
                                                     {.unpacked_bytes_max = kBytesMax, .entries_max = 64}, sink);
  if (bytes.has_value()) PENSTOCK_ASSERT(*bytes <= kBytesMax);
  return 0;
}
