#pragma once
/// A file system in memory that loses power, so that tests can prove what survives. One seed decides everything.
///
/// What it models: a write is visible at once but durable only after File::sync; at a power loss each 512-byte sector
/// that was not synced holds, independently, what it held at the last sync or any version written since (so writes
/// are lost, torn and reordered), and the size is any size since; names made, renamed or removed are kept or lost, each
/// for itself, until sync_directory; a sync that fails has written some sectors, and the others count as clean although
/// they are not on disk: only writing them again makes them dirty (as Linux does). A write that fails has
/// written a beginning; a full disk refuses growth; reads fail once, or always at a place; a slow disk lets others work
/// meanwhile.
/// Not modelled: tears within a sector, sectors that rot by themselves (use flip_bit), renames from folder to folder.
/// Threads: any. With one thread, the same calls give the same results for the same seed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/random.h"
#include "os/file_system.h"

namespace penstock::os {

inline constexpr std::size_t kSectorBytes = 512;

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t seed);
  ~SimFileSystem() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> make_directories(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<Entry> look_at(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  /// Without end (but see set_capacity), or nothing (set_full).
  Result<std::uint64_t> free_bytes(const std::string& directory) override;

  /// The power goes off at the `count`-th call from now that writes or syncs anything (1: the next one).
  void lose_power_after(std::uint64_t count) EXCLUDES(mutex_);
  void lose_power() EXCLUDES(mutex_);
  [[nodiscard]] bool has_power() const EXCLUDES(mutex_);
  enum class Survives : std::uint8_t {
    what_was_synced,  ///< and whatever else luck decides
    everything,       ///< as when only the process was killed
  };
  /// Decides what survived. Files opened before stay dead.
  void restore_power(Survives survives = Survives::what_was_synced) EXCLUDES(mutex_);

  enum class Fault : std::uint8_t { write, sync, read };
  /// The `count`-th call of that kind from now fails with an I/O error.
  void fail_after(Fault fault, std::uint64_t count) EXCLUDES(mutex_);
  void clear_faults() EXCLUDES(mutex_);
  /// As on a file system without links: link answers invalid.
  void set_links(bool possible) EXCLUDES(mutex_);
  void clear_fault(Fault fault) EXCLUDES(mutex_);
  /// While full, nothing that makes a file longer succeeds.
  void set_full(bool full) EXCLUDES(mutex_);
  /// The files together grow to that many bytes; of a write that goes beyond, what fits is written.
  void set_capacity(std::uint64_t bytes) EXCLUDES(mutex_);
  /// Called in the middle of reads, writes and syncs, before or after they took effect, with no lock held: what runs in
  /// there overtakes them, as on a slow disk. To be set while nobody uses the files; it must not throw.
  void set_interlude(std::function<void()> interlude) { interlude_ = std::move(interlude); }

  /// Damages a stored byte, behind every cache.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) EXCLUDES(mutex_);
  /// Reads of that sector fail until it is written again.
  void make_unreadable(const std::string& path, std::uint64_t offset) EXCLUDES(mutex_);
  /// All sectors can be read again.
  void mend() EXCLUDES(mutex_);
  /// I/O errors so far, and refusals for want of space.
  [[nodiscard]] std::uint64_t error_count() const EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t no_space_count() const EXCLUDES(mutex_);
  /// Calls that wrote or synced anything so far.
  [[nodiscard]] std::uint64_t change_count() const EXCLUDES(mutex_);

 private:
  friend class SimFile;
  struct FileNode;
  struct FolderNode;
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Place {
    std::shared_ptr<FolderNode> folder;
    std::string name;
  };

  Result<Place> locate(const std::string& path) REQUIRES(mutex_);
  Result<std::shared_ptr<FolderNode>> folder_at(const std::string& path) REQUIRES(mutex_);
  Result<void> alive() const REQUIRES(mutex_);
  Result<void> change() REQUIRES(mutex_);
  bool takes_fault(Fault fault) REQUIRES(mutex_);
  using Survivors = std::map<const Node*, NodePtr>;  ///< a file with several names survives as one
  NodePtr survivor(const NodePtr& node, Survivors& survivors) REQUIRES(mutex_);
  std::unexpected<Error> input_output_error() REQUIRES(mutex_);
  std::unexpected<Error> no_space() REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t free_now() const REQUIRES(mutex_);
  void pause() const {
    if (interlude_) interlude_();
  }
  std::shared_ptr<FileNode> surviving_file(const FileNode& file) REQUIRES(mutex_);
  std::shared_ptr<FolderNode> surviving_folder(const FolderNode& folder, Survivors& survivors) REQUIRES(mutex_);
  std::uint64_t below(std::uint64_t bound) REQUIRES(mutex_);

  Result<std::size_t> read_file(FileNode& file, std::uint64_t generation, std::span<char> out, std::uint64_t offset)
      EXCLUDES(mutex_);
  Result<void> write_file(FileNode& file, std::uint64_t generation, std::span<const std::string_view> parts,
                          std::uint64_t offset) EXCLUDES(mutex_);
  Result<void> sync_file(FileNode& file, std::uint64_t generation) EXCLUDES(mutex_);
  Result<std::uint64_t> file_size(FileNode& file, std::uint64_t generation) EXCLUDES(mutex_);
  Result<void> truncate_file(FileNode& file, std::uint64_t generation, std::uint64_t size) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  SeededRandom random_;
  std::shared_ptr<FolderNode> root_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0;  ///< grows with each power loss
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t power_left_ GUARDED_BY(mutex_) = UINT64_MAX;  ///< changes until the power goes off
  bool power_ GUARDED_BY(mutex_) = true;
  bool full_ GUARDED_BY(mutex_) = false;
  bool links_ GUARDED_BY(mutex_) = true;
  std::uint64_t capacity_ GUARDED_BY(mutex_) = UINT64_MAX;
  std::uint64_t errors_ GUARDED_BY(mutex_) = 0;
  std::uint64_t no_space_ GUARDED_BY(mutex_) = 0;
  std::function<void()> interlude_;
  std::map<Fault, std::uint64_t> faults_ GUARDED_BY(mutex_);  ///< calls until it strikes
};

}  // namespace penstock::os
