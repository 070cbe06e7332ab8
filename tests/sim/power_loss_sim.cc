// Simulates crashes (power losses and kills) until enough of them happened. A failure prints how to replay it.
//   power_loss_sim [--world frame-log|catalog|stream|logs|events] [--seed FIRST] [--runs N | --crashes N] [--verbose]

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "catalog_world.h"
#include "event_world.h"
#include "frame_log_world.h"
#include "framelog/log_metrics.h"
#include "log_world.h"
#include "stream_world.h"
#include "telemetry/log.h"

namespace {

constexpr int kCyclesOfARun = 6;
constexpr std::array<std::string_view, 5> kWorlds = {"frame-log", "catalog", "stream", "logs", "events"};
constexpr const char* kUsage =
    "power_loss_sim [--world frame-log|catalog|stream|logs|events] [--seed FIRST] [--runs N | --crashes N] [--verbose]";

struct Options {
  std::string world = "frame-log";
  std::uint64_t seed = 1;
  std::uint64_t runs = UINT64_MAX;
  std::uint64_t crashes = UINT64_MAX;
  bool verbose = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--verbose") {
      options.verbose = true;
      continue;
    }
    if (name == "--world") {
      if (++i == argc) return false;
      options.world = argv[i];
      if (std::ranges::find(kWorlds, options.world) == kWorlds.end()) return false;
      continue;
    }
    std::uint64_t* value = name == "--seed"      ? &options.seed
                           : name == "--runs"    ? &options.runs
                           : name == "--crashes" ? &options.crashes
                                                 : nullptr;
    if (value == nullptr || ++i == argc) return false;
    const char* end = argv[i] + std::strlen(argv[i]);
    if (std::from_chars(argv[i], end, *value).ptr != end) return false;
  }
  if (options.runs == UINT64_MAX && options.crashes == UINT64_MAX) options.runs = 1;
  return true;
}

void line(const char* name, std::uint64_t value) {
  std::printf("%-34s %llu\n", name, static_cast<unsigned long long>(value));
}

void print_crashes(const auto& counts) {
  line("power losses", counts.losses);
  line("kills", counts.kills);
  line("clean closes", counts.clean_closes);
}

void print(const penstock::sim::Counts& counts) {
  print_crashes(counts);
  line("appends", counts.appends);
  line("acknowledged", counts.acknowledged);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("trims", counts.trims);
  line("segments sorted", penstock::framelog::log_metrics().sorted_segments.value());
  line("bits flipped in closed logs", counts.flips);
  line("  of these reported as corrupt", counts.flips_reported);
  line("unreadable sectors", counts.bad_sectors);
  line("  of these hit and refused", counts.bad_sectors_refused);
}

void print(const penstock::sim::CatalogCounts& counts) {
  print_crashes(counts);
  line("commits", counts.commits);
  line("acknowledged", counts.acknowledged);
  line("conflicts", counts.conflicts);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("commits after a full disk", counts.healed);
}

void print(const penstock::sim::StreamCounts& counts) {
  print_crashes(counts);
  line("records put", counts.records);
  line("acknowledged", counts.acknowledged);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("records read back", counts.read_back);
  line("changes of streams", counts.changes);
  line("  done", counts.changes_done);
  line("  outcome unknown", counts.changes_unknown);
  line("puts after a full disk", counts.healed);
  line("disks that retention emptied", counts.freed);
  line("bits flipped in closed logs", counts.flips);
  line("  of these reported", counts.flips_reported);
}

void print(const penstock::sim::LogCounts& counts) {
  print_crashes(counts);
  line("events put", counts.events);
  line("acknowledged", counts.acknowledged);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("events read back", counts.read_back);
  line("changes of groups", counts.changes);
  line("  done", counts.changes_done);
  line("  outcome unknown", counts.changes_unknown);
  line("puts after a full disk", counts.healed);
  line("bits flipped in closed logs", counts.flips);
  line("  of these reported", counts.flips_reported);
}

void print(const penstock::sim::EventCounts& counts) {
  print_crashes(counts);
  line("events", counts.events);
  line("acknowledged", counts.acknowledged);
  line("outcome unknown", counts.unknown);
  line("refused", counts.refused);
  line("invocations", counts.invocations);
  line("events that succeeded", counts.succeeded);
  line("events that failed to the end", counts.exhausted);
  line("events after a full disk", counts.healed);
}

template <class World, class Counts>
int simulate(const Options& options, const char* program) {
  Counts counts;
  std::uint64_t run = 0;
  for (; run < options.runs && counts.losses + counts.kills < options.crashes; ++run) {
    const std::uint64_t seed = options.seed + run;
    try {
      World(seed, counts, options.verbose).run(kCyclesOfARun);
    } catch (const penstock::sim::Violation& violation) {
      std::printf("seed %llu: %s\nreplay: %s --world %s --seed %llu --runs 1 --verbose\n",
                  static_cast<unsigned long long>(seed), violation.what.c_str(), program, options.world.c_str(),
                  static_cast<unsigned long long>(seed));
      return 1;
    }
  }
  line("runs", run);
  print(counts);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: %s\n", kUsage);
    return 2;
  }
  // What fails here fails on purpose.
  if (!options.verbose) penstock::telemetry::set_sink([](std::string_view) {});
  if (options.world == "stream") {
    return simulate<penstock::sim::StreamWorld, penstock::sim::StreamCounts>(options, argv[0]);
  }
  if (options.world == "events") {
    return simulate<penstock::sim::EventWorld, penstock::sim::EventCounts>(options, argv[0]);
  }
  if (options.world == "logs") {
    return simulate<penstock::sim::LogWorld, penstock::sim::LogCounts>(options, argv[0]);
  }
  if (options.world == "catalog") {
    return simulate<penstock::sim::CatalogWorld, penstock::sim::CatalogCounts>(options, argv[0]);
  }
  return simulate<penstock::sim::FrameLogWorld, penstock::sim::Counts>(options, argv[0]);
}
