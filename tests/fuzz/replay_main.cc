// Feeds a fuzz target the empty input and every file of the folders named on the command line, so that the ordinary
// tests replay each corpus. A folder that does not exist counts as empty.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& name, const std::string& bytes) {
  // Printed before the run: the last line of a crash names its input.
  std::printf("%s (%zu bytes)\n", name.c_str(), bytes.size());
  std::fflush(stdout);
  // A copy of exactly this size lets AddressSanitizer see a read past the end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    feed("empty input", "");
    for (int i = 1; i < argc; ++i) {
      if (!std::filesystem::is_directory(argv[i])) continue;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        feed(entry.path().string(), {std::istreambuf_iterator<char>(in), {}});
      }
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "replay: %s\n", e.what());
    return 1;
  }
  return 0;
}
