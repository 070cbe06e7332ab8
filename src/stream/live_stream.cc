#include "stream/live_stream.h"

#include <algorithm>

namespace penstock::stream {

StreamSnapshot::StreamSnapshot(StreamInfo taken, const std::shared_ptr<const ShardMetricsTable>& before)
    : info(std::move(taken)), shard_metrics(ShardMetricsTable::make(info, before)) {
  for (const Shard& shard : info.shards) {
    if (shard.is_open()) open.push_back(&shard);
  }
  std::ranges::sort(open, {}, [](const Shard* shard) { return shard->range.first; });
}

std::size_t StreamSnapshot::route(HashKey key) const {
  const auto above = std::ranges::upper_bound(open, key, {}, [](const Shard* shard) { return shard->range.first; });
  PENSTOCK_ASSERT(above != open.begin());
  return static_cast<std::size_t>(above - open.begin()) - 1;
}

LiveStream::LiveStream(StreamInfo info, catalog::Version version, std::shared_ptr<framelog::FrameLog> log,
                       const Limits& limits, const KeyringParts& keys)
    : log_(std::move(log)),
      keyring_(keys, info.name, info.uid),
      limits_(limits),
      snapshot_(std::make_shared<const StreamSnapshot>(std::move(info))),
      version_(version) {}

std::shared_ptr<const StreamSnapshot> LiveStream::snapshot() const {
  const MutexLock lock(mutex_);
  return snapshot_;
}

LiveStream::Committed LiveStream::committed() const {
  const MutexLock lock(mutex_);
  return {.snapshot = snapshot_, .version = version_};
}

std::shared_ptr<const StreamInfo> LiveStream::info() const {
  const auto taken = snapshot();
  return {taken, &taken->info};
}

void LiveStream::take(StreamInfo info, catalog::Version version) {
  auto taken = std::make_shared<const StreamSnapshot>(std::move(info), snapshot()->shard_metrics);
  limits_.keep_only(taken->info);
  {
    const MutexLock lock(mutex_);
    if (version <= version_) return;
    version_ = version;
    snapshot_ = std::move(taken);
  }
  bells_.ring_all();
}

StreamMetricsView LiveStream::metrics_view() const {
  const auto now = snapshot();
  return {.name = now->info.name,
          .metrics = metrics_,
          .shards = now->shard_metrics,
          .open_shards = static_cast<std::uint32_t>(now->open.size())};
}

Result<std::shared_ptr<framelog::FrameLog>> LiveStream::log() const {
  if (!log_) return fail(ErrorKind::unavailable, "the stream's log could not be opened");
  return log_;
}

bool LiveStream::try_enter(const Completion<bool>& opened) {
  const MutexLock lock(mutex_);
  if (closed_ || entering_ > 0) {
    waiting_.push_back(opened);
    return false;
  }
  ++puts_under_way_;
  return true;
}

std::vector<Completion<bool>> LiveStream::let_in() {
  entering_ = waiting_.size();
  puts_under_way_ += entering_;
  return std::exchange(waiting_, {});
}

void LiveStream::entered() {
  std::vector<Completion<bool>> next;
  {
    const MutexLock lock(mutex_);
    if (--entering_ == 0 && !closed_) next = let_in();
  }
  for (const auto& opened : next) opened.set(true);
}

Task<void> LiveStream::enter_put() {
  const Completion<bool> opened;
  if (try_enter(opened)) co_return;
  co_await opened;
  entered();
}

void LiveStream::leave_put() {
  std::optional<Completion<bool>> drained;
  {
    const MutexLock lock(mutex_);
    PENSTOCK_ASSERT(puts_under_way_ > 0);
    if (--puts_under_way_ == 0) drained = std::exchange(drained_, std::nullopt);
  }
  if (drained) drained->set(true);
}

Task<bool> LiveStream::close_gate() {
  const Completion<bool> drained;
  {
    const MutexLock lock(mutex_);
    if (closed_) co_return false;
    closed_ = true;
    if (puts_under_way_ == 0) co_return true;
    drained_ = drained;
  }
  co_await drained;
  co_return true;
}

void LiveStream::open_gate() {
  std::vector<Completion<bool>> next;
  {
    const MutexLock lock(mutex_);
    PENSTOCK_ASSERT(closed_);
    closed_ = false;
    if (entering_ == 0) next = let_in();
  }
  for (const auto& opened : next) opened.set(true);
}

}  // namespace penstock::stream
