#include "os/sim_file_system.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace penstock::os {

struct SimFileSystem::Node {
  virtual ~Node() = default;
};

struct SimFileSystem::FileNode final : Node {
  std::string content;                                         ///< what reads see
  std::string durable;                                         ///< what the disk holds for sure
  std::map<std::uint64_t, std::vector<std::string>> unsynced;  ///< sector -> its versions since, oldest first
  std::vector<std::uint64_t> sizes;                            ///< sizes since the last sync
  std::set<std::uint64_t> unreadable;                          ///< sectors

  [[nodiscard]] std::string sector(const std::string& bytes, std::uint64_t index) const {
    const std::uint64_t begin = index * kSectorBytes;
    std::string out = begin < bytes.size() ? bytes.substr(begin, kSectorBytes) : std::string();
    out.resize(kSectorBytes, '\0');
    return out;
  }

  void put(std::string_view bytes, std::uint64_t offset) {
    if (bytes.empty()) return;
    if (offset + bytes.size() > content.size()) {
      content.resize(offset + bytes.size(), '\0');
      sizes.push_back(content.size());
    }
    bytes.copy(content.data() + offset, bytes.size());
    for (std::uint64_t i = offset / kSectorBytes; i <= (offset + bytes.size() - 1) / kSectorBytes; ++i) {
      unsynced[i].push_back(sector(content, i));
      unreadable.erase(i);
    }
  }

  [[nodiscard]] bool is_readable(std::uint64_t offset, std::uint64_t bytes) const {
    const auto at = unreadable.lower_bound(offset / kSectorBytes);
    return bytes == 0 || at == unreadable.end() || *at > (offset + bytes - 1) / kSectorBytes;
  }

  void set_size(std::uint64_t size) {
    const std::uint64_t old = content.size();
    if (size < old) put(std::string(old - size, '\0'), size);
    content.resize(size, '\0');
    sizes.push_back(size);
  }

  static void overlay(std::string& bytes, std::uint64_t index, const std::string& sector_bytes) {
    const std::uint64_t begin = index * kSectorBytes;
    if (bytes.size() < begin + kSectorBytes) bytes.resize(begin + kSectorBytes, '\0');
    sector_bytes.copy(bytes.data() + begin, kSectorBytes);
  }
};

struct SimFileSystem::FolderNode final : Node {
  struct NameChange {
    std::string removed;  ///< empty: nothing
    std::string added;    ///< empty: nothing
    NodePtr node;
  };
  std::map<std::string, NodePtr> names;
  std::map<std::string, NodePtr> durable;
  std::vector<NameChange> unsynced;
};

namespace {

std::unexpected<Error> missing(const std::string& path) { return fail(ErrorKind::missing, path + " does not exist"); }
std::unexpected<Error> exists(const std::string& path) { return fail(ErrorKind::conflict, path + " exists"); }

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimFileSystem& files, std::shared_ptr<SimFileSystem::FileNode> node, std::uint64_t generation)
      : files_(files), node_(std::move(node)), generation_(generation) {}
  Result<std::size_t> pread(std::span<char> out, std::uint64_t offset) override {
    files_.pause();
    return files_.read_file(*node_, generation_, out, offset);
  }
  Result<void> pwritev(std::span<const std::string_view> parts, std::uint64_t offset) override {
    files_.pause();
    auto written = files_.write_file(*node_, generation_, parts, offset);
    files_.pause();
    return written;
  }
  Result<void> sync() override {
    files_.pause();
    auto synced = files_.sync_file(*node_, generation_);
    files_.pause();
    return synced;
  }
  Result<std::uint64_t> size() override { return files_.file_size(*node_, generation_); }
  Result<void> truncate(std::uint64_t size) override { return files_.truncate_file(*node_, generation_, size); }

 private:
  SimFileSystem& files_;
  std::shared_ptr<SimFileSystem::FileNode> node_;
  std::uint64_t generation_;
};

SimFileSystem::SimFileSystem(std::uint64_t seed) : random_(seed), root_(std::make_shared<FolderNode>()) {}
SimFileSystem::~SimFileSystem() = default;

