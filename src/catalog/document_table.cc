#include "catalog/document_table.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace penstock::catalog {

Result<void> check_bounds(std::span<const Change> changes) {
  if (changes.size() > kChangesPerCommitMax) {
    return fail(ErrorKind::invalid,
                fmt::format("a commit of {} changes; at most {}", changes.size(), kChangesPerCommitMax));
  }
  std::set<std::string_view> keys;
  for (const Change& change : changes) {
    if (change.key.empty() || change.key.size() > kKeyBytesMax) {
      return fail(ErrorKind::invalid,
                  fmt::format("a catalog key of {} bytes; 1 to {}", change.key.size(), kKeyBytesMax));
    }
    if (change.bytes && change.bytes->size() > kDocumentBytesMax) {
      return fail(ErrorKind::invalid, fmt::format("document {} has {} bytes; at most {}", change.key,
                                                  change.bytes->size(), kDocumentBytesMax));
    }
    if (!keys.insert(change.key).second) {
      return fail(ErrorKind::invalid, fmt::format("document {} occurs twice in one commit", change.key));
    }
  }
  return {};
}

struct DocumentTable::Watchers {
  struct One {
    std::string prefix;
    std::function<void(const Event&)> on_change;
  };
  Mutex mutex;
  std::map<std::uint64_t, One> all GUARDED_BY(mutex);
  std::uint64_t next_id GUARDED_BY(mutex) = 1;
};

class DocumentTable::Watch final : public Subscription {
 public:
  Watch(std::shared_ptr<Watchers> watchers, std::uint64_t id) : watchers_(std::move(watchers)), id_(id) {}
  ~Watch() override {
    const MutexLock lock(watchers_->mutex);
    watchers_->all.erase(id_);
  }

 private:
  std::shared_ptr<Watchers> watchers_;
  std::uint64_t id_;
};

DocumentTable::DocumentTable() : watchers_(std::make_shared<Watchers>()) {}
DocumentTable::~DocumentTable() = default;

std::optional<Document> DocumentTable::get(std::string_view key) const {
  const MutexLock lock(mutex_);
  const auto found = documents_.find(key);
  if (found == documents_.end()) return std::nullopt;
  return Document{.key = found->first, .version = found->second.version, .bytes = found->second.bytes};
}

std::vector<Document> DocumentTable::list(std::string_view prefix, std::string_view after, std::size_t limit) const {
  std::vector<Document> out;
  const MutexLock lock(mutex_);
  auto at = after < prefix ? documents_.lower_bound(prefix) : documents_.upper_bound(after);
  for (; at != documents_.end() && out.size() < limit && at->first.starts_with(prefix); ++at) {
    out.push_back(Document{.key = at->first, .version = at->second.version, .bytes = at->second.bytes});
  }
  return out;
}

Version DocumentTable::version_of(std::string_view key) const {
  const MutexLock lock(mutex_);
  const auto found = documents_.find(key);
  return found == documents_.end() ? 0 : found->second.version;
}

void DocumentTable::load(std::string key, Version version, std::string bytes) {
  const MutexLock lock(mutex_);
  documents_.insert_or_assign(
      std::move(key), Entry{.version = version, .bytes = std::make_shared<const std::string>(std::move(bytes))});
}

void DocumentTable::apply(Version version, std::vector<Change> changes) {
  std::vector<Event> events;
  events.reserve(changes.size());
  for (Change& change : changes) {
    auto bytes = change.bytes ? std::make_shared<const std::string>(std::move(*change.bytes)) : nullptr;
    events.push_back(Event{.key = std::move(change.key), .version = version, .bytes = std::move(bytes)});
  }
  {
    const MutexLock lock(mutex_);
    for (const Event& event : events) {
      if (event.bytes) {
        documents_.insert_or_assign(event.key, Entry{.version = version, .bytes = event.bytes});
      } else {
        documents_.erase(event.key);
      }
    }
  }
  const MutexLock lock(watchers_->mutex);
  for (const Event& event : events) {
    for (const auto& [id, watcher] : watchers_->all) {
      if (event.key.starts_with(watcher.prefix)) watcher.on_change(event);
    }
  }
}

std::unique_ptr<Subscription> DocumentTable::watch(std::string prefix, std::function<void(const Event&)> on_change) {
  const MutexLock lock(watchers_->mutex);
  const std::uint64_t id = watchers_->next_id++;
  watchers_->all.emplace(id, Watchers::One{.prefix = std::move(prefix), .on_change = std::move(on_change)});
  return std::make_unique<Watch>(watchers_, id);
}

Result<void> Staging::check(std::span<const Change> changes) const {
  for (const Change& change : changes) {
    if (!change.expected) continue;
    const auto staged = staged_.find(change.key);
    const Version now = staged != staged_.end() ? staged->second : table_.version_of(change.key);
    if (now != *change.expected) {
      return fail(ErrorKind::conflict,
                  fmt::format("document {} has version {}, not {}", change.key, now, *change.expected));
    }
  }
  return {};
}

void Staging::stage(Version version, std::span<const Change> changes) {
  for (const Change& change : changes) staged_[change.key] = change.bytes ? version : 0;
}

}  // namespace penstock::catalog
