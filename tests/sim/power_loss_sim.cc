// Simulates power losses under the frame log until enough of them happened. A failure prints how to replay it.
//   power_loss_sim [--seed FIRST] [--runs N | --losses N] [--verbose]

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "frame_log_world.h"

namespace {

constexpr int kCyclesOfARun = 6;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t runs = UINT64_MAX;
  std::uint64_t losses = UINT64_MAX;
  bool verbose = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--verbose") {
      options.verbose = true;
      continue;
    }
    std::uint64_t* value = name == "--seed"     ? &options.seed
                           : name == "--runs"   ? &options.runs
                           : name == "--losses" ? &options.losses
                                                : nullptr;
    if (value == nullptr || ++i == argc) return false;
    const char* end = argv[i] + std::strlen(argv[i]);
    if (std::from_chars(argv[i], end, *value).ptr != end) return false;
  }
  if (options.runs == UINT64_MAX && options.losses == UINT64_MAX) options.runs = 1;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: power_loss_sim [--seed FIRST] [--runs N | --losses N] [--verbose]\n");
    return 2;
  }
  penstock::sim::Counts counts;
  std::uint64_t run = 0;
  for (; run < options.runs && counts.losses < options.losses; ++run) {
    const std::uint64_t seed = options.seed + run;
    try {
      penstock::sim::FrameLogWorld(seed, counts, options.verbose).run(kCyclesOfARun);
    } catch (const penstock::sim::Violation& violation) {
      std::printf("seed %llu: %s\nreplay: %s --seed %llu --runs 1 --verbose\n", static_cast<unsigned long long>(seed),
                  violation.what.c_str(), argv[0], static_cast<unsigned long long>(seed));
      return 1;
    }
  }
  const auto line = [](const char* name, std::uint64_t value) {
    std::printf("%-34s %llu\n", name, static_cast<unsigned long long>(value));
  };
  line("runs", run);
  line("power losses", counts.losses);
  line("kills", counts.kills);
  line("clean closes", counts.clean_closes);
  line("appends", counts.appends);
  line("acknowledged", counts.acknowledged);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("trims", counts.trims);
  line("bits flipped in closed logs", counts.flips);
  line("  of these reported as corrupt", counts.flips_reported);
  line("unreadable sectors", counts.bad_sectors);
  line("  of these hit and refused", counts.bad_sectors_refused);
  return 0;
}
