// rooms: framelog os core
// Opens a log whose only segment is the input (first byte 0), or a good segment with bytes changed (first byte 1: then
// triples of offset (2 bytes) and value), or a sorted one with bytes changed (first byte 2), reads all of it back,
// sorts it where it can be sorted, and looks through it. Nothing may crash, hang or grow without bound.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/inspection.h"
#include "framelog/embedded/segment_sort.h"
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

// The same as it is when it was sealed and sorted.
std::string sorted_segment() {
  os::SimFileSystem files(1);
  static_cast<void>(files.make_directories("logs"));
  put(files, "logs/" + segment_name(1), good_segment());
  const auto file = files.open("logs/" + segment_name(1), os::OpenMode::read_write);
  Segment segment;
  segment.number = 1;
  segment.seed = segment_seed(1, 1);
  segment.path = "logs/" + segment_name(1);
  segment.index = std::make_unique<SegmentIndex>();
  FileWindow window(**file, 4096);
  segment.data_end = kDataStart;
  while (const auto group = read_group(window, segment.seed, segment.data_end).value()) {
    for (const FramePlace& frame : group->frames) segment.index->add(frame);
    segment.data_end = group->end;
    segment.next_sequence = group->header.sequence + 1;
    segment.next_position = position_after(group->header);
  }
  static_cast<void>(seal_segment(**file, segment));
  segment.index_bytes = segment.index->encoded_bytes();
  SegmentSort sort(files, "logs", segment, {.step_bytes = 4096, .gain_min = 0});
  while (sort.step().value() != SegmentSort::State::written) {
  }
  static_cast<void>(sort.put_in_place());
  const auto sorted = files.open("logs/" + sorted_segment_name(1), os::OpenMode::read);
  std::string bytes(*(*sorted)->size(), '\0');
  static_cast<void>((*sorted)->pread(bytes, 0));
  return bytes;
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
  const bool is_sorted = data[0] == 2;
  if (data[0] == 1 || is_sorted) {
    const std::string changes = segment;
    static const std::string good = good_segment();
    static const std::string sorted = sorted_segment();
    segment = is_sorted ? sorted : good;
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
  put(files, "logs/a/" + (is_sorted ? sorted_segment_name(1) : segment_name(1)), segment);
  static_cast<void>(inspect_log(files, "logs/a"));
  {
    const auto store = embedded_store(files, "logs", clock, random,
                                      {.cache_bytes_max = 0,
                                       .sort_segment_bytes_min = 0,
                                       .sort_gain_min = 0,
                                       .sort_step_bytes = 4096,
                                       .executor = &executor});
    const auto log = store->open("a");
    if (log.has_value()) {
      for (std::uint32_t shard = 0; shard < 8; ++shard) read_all(**log, executor, ShardIndex(shard));
    }
    executor.run_ready();
  }
  return 0;
}
