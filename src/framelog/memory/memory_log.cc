#include "framelog/memory/memory_log.h"

#include <algorithm>
#include <map>

#include "core/mutex.h"

namespace penstock::framelog {
namespace {

using Callback = std::function<void(Position last)>;

/// The watchers of one log. `callbacks` is held while a callback runs, so that ending a watch waits for it.
struct Watchers {
  Mutex mutex;
  std::map<std::uint64_t, std::pair<ShardIndex, Callback>> callbacks GUARDED_BY(mutex);
  std::uint64_t next_id GUARDED_BY(mutex) = 0;
};

class Watch final : public Subscription {
 public:
  Watch(std::shared_ptr<Watchers> watchers, std::uint64_t id) : watchers_(std::move(watchers)), id_(id) {}
  ~Watch() override {
    const MutexLock lock(watchers_->mutex);
    watchers_->callbacks.erase(id_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::shared_ptr<Watchers> watchers_;
  std::uint64_t id_;
};

class MemoryLog final : public FrameLog {
 public:
  explicit MemoryLog(const Clock& clock) : clock_(clock) {}

  [[nodiscard]] Durability promise() const override { return Durability::kOnDisk; }

  Task<Result<Appended>> append(ShardIndex shard, std::string frame) override {
    if (frame.empty() || frame.size() > kFrameBytesMax) co_return fail(ErrorKind::invalid, "frame size");
    auto appended = store(shard, std::move(frame));
    if (appended.has_value()) {
      const MutexLock lock(watchers_->mutex);
      for (const auto& [id, watch] : watchers_->callbacks) {
        if (watch.first == shard) watch.second(appended->position);
      }
    }
    co_return appended;
  }

  Task<Result<FramePage>> read(ShardIndex shard, Position from, ReadLimits limits) override {
    const MutexLock lock(mutex_);
    FramePage page{.frames = {}, .at_tip = true, .shard_tip = kBeforeAll};
    const auto& frames = shards_[shard].frames;
    if (const auto tip = shards_[shard].last; tip.has_value()) {
      page.shard_tip = tip->position;
      page.shard_tip_time = tip->time;
    }
    std::size_t bytes = 0;
    for (auto at = std::ranges::lower_bound(frames, from, {}, &StoredFrame::position); at != frames.end(); ++at) {
      bytes += at->bytes->size();
      if (page.frames.size() >= limits.frames_max || (!page.frames.empty() && bytes > limits.bytes_max)) {
        page.at_tip = false;
        break;
      }
      page.frames.push_back(*at);
    }
    co_return page;
  }

  Task<Result<Position>> position_at(ShardIndex shard, Timestamp time) override {
    const MutexLock lock(mutex_);
    const Frames& held = shards_[shard];
    const auto found = std::ranges::lower_bound(held.frames, time, {}, &StoredFrame::time);
    if (found != held.frames.end()) co_return found->position;
    co_return held.last ? Position{held.last->position.get() + 1} : Position{1};
  }

  [[nodiscard]] Position tip(ShardIndex shard) override {
    const MutexLock lock(mutex_);
    const Frames& held = shards_[shard];
    return held.last ? held.last->position : kBeforeAll;
  }

  Task<Result<void>> trim_before(Timestamp time) override {
    const MutexLock lock(mutex_);
    for (auto& [shard, held] : shards_) {
      std::erase_if(held.frames, [time](const StoredFrame& frame) { return frame.time < time; });
    }
    co_return Result<void>{};
  }

  [[nodiscard]] std::unique_ptr<Subscription> watch(ShardIndex shard, Callback on_append) override {
    const MutexLock lock(watchers_->mutex);
    const std::uint64_t id = watchers_->next_id++;
    watchers_->callbacks.emplace(id, std::pair(shard, std::move(on_append)));
    return std::make_unique<Watch>(watchers_, id);
  }

  void mark_removed() {
    const MutexLock lock(mutex_);
    removed_ = true;
  }

 private:
  struct Frames {
    std::vector<StoredFrame> frames;
    std::optional<Appended> last;
  };

  Result<Appended> store(ShardIndex shard, std::string frame) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (removed_) return fail(ErrorKind::unavailable, "the log was removed");
    last_time_ = std::max(last_time_, clock_.now());
    const Appended appended{.position = Position{next_++}, .time = last_time_};
    Frames& held = shards_[shard];
    held.frames.push_back({.position = appended.position,
                           .time = appended.time,
                           .bytes = std::make_shared<const std::string>(std::move(frame))});
    held.last = appended;
    return appended;
  }

  const Clock& clock_;
  std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
  Mutex mutex_;
  std::map<ShardIndex, Frames> shards_ GUARDED_BY(mutex_);
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
  Timestamp last_time_ GUARDED_BY(mutex_){};
  bool removed_ GUARDED_BY(mutex_) = false;
};

class MemoryStore final : public FrameLogStore {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Result<std::shared_ptr<FrameLog>> create(const std::string& log_id) override {
    const MutexLock lock(mutex_);
    const auto [at, added] = logs_.try_emplace(log_id, nullptr);
    if (!added) return fail(ErrorKind::conflict, "log exists: " + log_id);
    at->second = std::make_shared<MemoryLog>(clock_);
    return at->second;
  }
  Result<std::shared_ptr<FrameLog>> open(const std::string& log_id) override {
    const MutexLock lock(mutex_);
    const auto found = logs_.find(log_id);
    if (found == logs_.end()) return fail(ErrorKind::missing, "no such log: " + log_id);
    return found->second;
  }
  Result<void> remove(const std::string& log_id) override {
    const MutexLock lock(mutex_);
    const auto found = logs_.find(log_id);
    if (found == logs_.end()) return {};
    found->second->mark_removed();
    logs_.erase(found);
    return {};
  }
  [[nodiscard]] Result<std::vector<std::string>> list() override {
    const MutexLock lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, log] : logs_) ids.push_back(id);
    return ids;
  }

 private:
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryLog>> logs_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<FrameLogStore> make_memory_store(const Clock& clock) { return std::make_unique<MemoryStore>(clock); }

}  // namespace penstock::framelog
