#include "framelog/embedded/tip_cache.h"

#include <algorithm>

namespace penstock::framelog {
namespace {

constexpr std::size_t kBookkeepingBytes = 128;

std::size_t cost(const StoredFrame& frame) { return frame.bytes->size() + kBookkeepingBytes; }

}  // namespace

void TipCache::pop_front(CachedShard& shard) {
  bytes_ -= cost(shard.frames.front());
  shard.frames.pop_front();
}

void TipCache::add(std::vector<Arrival> arrivals) {
  const MutexLock lock(mutex_);
  for (Arrival& arrival : arrivals) {
    oldest_first_.push_back({.shard = arrival.shard, .position = arrival.frame.position});
    bytes_ += cost(arrival.frame);
    arrival.shard->frames.push_back(std::move(arrival.frame));
  }
  while (bytes_ > bytes_max_ && !oldest_first_.empty()) {
    const Token& token = oldest_first_.front();
    // A token whose frame was forgotten already stands for nothing.
    auto& frames = token.shard->frames;
    if (!frames.empty() && frames.front().position == token.position) pop_front(*token.shard);
    oldest_first_.pop_front();
  }
}

std::optional<std::vector<StoredFrame>> TipCache::read(const CachedShard& shard, Position from, Position through,
                                                       ReadLimits limits) {
  const MutexLock lock(mutex_);
  if (shard.frames.empty() || from < shard.frames.front().position) return std::nullopt;
  auto at = std::ranges::lower_bound(shard.frames, from, {}, &StoredFrame::position);
  std::vector<StoredFrame> out;
  std::size_t bytes = 0;
  for (; at != shard.frames.end() && at->position <= through; ++at) {
    bytes += at->bytes->size();
    if (!out.empty() && (out.size() >= limits.frames_max || bytes > limits.bytes_max)) break;
    out.push_back(*at);
  }
  return out;
}

void TipCache::forget(CachedShard& shard, Position before) {
  const MutexLock lock(mutex_);
  while (!shard.frames.empty() && shard.frames.front().position < before) pop_front(shard);
}

std::size_t TipCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace penstock::framelog
