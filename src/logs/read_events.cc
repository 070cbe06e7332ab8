// LogGroup::read: blocks that may hold something of the page are read in the order of their times; what is read is
// cut down to a page and one event again and again, so that memory does not grow with what lies there.
#include <algorithm>
#include <utility>

#include "logs/log_group.h"

namespace penstock::logs {
namespace {

constexpr framelog::ShardIndex kEvents{0};
constexpr framelog::ReadLimits kReadLimits{.frames_max = 256, .bytes_max = 1U << 20U};
/// "This size is calculated as the sum of all event messages in UTF-8, plus 26 bytes for each log event."
constexpr std::size_t kEventOverheadBytes = 26;

/// Nearest to where the page begins first.
void sort_for(const EventQuery& query, std::vector<StoredEvent>& pool) {
  if (query.newest) {
    std::ranges::sort(pool, std::greater{}, &StoredEvent::key);
  } else {
    std::ranges::sort(pool, std::less{}, &StoredEvent::key);
  }
}

/// How many of the sorted events fit the page.
std::size_t page_size(const EventQuery& query, const std::vector<StoredEvent>& pool) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < pool.size() && count < query.events_max; ++count) {
    bytes += pool[count].message.size() + kEventOverheadBytes;
    if (bytes > query.bytes_max && count > 0) break;
  }
  return count;
}

/// Keeps the page and one event more, which tells that there is more and where.
void cut(const EventQuery& query, std::vector<StoredEvent>& pool) {
  sort_for(query, pool);
  const std::size_t keep = page_size(query, pool) + 1;
  if (pool.size() > keep) pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(keep), pool.end());
}

/// Whether the block could still hold an event that belongs before the last one of the (cut) pool.
bool may_improve(const EventQuery& query, const std::vector<StoredEvent>& pool, const Block& block) {
  if (page_size(query, pool) == pool.size()) return true;
  const std::int64_t last_ms = pool.back().key.time_ms;
  return query.newest ? to_unix_ms(block.last) >= last_ms : to_unix_ms(block.first) <= last_ms;
}

/// Whether a page that ends before this block gets on at all.
bool may_stop_before(const EventQuery& query, const Block& block) {
  return query.newest ? to_unix_ms(block.last) + 1 < query.before.time_ms && block.last < query.last
                      : to_unix_ms(block.first) > query.from.time_ms && block.first > query.first;
}

/// Nothing of the block or of those behind it was looked at.
void leave_out(const EventQuery& query, const Block& block, std::vector<StoredEvent>& pool) {
  std::erase_if(pool, [&](const StoredEvent& event) {
    return query.newest ? event.key.time_ms <= to_unix_ms(block.last) : event.key.time_ms >= to_unix_ms(block.first);
  });
}

EventKey next_after(const EventQuery& query, const Block& block) {
  return query.newest ? EventKey{.time_ms = to_unix_ms(block.last) + 1, .position = 0, .index = 0}
                      : EventKey{.time_ms = to_unix_ms(block.first), .position = 0, .index = 0};
}

EventPage make_page(const EventQuery& query, std::vector<StoredEvent> pool, std::optional<EventKey> stopped_at) {
  EventPage page;
  const std::size_t count = page_size(query, pool);
  if (count < pool.size()) {
    page.next = query.newest ? successor(pool[count].key) : pool[count].key;
    pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(count), pool.end());
  } else {
    page.next = stopped_at;
  }
  page.events = std::move(pool);
  if (query.newest) std::ranges::reverse(page.events);
  return page;
}

/// Narrows the query to times that its keys allow.
void narrow(EventQuery& query, Timestamp oldest_kept) {
  query.first = std::max({query.first, oldest_kept, from_unix_ms(query.from.time_ms)});
  query.last = std::min(query.last, from_unix_ms(query.before.time_ms));
}

void take_events(const EventQuery& query, const std::vector<StreamId>& streams, const framelog::StoredFrame& stored,
                 const EventFrame& frame, std::vector<StoredEvent>& pool) {
  if (!streams.empty() && std::ranges::find(streams, frame.stream) == streams.end()) return;
  std::uint32_t index = 0;
  for (const EventView& event : frame.events) {
    const EventKey key{.time_ms = to_unix_ms(event.time), .position = stored.position.get(), .index = index++};
    if (event.time < query.first || event.time > query.last || key < query.from || key >= query.before) continue;
    if (query.matches && !query.matches(event.message)) continue;
    pool.push_back({.key = key, .stream = frame.stream, .taken = stored.time, .message = std::string(event.message)});
  }
}

}  // namespace

Task<Result<void>> LogGroup::load(const EventQuery& query, const std::vector<StreamId>& streams, const Block& block,
                                  std::vector<StoredEvent>& pool) const {
  framelog::Position from{block.first_position};
  while (from.get() <= block.last_position) {
    PENSTOCK_CO_TRY(const framelog::FramePage page, co_await log_->read(kEvents, from, kReadLimits));
    for (const framelog::StoredFrame& stored : page.frames) {
      if (stored.position.get() > block.last_position) break;
      const auto frame = decode_events(*stored.bytes);
      if (!frame) co_return fail(ErrorKind::corrupt, "an event frame of a log group cannot be read");
      take_events(query, streams, stored, *frame, pool);
    }
    cut(query, pool);
    if (page.frames.empty() || page.at_tip) break;
    from = framelog::Position{page.frames.back().position.get() + 1};
  }
  co_return Result<void>{};
}

void LogGroup::name_events(EventPage& page) const {
  const MutexLock lock(mutex_);
  std::erase_if(page.events, [&](const StoredEvent& event) REQUIRES(mutex_) { return !names_.contains(event.stream); });
  for (const StoredEvent& event : page.events) page.stream_names.push_back(names_.at(event.stream));
}

Task<Result<EventPage>> LogGroup::read(EventQuery query) {
  PENSTOCK_CO_TRY(const std::vector<StreamId> streams, ids_of(query.streams));
  if (closed_) co_return std::unexpected(*closed_);
  narrow(query, oldest_kept(clock_.now()));
  if (query.first > query.last) co_return EventPage{};
  std::vector<Block> blocks;
  {
    const MutexLock lock(mutex_);
    blocks = index_.find(streams, query.first, query.last);
  }
  if (query.newest) {
    std::ranges::sort(blocks, std::greater{}, &Block::last);
  } else {
    std::ranges::sort(blocks, std::less{}, &Block::first);
  }
  std::vector<StoredEvent> pool;
  std::optional<EventKey> stopped_at;
  std::uint64_t scanned = 0;
  for (const Block& block : blocks) {
    if (!may_improve(query, pool, block)) break;
    if (scanned >= query.scan_bytes_max && may_stop_before(query, block)) {
      leave_out(query, block, pool);
      stopped_at = next_after(query, block);
      break;
    }
    PENSTOCK_CO_TRY_VOID(co_await load(query, streams, block, pool));
    scanned += block.bytes;
    co_await Yield{};  // other connections of the loop get their turn
  }
  EventPage page = make_page(query, std::move(pool), stopped_at);
  name_events(page);
  co_return page;
}

}  // namespace penstock::logs