std::uint64_t SimFileSystem::below(std::uint64_t bound) { return random_.below(bound); }

Result<void> SimFileSystem::alive() const {
  if (!power_) return fail(ErrorKind::unavailable, "the power is off");
  return {};
}

/// Counts a call that changes something; the power may go off just before it takes effect.
Result<void> SimFileSystem::change() {
  PENSTOCK_TRY_VOID(alive());
  ++changes_;
  if (--power_left_ == 0) power_ = false;
  return {};
}

bool SimFileSystem::takes_fault(Fault fault) {
  const auto at = faults_.find(fault);
  if (at == faults_.end() || --at->second > 0) return false;
  faults_.erase(at);
  return true;
}

std::unexpected<Error> SimFileSystem::input_output_error() {
  ++errors_;
  return fail(ErrorKind::unavailable, "simulated input/output error");
}

std::unexpected<Error> SimFileSystem::no_space() {
  ++no_space_;
  return fail(ErrorKind::unavailable, "simulated: no space left on device");
}

std::uint64_t SimFileSystem::free_now() const {
  if (full_) return 0;
  if (capacity_ == UINT64_MAX) return UINT64_MAX;
  std::uint64_t used = 0;
  std::set<const FileNode*> counted;  // a file may have several names
  std::vector<const FolderNode*> folders = {root_.get()};
  while (!folders.empty()) {
    const FolderNode* folder = folders.back();
    folders.pop_back();
    for (const auto& [name, node] : folder->names) {
      if (const auto* file = dynamic_cast<const FileNode*>(node.get())) {
        if (counted.insert(file).second) used += file->content.size();
      } else {
        folders.push_back(dynamic_cast<const FolderNode*>(node.get()));
      }
    }
  }
  return capacity_ - std::min(capacity_, used);
}

Result<std::shared_ptr<SimFileSystem::FolderNode>> SimFileSystem::folder_at(const std::string& path) {
  std::shared_ptr<FolderNode> folder = root_;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) {
      const auto at = folder->names.find(path.substr(begin, end - begin));
      if (at == folder->names.end()) return missing(path);
      folder = std::dynamic_pointer_cast<FolderNode>(at->second);
      if (folder == nullptr) return missing(path);
    }
    begin = end + 1;
  }
  return folder;
}

Result<SimFileSystem::Place> SimFileSystem::locate(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  Place place;
  place.name = slash == std::string::npos ? path : path.substr(slash + 1);
  PENSTOCK_TRY(place.folder, folder_at(slash == std::string::npos ? "" : path.substr(0, slash)));
  return place;
}

Result<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, OpenMode mode) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const Place place, locate(path));
  const auto at = place.folder->names.find(place.name);
  if (mode == OpenMode::create_new) {
    if (at != place.folder->names.end()) return exists(path);
    PENSTOCK_TRY_VOID(change());
    auto node = std::make_shared<FileNode>();
    place.folder->names[place.name] = node;
    place.folder->unsynced.push_back({.removed = "", .added = place.name, .node = node});
    return std::make_unique<SimFile>(*this, std::move(node), generation_);
  }
  if (at == place.folder->names.end()) return missing(path);
  auto node = std::dynamic_pointer_cast<FileNode>(at->second);
  if (node == nullptr) return fail(ErrorKind::unavailable, path + " is a folder");
  return std::make_unique<SimFile>(*this, std::move(node), generation_);
}

Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const Place source, locate(from));
  PENSTOCK_TRY(const Place target, locate(to));
  if (source.folder != target.folder) return fail(ErrorKind::unavailable, "the simulation renames within one folder");
  auto& names = source.folder->names;
  const auto at = names.find(source.name);
  if (at == names.end()) return missing(from);
  if (const auto old = names.find(target.name); old != names.end()) {
    const auto folder = std::dynamic_pointer_cast<FolderNode>(old->second);
    if (folder != nullptr && !folder->names.empty()) return exists(to);
  }
  PENSTOCK_TRY_VOID(change());
  const NodePtr node = at->second;
  names.erase(at);
  names[target.name] = node;
  source.folder->unsynced.push_back({.removed = source.name, .added = target.name, .node = node});
  return {};
}

