#pragma once
/// Makes the progress of one shard's lanes durable, behind the lanes' backs: one commit at a time, the newest progress
/// each time, not more often than once in an interval.
/// Guarantee: what a commit holds was settled when it began; flush completes when all that was noted before is durable.
/// Threads:   the shard's executor only.
/// Errors:    a commit that fails is logged and tried again.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumers/checkpoint.h"
#include "consumers/mapping.h"
#include "consumers/parts.h"
#include "stream/bell.h"

namespace penstock::consumers {

class CheckpointWriter : public std::enable_shared_from_this<CheckpointWriter> {
 public:
  CheckpointWriter(const ConsumerParts& parts, std::string mapping_uuid, std::string stream_uid,
                   stream::ShardIndex shard, ShardCheckpoint start);

  [[nodiscard]] const ShardCheckpoint& current() const { return current_; }
  /// The lane has come so far.
  void note(std::size_t lane, const LaneCheckpoint& checkpoint, Executor& executor);
  Task<void> flush();

 private:
  static Task<void> write(std::shared_ptr<CheckpointWriter> self);
  Task<void> write_while_dirty();
  Task<bool> commit_once();
  [[nodiscard]] std::vector<catalog::Change> changes() const;
  Task<void> pause(std::chrono::milliseconds delay);

  const ConsumerParts& parts_;
  const std::string mapping_uuid_;
  const std::string stream_uid_;
  const stream::ShardIndex shard_;
  ShardCheckpoint current_;
  std::vector<std::optional<Window>> stored_windows_;  ///< as the catalog has them
  bool dirty_ = false;
  bool writing_ = false;
  bool hurried_ = false;
  const std::shared_ptr<stream::Bell> bell_ = std::make_shared<stream::Bell>();
  std::optional<Completion<bool>> idle_;  ///< whoever flushes
};

}  // namespace penstock::consumers
