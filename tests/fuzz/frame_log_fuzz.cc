// rooms: framelog os core
// Opens a log whose only segment is the input (first byte 0), or a good segment with bytes changed (first byte 1: then
// triples of offset (2 bytes) and value), and reads all of it back. Nothing may crash, hang or grow without bound.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "os/sim_file_system.h"

namespace {

using namespace penstock;
using namespace penstock::framelog;

void put(os::FileSystem& files, const std::string& path, std::string_view bytes) {
  const auto file = files.open(path, os::OpenMode::create_new);
  const std::array<std::string_view, 1> parts = {bytes};
  static_cast<void>((*file)->pwritev(parts, 0));
}

// A segment with groups of two shards, as a crash leaves it.
std::string good_segment() {
  const std::uint32_t seed = segment_seed(1, 1);
  std::string out = encode_segment_header(seed, 1);
  out.resize(kDataStart, '\0');
  std::uint64_t position = 1;
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    const std::uint64_t begin = out.size();
    const bool mark = sequence == 1;
    const std::string payload(20 * sequence, 'p');
    const auto body = static_cast<std::uint32_t>(mark ? 0 : frame_bytes(payload.size()));
    out.resize(begin + kGroupHeaderBytes + body, '\0');
    encode_group_header(seed,
                        {.sequence = sequence,
                         .first_position = position,
                         .proven_segment = mark ? 0U : 1U,
                         .proven_end = mark ? 0 : begin,
                         .body_bytes = body,
                         .count = mark ? 0U : 1U,
                         .kind = mark ? GroupKind::mark : GroupKind::frames},
                        out.data() + begin);
    if (!mark) {
      char* frame = out.data() + begin + kGroupHeaderBytes;
      encode_frame_header(seed,
                          {.payload_crc = crc32c(payload),
                           .length = static_cast<std::uint32_t>(payload.size()),
                           .last_of_group = true,
                           .shard = static_cast<std::uint32_t>(sequence % 2),
                           .position = position++,
                           .time_ms = 1000},
                          frame);
      payload.copy(frame + kFrameHeaderBytes, payload.size());
    }
    out.resize(align_up(out.size(), kGroupAlign), '\0');
  }
  out.resize(4096, '\0');
  return out;
}

void read_all(FrameLog& log, ManualExecutor& executor, ShardIndex shard) {
  Position from = kBeforeAll;
  for (bool more = true; more;) {
    more = false;
    spawn_here(executor, log.read(shard, from, {.frames_max = 100}), [&](Result<FramePage> page) {
      if (!page.has_value() || page->at_tip || page->frames.empty()) return;
      from = Position(page->frames.back().position.get() + 1);
      more = true;
    });
    executor.run_ready();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string segment(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 1) {
    const std::string changes = segment;
    static const std::string good = good_segment();
    segment = good;
    for (std::size_t i = 0; i + 3 <= changes.size(); i += 3) {
      segment[load_number<std::uint16_t>(changes.data() + i) % segment.size()] = changes[i + 2];
    }
  }
  ManualExecutor executor;
  os::SimFileSystem files(1);
  ManualClock clock;
  SeededRandom random(1);
  static_cast<void>(files.make_directories("logs/a"));
  put(files, "logs/a/log", encode_log_file({.salt = 1}));
  put(files, "logs/a/" + segment_name(1), segment);
  {
    const auto store = embedded_store(files, "logs", clock, random, {.cache_bytes_max = 0, .executor = &executor});
    const auto log = store->open("a");
    if (log.has_value()) {
      for (std::uint32_t shard = 0; shard < 8; ++shard) read_all(**log, executor, ShardIndex(shard));
    }
    executor.run_ready();
  }
  return 0;
}