Result<void> SimFileSystem::link(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const Place source, locate(from));
  PENSTOCK_TRY(const Place target, locate(to));
  const auto at = source.folder->names.find(source.name);
  if (at == source.folder->names.end()) return missing(from);
  if (!links_ || std::dynamic_pointer_cast<FileNode>(at->second) == nullptr) {
    return fail(ErrorKind::invalid, "simulated: no links here");
  }
  if (target.folder->names.contains(target.name)) return exists(to);
  PENSTOCK_TRY_VOID(change());
  target.folder->names[target.name] = at->second;
  target.folder->unsynced.push_back({.removed = "", .added = target.name, .node = at->second});
  return {};
}

Result<void> SimFileSystem::unlink(const std::string& path) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const Place place, locate(path));
  const auto at = place.folder->names.find(place.name);
  if (at == place.folder->names.end()) return missing(path);
  if (std::dynamic_pointer_cast<FileNode>(at->second) == nullptr) {
    return fail(ErrorKind::unavailable, path + " is a folder");
  }
  PENSTOCK_TRY_VOID(change());
  place.folder->names.erase(at);
  place.folder->unsynced.push_back({.removed = place.name, .added = "", .node = nullptr});
  return {};
}

Result<void> SimFileSystem::make_directories(const std::string& path) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  std::shared_ptr<FolderNode> folder = root_;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    if (!folder->names.contains(name)) {
      PENSTOCK_TRY_VOID(change());
      auto node = std::make_shared<FolderNode>();
      folder->names[name] = node;
      folder->unsynced.push_back({.removed = "", .added = name, .node = node});
    }
    folder = std::dynamic_pointer_cast<FolderNode>(folder->names[name]);
    if (folder == nullptr) return exists(path);
  }
  return {};
}

Result<void> SimFileSystem::remove_directory(const std::string& path) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const auto folder, folder_at(path));
  if (!folder->names.empty()) return fail(ErrorKind::conflict, path + " is not empty");
  PENSTOCK_TRY(const Place place, locate(path));
  PENSTOCK_TRY_VOID(change());
  place.folder->names.erase(place.name);
  place.folder->unsynced.push_back({.removed = place.name, .added = "", .node = nullptr});
  return {};
}

Result<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const auto folder, folder_at(path));
  std::vector<std::string> out;
  for (const auto& [name, node] : folder->names) out.push_back(name);
  return out;
}

Result<Entry> SimFileSystem::look_at(const std::string& path) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  PENSTOCK_TRY(const Place place, locate(path));
  const auto at = place.folder->names.find(place.name);
  if (at == place.folder->names.end()) return missing(path);
  const auto file = std::dynamic_pointer_cast<FileNode>(at->second);
  if (file == nullptr) return Entry{.kind = EntryKind::folder};
  return Entry{.kind = EntryKind::file, .bytes = file->content.size()};
}

Result<std::uint64_t> SimFileSystem::free_bytes(const std::string& directory) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(folder_at(directory));
  return free_now();
}

Result<void> SimFileSystem::sync_directory(const std::string& path) {
  pause();
  const MutexLock lock(mutex_);
  PENSTOCK_TRY(const auto folder, folder_at(path));
  PENSTOCK_TRY_VOID(change());
  PENSTOCK_TRY_VOID(alive());
  if (takes_fault(Fault::sync)) return input_output_error();
  folder->durable = folder->names;
  folder->unsynced.clear();
  return {};
}

Result<std::size_t> SimFileSystem::read_file(FileNode& file, std::uint64_t generation, std::span<char> out,
                                             std::uint64_t offset) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  if (generation != generation_) return fail(ErrorKind::unavailable, "opened before the power went off");
  if (offset >= file.content.size()) return std::size_t{0};
  const std::uint64_t bytes = std::min<std::uint64_t>(out.size(), file.content.size() - offset);
  if (takes_fault(Fault::read) || !file.is_readable(offset, bytes)) return input_output_error();
  return file.content.copy(out.data(), out.size(), offset);
}

