#pragma once
/// Streams as the catalog keeps them: a document for what is said of a stream, and documents for its shards, each with
/// up to kShardsPerDocument of them by index, so that a change writes what it touched and no document outgrows the
/// catalog's bound. All documents of a change are one commit, guarded by the version of the first.
/// Threads: any. Format: docs/formats/stream.md.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/result.h"
#include "core/task.h"
#include "stream/stream_info.h"

namespace penstock::stream {

inline constexpr std::uint32_t kShardsPerDocument = 512;
/// What the ids of all streams' logs begin with.
inline constexpr std::string_view kLogPrefix = "s-";

/// The frame log in which the stream's records lie.
[[nodiscard]] std::string log_id_of(const StreamInfo& info);

class StreamStore {
 public:
  /// `catalog` outlives the object.
  StreamStore(catalog::Catalog& catalog, std::string account) : catalog_(catalog), account_(std::move(account)) {}

  struct Stored {
    StreamInfo info;
    catalog::Version version = 0;  ///< of the stream's own document
  };
  /// Every stream, in order of name. Those of an older format are written anew: it blocks.
  [[nodiscard]] Result<std::vector<Stored>> load_all() const;
  /// As it is now; nullopt when there is none. Errors: corrupt; unavailable when it changes all the time.
  [[nodiscard]] Result<std::optional<Stored>> load(std::string_view name) const;

  /// Errors: conflict = there is one of that name.
  Task<Result<catalog::Version>> add(const StreamInfo& info) const;
  /// What makes `before`, which was stored with `version`, into `after`.
  [[nodiscard]] std::vector<catalog::Change> changes(const StreamInfo& before, const StreamInfo& after,
                                                     catalog::Version version) const;
  /// Fine when another stream, or none, has the name by now.
  Task<Result<void>> remove(std::string name, std::string uid) const;

 private:
  [[nodiscard]] std::string key_of(std::string_view name) const;
  [[nodiscard]] std::string shards_prefix(std::string_view uid) const;
  [[nodiscard]] Result<StreamInfo> assemble(const catalog::Document& document) const;
  void add_shard_changes(const StreamInfo& before, const StreamInfo& after,
                         std::vector<catalog::Change>& changes) const;

  catalog::Catalog& catalog_;
  std::string account_;
};

}  // namespace penstock::stream
