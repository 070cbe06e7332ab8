#include "stream/stream_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "stream/retried_commit.h"

namespace penstock::stream {
namespace {

constexpr int kLoadTriesMax = 100;

std::uint32_t document_of(const Shard& shard) { return shard.index.get() / kShardsPerDocument; }

/// Takes the shards of a document off the front.
std::span<const Shard> take_document(std::span<const Shard>& rest, std::uint32_t number) {
  const auto end = std::ranges::find_if(rest, [number](const Shard& shard) { return document_of(shard) != number; });
  const auto count = static_cast<std::size_t>(end - rest.begin());
  const auto taken = rest.first(count);
  rest = rest.subspan(count);
  return taken;
}

}  // namespace

std::string log_id_of(const StreamInfo& info) { return std::string(kLogPrefix) + info.uid; }

std::string StreamStore::key_of(std::string_view name) const { return fmt::format("stream/{}/{}", account_, name); }

std::string StreamStore::shards_prefix(std::string_view uid) const {
  return fmt::format("stream-shards/{}/{}/", account_, uid);
}

/// Only the documents that differ.
void StreamStore::add_shard_changes(const StreamInfo& before, const StreamInfo& after,
                                    std::vector<catalog::Change>& changes) const {
  std::span<const Shard> old_rest = before.shards;
  std::span<const Shard> new_rest = after.shards;
  while (!old_rest.empty() || !new_rest.empty()) {
    const std::uint32_t number = std::min(old_rest.empty() ? UINT32_MAX : document_of(old_rest.front()),
                                          new_rest.empty() ? UINT32_MAX : document_of(new_rest.front()));
    const auto old_shards = take_document(old_rest, number);
    const auto new_shards = take_document(new_rest, number);
    if (std::ranges::equal(old_shards, new_shards)) continue;
    changes.push_back({.key = fmt::format("{}{:08}", shards_prefix(after.uid), number),
                       .expected = std::nullopt,
                       .bytes = new_shards.empty() ? std::nullopt : std::optional(encode_shard_document(new_shards))});
  }
}

Result<StreamInfo> StreamStore::assemble(const catalog::Document& document) const {
  PENSTOCK_TRY(StreamInfo info, decode_stream_document(*document.bytes));
  for (const auto& shards : catalog_.list(shards_prefix(info.uid))) {
    PENSTOCK_TRY(const auto decoded, decode_shard_document(*shards.bytes));
    info.shards.insert(info.shards.end(), decoded.begin(), decoded.end());
  }
  return info;
}

Result<std::optional<StreamStore::Stored>> StreamStore::load(std::string_view name) const {
  const std::string key = key_of(name);
  for (int tries = 0; tries < kLoadTriesMax; ++tries) {
    const auto document = catalog_.get(key);
    if (!document) return std::nullopt;
    PENSTOCK_TRY(StreamInfo info, assemble(*document));
    // A commit may have come between the looks at the documents.
    const auto again = catalog_.get(key);
    if (again && again->version == document->version) {
      return Stored{.info = std::move(info), .version = document->version};
    }
  }
  return fail(ErrorKind::unavailable, "catalog document " + key + " changes too often");
}

Result<std::vector<StreamStore::Stored>> StreamStore::load_all() const {
  std::vector<Stored> all;
  for (const auto& document : catalog_.list(key_of(""))) {
    auto info = assemble(document);
    if (!info) return fail(info.error().kind, document.key + ": " + info.error().message);
    Stored stored{.info = std::move(*info), .version = document.version};
    const bool has_documents = !catalog_.list(shards_prefix(stored.info.uid), {}, 1).empty();
    if (!has_documents && !stored.info.shards.empty()) {  // format 1
      StreamInfo nothing;
      PENSTOCK_TRY(stored.version, run_sync(catalog_.commit(changes(nothing, stored.info, stored.version))));
    }
    all.push_back(std::move(stored));
  }
  return all;
}

// No coroutine: the documents are made before it returns, so that the argument need not outlive the task.
Task<Result<catalog::Version>> StreamStore::add(const StreamInfo& info) const {
  const StreamInfo nothing;
  return catalog_.commit(changes(nothing, info, 0));
}

std::vector<catalog::Change> StreamStore::changes(const StreamInfo& before, const StreamInfo& after,
                                                  catalog::Version version) const {
  std::vector<catalog::Change> changes;
  changes.push_back({.key = key_of(after.name), .expected = version, .bytes = encode_stream_document(after)});
  add_shard_changes(before, after, changes);
  return changes;
}

Task<Result<void>> StreamStore::remove(std::string name, std::string uid) const {
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    std::vector<catalog::Change> changes;
    PENSTOCK_TRY(const auto stored, load(name));
    if (!stored || stored->info.uid != uid) return changes;
    changes.push_back({.key = key_of(name), .expected = stored->version, .bytes = std::nullopt});
    StreamInfo without_shards;
    without_shards.uid = uid;
    add_shard_changes(stored->info, without_shards, changes);
    return changes;
  };
  const auto removed = co_await commit_retrying(catalog_, prepare, "stream " + name);
  if (!removed) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

}  // namespace penstock::stream
