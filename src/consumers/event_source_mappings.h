#pragma once
/// Event source mappings: streams read into functions. Their documents lie in the catalog, and each runs as long as the
/// server does.
///
/// Guarantee: every record that the mapping is for is handed to the function, in order for each partition key, until it
///            succeeded or the mapping's own rules gave it up: at least once, over restarts and crashes. What an answer
///            says was changed is durable.
/// Threads:   any. Tasks complete on the awaiting coroutine's executor.
/// Errors:    missing (no such mapping), conflict (another mapping of the same source and function), unavailable,
///            outcome_unknown.
/// Source:    AWS Lambda API Reference, CreateEventSourceMapping; AWS Lambda Developer Guide, "Using Lambda to process
///            records from Amazon Kinesis Data Streams".

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumers/mapping.h"
#include "consumers/mapping_progress.h"
#include "consumers/mapping_runner.h"
#include "consumers/parts.h"
#include "core/mutex.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::consumers {

struct MappingView {
  Mapping mapping;
  std::string state;
  std::string last_processing_result;
};

struct MappingMetrics {
  std::string uuid;
  std::string function_name;
  std::string stream;
  MappingCounts counts;
  std::size_t shards_read = 0;
};

/// Why a stream is not mapped to a function twice, in AWS's words.
[[nodiscard]] std::string already_mapped(const Mapping& mapping, std::string_view existing_uuid);

class EventSourceMappings {
 public:
  /// Loads the documents; nothing runs yet. Errors: corrupt.
  [[nodiscard]] static Result<std::unique_ptr<EventSourceMappings>> open(ConsumerParts parts);
  ~EventSourceMappings();
  EventSourceMappings(const EventSourceMappings&) = delete;
  EventSourceMappings& operator=(const EventSourceMappings&) = delete;

  [[nodiscard]] const ConsumerParts& parts() const { return parts_; }

  void start() EXCLUDES(mutex_);
  /// Tells all to end; nothing new is handed to functions.
  void begin_stop() EXCLUDES(mutex_);
  /// Waits until nothing runs any more. False when something would not end: then nothing may be destroyed.
  [[nodiscard]] bool stop(std::chrono::milliseconds grace) EXCLUDES(mutex_);

  /// `draft` without uuid and dates. LATEST is where the stream's shards end now.
  Task<Result<MappingView>> create(Mapping draft);
  /// `change` may be called more than once.
  using Change = std::function<Result<void>(Mapping&)>;
  Task<Result<MappingView>> update(std::string uuid, Change change);
  Task<Result<void>> set_tags(std::string uuid, std::function<void(std::map<std::string, std::string>&)> change);
  Task<Result<MappingView>> remove(std::string uuid);

  [[nodiscard]] std::optional<MappingView> find(std::string_view uuid) const EXCLUDES(mutex_);
  /// In the order of their UUIDs.
  [[nodiscard]] std::vector<MappingView> list() const EXCLUDES(mutex_);
  /// Of the same source and function, if there is one.
  [[nodiscard]] std::optional<std::string> find_pair(std::string_view source_arn, std::string_view function_arn) const
      EXCLUDES(mutex_);
  [[nodiscard]] std::vector<MappingMetrics> metrics() const EXCLUDES(mutex_);

 private:
  using RunnerPtr = std::shared_ptr<MappingRunner>;

  explicit EventSourceMappings(ConsumerParts parts) : parts_(std::move(parts)) {}
  [[nodiscard]] RunnerPtr make_runner(Mapping mapping, bool is_new);
  void add(Mapping mapping, bool is_new) EXCLUDES(mutex_);
  void on_runner_end(const std::string& uuid, bool deleted) EXCLUDES(mutex_);
  [[nodiscard]] RunnerPtr runner(std::string_view uuid) const EXCLUDES(mutex_);
  [[nodiscard]] Result<void> reserve(const Mapping& draft) EXCLUDES(mutex_);
  void release(const Mapping& draft) EXCLUDES(mutex_);
  Task<Result<void>> commit_new(Mapping mapping);
  Task<Result<std::vector<catalog::Change>>> latest_checkpoints(const Mapping& mapping);
  /// Reads, changes and commits the document, anew when somebody else was faster.
  Task<Result<Mapping>> change_document(std::string uuid, Change change);
  [[nodiscard]] static MappingView view(const MappingRunner& runner);

  const ConsumerParts parts_;
  mutable Mutex mutex_;
  CondVar ended_;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<std::string, RunnerPtr, std::less<>> runners_ GUARDED_BY(mutex_);  // by UUID
  std::set<std::pair<std::string, std::string>> reserved_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::consumers