Result<void> SimFileSystem::write_file(FileNode& file, std::uint64_t generation,
                                       std::span<const std::string_view> parts, std::uint64_t offset) {
  const MutexLock lock(mutex_);
  if (generation != generation_) return fail(ErrorKind::unavailable, "opened before the power went off");
  PENSTOCK_TRY_VOID(change());
  std::string bytes;
  for (const std::string_view part : parts) bytes += part;
  const std::uint64_t size = file.content.size();
  const std::uint64_t growth = offset + bytes.size() - std::min(size, offset + bytes.size());
  const std::uint64_t free = growth == 0 ? 0 : free_now();
  const bool is_full = growth > free;
  const bool broken = takes_fault(Fault::write);
  if (!power_ || is_full || broken) {
    // Some of it may have been done.
    const std::uint64_t fits = is_full && size + free > offset ? size + free - offset : 0;
    file.put(std::string_view(bytes).substr(0, is_full ? fits : below(bytes.size() + 1)), offset);
    PENSTOCK_TRY_VOID(alive());
    if (broken) return input_output_error();
    return no_space();
  }
  file.put(bytes, offset);
  return {};
}

Result<void> SimFileSystem::sync_file(FileNode& file, std::uint64_t generation) {
  const MutexLock lock(mutex_);
  if (generation != generation_) return fail(ErrorKind::unavailable, "opened before the power went off");
  PENSTOCK_TRY_VOID(change());
  PENSTOCK_TRY_VOID(alive());
  const bool broken = takes_fault(Fault::sync);
  for (const auto& [index, versions] : file.unsynced) {
    if (broken && below(2) == 0) continue;
    FileNode::overlay(file.durable, index, versions.back());
  }
  file.unsynced.clear();
  if (broken && below(2) == 0) return input_output_error();
  file.durable.resize(file.content.size(), '\0');
  file.sizes.clear();
  if (broken) return input_output_error();
  return {};
}

Result<std::uint64_t> SimFileSystem::file_size(FileNode& file, std::uint64_t generation) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY_VOID(alive());
  if (generation != generation_) return fail(ErrorKind::unavailable, "opened before the power went off");
  return file.content.size();
}

Result<void> SimFileSystem::truncate_file(FileNode& file, std::uint64_t generation, std::uint64_t size) {
  const MutexLock lock(mutex_);
  if (generation != generation_) return fail(ErrorKind::unavailable, "opened before the power went off");
  PENSTOCK_TRY_VOID(change());
  if (takes_fault(Fault::write)) return input_output_error();
  if (size > file.content.size() && size - file.content.size() > free_now()) return no_space();
  file.set_size(size);
  return alive();
}

std::shared_ptr<SimFileSystem::FileNode> SimFileSystem::surviving_file(const FileNode& file) {
  auto out = std::make_shared<FileNode>();
  out->content = file.durable;
  // Now and then a whole file keeps all or nothing; mostly each sector decides for itself.
  const std::uint64_t mood = below(8);
  for (const auto& [index, versions] : file.unsynced) {
    if (mood == 0) break;
    const std::uint64_t choice = mood == 1 ? versions.size() : below(versions.size() + 1);
    if (choice > 0) FileNode::overlay(out->content, index, versions[choice - 1]);
  }
  std::uint64_t size = file.durable.size();
  if (!file.sizes.empty() && mood != 0) {
    const std::uint64_t choice = mood == 1 ? file.sizes.size() : below(file.sizes.size() + 1);
    if (choice > 0) size = file.sizes[choice - 1];
  }
  out->content.resize(size, '\0');
  out->durable = out->content;
  out->unreadable = file.unreadable;
  return out;
}

std::shared_ptr<SimFileSystem::FolderNode> SimFileSystem::surviving_folder(const FolderNode& folder,
                                                                           Survivors& survivors) {
  std::map<std::string, NodePtr> names = folder.durable;
  const std::uint64_t mood = below(4);
  // A journal keeps a beginning of the changes; other systems keep any of them.
  const std::uint64_t kept = below(folder.unsynced.size() + 1);
  for (std::size_t i = 0; i < folder.unsynced.size(); ++i) {
    if (mood == 0 ? i >= kept : below(2) == 0) continue;
    const FolderNode::NameChange& change = folder.unsynced[i];
    if (!change.removed.empty()) names.erase(change.removed);
    if (!change.added.empty()) names[change.added] = change.node;
  }
  auto out = std::make_shared<FolderNode>();
  for (const auto& [name, node] : names) out->names[name] = survivor(node, survivors);
  out->durable = out->names;
  return out;
}

