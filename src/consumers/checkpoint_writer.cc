#include "consumers/checkpoint_writer.h"

#include "telemetry/log.h"

namespace penstock::consumers {

CheckpointWriter::CheckpointWriter(const ConsumerParts& parts, std::string mapping_uuid, std::string stream_uid,
                                   stream::ShardIndex shard, ShardCheckpoint start)
    : parts_(parts),
      mapping_uuid_(std::move(mapping_uuid)),
      stream_uid_(std::move(stream_uid)),
      shard_(shard),
      current_(std::move(start)) {
  // Of windows that the catalog may still have of another number of lanes, all are written anew or removed.
  stored_windows_.resize(static_cast<std::size_t>(kParallelizationMax));
  for (std::size_t i = 0; i < current_.lanes.size(); ++i) stored_windows_[i] = current_.lanes[i].window;
}

void CheckpointWriter::note(std::size_t lane, const LaneCheckpoint& checkpoint, Executor& executor) {
  if (current_.lanes[lane] == checkpoint) return;
  current_.lanes[lane] = checkpoint;
  dirty_ = true;
  if (writing_) return;
  writing_ = true;
  spawn_here(executor, write(shared_from_this()), [] {});
}

Task<void> CheckpointWriter::write(std::shared_ptr<CheckpointWriter> self) { co_await self->write_while_dirty(); }

Task<void> CheckpointWriter::write_while_dirty() {
  while (dirty_) {
    dirty_ = false;
    if (!co_await commit_once()) dirty_ = true;
    if (!hurried_ || dirty_) co_await pause(parts_.checkpoint_interval);
  }
  writing_ = false;
  if (auto idle = std::exchange(idle_, std::nullopt)) idle->set(true);
}

std::vector<catalog::Change> CheckpointWriter::changes() const {
  std::vector<catalog::Change> out;
  out.push_back({.key = checkpoint_key(mapping_uuid_, stream_uid_, shard_),
                 .expected = std::nullopt,
                 .bytes = encode_checkpoint(current_)});
  for (std::size_t i = 0; i < stored_windows_.size(); ++i) {
    const std::optional<Window> window = i < current_.lanes.size() ? current_.lanes[i].window : std::nullopt;
    if (window == stored_windows_[i]) continue;
    out.push_back({.key = window_state_key(mapping_uuid_, stream_uid_, shard_, i),
                   .expected = std::nullopt,
                   .bytes = window ? std::optional(window->state) : std::nullopt});
  }
  return out;
}

Task<bool> CheckpointWriter::commit_once() {
  std::vector<std::optional<Window>> windows(stored_windows_.size());
  for (std::size_t i = 0; i < current_.lanes.size(); ++i) windows[i] = current_.lanes[i].window;
  const auto committed = co_await parts_.catalog.commit(changes());
  if (committed) {
    stored_windows_ = std::move(windows);
    co_return true;
  }
  telemetry::log(telemetry::Level::error, "a mapping's checkpoint was not written; it is tried again",
                 {{"mapping", mapping_uuid_}, {"reason", std::string_view(committed.error().message)}});
  co_return false;
}

Task<void> CheckpointWriter::pause(std::chrono::milliseconds delay) {
  const TimerId timer = parts_.timers.after(delay, [bell = bell_] { bell->ring(); });
  co_await bell_->wait();
  parts_.timers.cancel(timer);
}

Task<void> CheckpointWriter::flush() {
  if (!writing_) co_return;
  hurried_ = true;
  const Completion<bool> idle;
  idle_ = idle;
  bell_->ring();
  co_await idle;
  hurried_ = false;
}

}  // namespace penstock::consumers