SimFileSystem::NodePtr SimFileSystem::survivor(const NodePtr& node, Survivors& survivors) {
  const auto* file = dynamic_cast<const FileNode*>(node.get());
  if (file == nullptr) return surviving_folder(dynamic_cast<const FolderNode&>(*node), survivors);
  NodePtr& out = survivors[file];
  if (out == nullptr) out = surviving_file(*file);
  return out;
}

void SimFileSystem::lose_power_after(std::uint64_t count) {
  const MutexLock lock(mutex_);
  power_left_ = count;
}

void SimFileSystem::lose_power() {
  const MutexLock lock(mutex_);
  power_ = false;
}

bool SimFileSystem::has_power() const {
  const MutexLock lock(mutex_);
  return power_;
}

void SimFileSystem::restore_power(Survives survives) {
  const MutexLock lock(mutex_);
  Survivors survivors;
  if (survives == Survives::what_was_synced) root_ = surviving_folder(*root_, survivors);
  ++generation_;
  power_ = true;
  power_left_ = UINT64_MAX;
  faults_.clear();
}

void SimFileSystem::fail_after(Fault fault, std::uint64_t count) {
  const MutexLock lock(mutex_);
  faults_[fault] = count;
}

void SimFileSystem::clear_faults() {
  const MutexLock lock(mutex_);
  faults_.clear();
}

void SimFileSystem::clear_fault(Fault fault) {
  const MutexLock lock(mutex_);
  faults_.erase(fault);
}

void SimFileSystem::set_capacity(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  capacity_ = bytes;
}

void SimFileSystem::make_unreadable(const std::string& path, std::uint64_t offset) {
  const MutexLock lock(mutex_);
  const auto place = locate(path);
  PENSTOCK_ASSERT(place.has_value());
  dynamic_cast<FileNode&>(*place->folder->names.at(place->name)).unreadable.insert(offset / kSectorBytes);
}

void SimFileSystem::mend() {
  const MutexLock lock(mutex_);
  std::vector<FolderNode*> folders = {root_.get()};
  while (!folders.empty()) {
    FolderNode* folder = folders.back();
    folders.pop_back();
    for (const auto& [name, node] : folder->names) {
      if (auto* file = dynamic_cast<FileNode*>(node.get())) {
        file->unreadable.clear();
      } else {
        folders.push_back(dynamic_cast<FolderNode*>(node.get()));
      }
    }
  }
}

std::uint64_t SimFileSystem::error_count() const {
  const MutexLock lock(mutex_);
  return errors_;
}

std::uint64_t SimFileSystem::no_space_count() const {
  const MutexLock lock(mutex_);
  return no_space_;
}

void SimFileSystem::set_full(bool full) {
  const MutexLock lock(mutex_);
  full_ = full;
}

void SimFileSystem::set_links(bool possible) {
  const MutexLock lock(mutex_);
  links_ = possible;
}

void SimFileSystem::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const MutexLock lock(mutex_);
  const auto place = locate(path);
  PENSTOCK_ASSERT(place.has_value());
  const auto at = place->folder->names.find(place->name);
  PENSTOCK_ASSERT(at != place->folder->names.end());
  auto& file = dynamic_cast<FileNode&>(*at->second);
  for (std::string* bytes : {&file.content, &file.durable}) {
    if (offset < bytes->size()) (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ static_cast<char>(1U << bit));
  }
  if (const auto sector = file.unsynced.find(offset / kSectorBytes); sector != file.unsynced.end()) {
    for (std::string& version : sector->second) {
      version[offset % kSectorBytes] = static_cast<char>(version[offset % kSectorBytes] ^ static_cast<char>(1U << bit));
    }
  }
}

std::uint64_t SimFileSystem::change_count() const {
  const MutexLock lock(mutex_);
  return changes_;
}

}  // namespace penstock::os
