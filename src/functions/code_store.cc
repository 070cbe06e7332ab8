#include "functions/code_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <thread>
#include <utility>

#include "core/encoding/hex.h"
#include "core/mutex.h"
#include "os/new_tree.h"
#include "sigv4/crypto.h"
#include "telemetry/log.h"

namespace penstock::functions {
namespace {

constexpr std::string_view kZipSuffix = ".zip";
constexpr std::size_t kSha256HexLength = 64;

class TreeSink final : public ZipSink {
 public:
  explicit TreeSink(os::NewTree& tree) : tree_(tree) {}
  Result<void> folder(std::string_view name) override { return tree_.add_folder(name); }
  Result<void> begin_file(std::string_view name, bool executable) override {
    return tree_.begin_file(name, executable);
  }
  Result<void> piece(std::string_view bytes) override { return tree_.write(bytes); }
  Result<void> end_file() override { return tree_.end_file(); }

 private:
  os::NewTree& tree_;
};

Result<std::string> read_whole(os::FileSystem& files, const std::string& path) {
  PENSTOCK_TRY(const auto file, files.open(path, os::OpenMode::read));
  PENSTOCK_TRY(const std::uint64_t size, file->size());
  if (size > kUnpackedBytesMax) return fail(ErrorKind::invalid, "the zip has more bytes than its contents may have");
  std::string bytes(size, '\0');
  PENSTOCK_TRY(const std::size_t got, file->pread(std::span(bytes), 0));
  bytes.resize(got);
  return bytes;
}

}  // namespace

/// Codes may outlive it; as long as it stands, the last one of a zip to go says so here.
class CodeStore::Shelf : public std::enable_shared_from_this<Shelf> {
 public:
  explicit Shelf(Parts parts) : parts_(std::move(parts)) {}

  Result<void> open();
  void start() {
    worker_ = std::jthread([this] { work(); });
  }
  void stop() EXCLUDES(mutex_);

  /// False when too much waits.
  [[nodiscard]] bool enqueue(std::size_t bytes, std::move_only_function<void()> job) EXCLUDES(mutex_);

  // On the worker, or before it starts.
  Result<CodePtr> keep(const std::string& zip, const ZipLimits& limits);
  Result<CodePtr> keep_file(const std::string& path, const ZipLimits& limits);
  Result<CodePtr> hold_from_disk(Code kept);
  Result<void> sweep();
  void remove(const std::string& sha256_hex);

  [[nodiscard]] CodePtr held(std::string_view sha256_hex) EXCLUDES(mutex_);
  [[nodiscard]] bool is_swept() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return swept_;
  }
  [[nodiscard]] Result<std::string> read(const Code& code) {
    return read_whole(parts_.files, zip_path(code.sha256_hex));
  }

 private:
  [[nodiscard]] std::string zips() const { return parts_.folder + "/zips"; }
  [[nodiscard]] std::string unpacked() const { return parts_.folder + "/code/" + parts_.stamp; }
  [[nodiscard]] std::string unpacking() const { return parts_.folder + "/unpacking"; }
  [[nodiscard]] std::string zip_path(const std::string& sha) const {
    return zips() + "/" + sha + std::string(kZipSuffix);
  }
  [[nodiscard]] std::string code_path(const std::string& sha) const { return unpacked() + "/" + sha; }

  Result<std::uint64_t> unpack(const std::string& zip, const std::string& sha, const ZipLimits& limits);
  Result<void> write_zip(const std::string& zip, const std::string& sha);
  CodePtr lend(Code code) EXCLUDES(mutex_);
  void returned(const std::string& sha256_hex) EXCLUDES(mutex_);
  void work() EXCLUDES(mutex_);
  [[nodiscard]] bool exists(const std::string& path) { return parts_.files.open(path, os::OpenMode::read).has_value(); }

  struct Job {
    std::size_t bytes;
    std::move_only_function<void()> run;
  };

  const Parts parts_;
  Mutex mutex_;
  CondVar arrived_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);  // bounded by kJobsWaitingMax; removals are bounded by what is held
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool swept_ GUARDED_BY(mutex_) = false;
  std::map<std::string, std::weak_ptr<const Code>, std::less<>> lent_ GUARDED_BY(mutex_);
  std::jthread worker_;
};

Result<void> CodeStore::Shelf::open() {
  for (const std::string& folder : {zips(), parts_.folder + "/code"}) {
    PENSTOCK_TRY_VOID(parts_.files.make_directories(folder));
  }
  PENSTOCK_TRY(const auto boots, parts_.files.list(parts_.folder + "/code"));
  for (const std::string& boot : boots) {
    if (boot != parts_.stamp) PENSTOCK_TRY_VOID(os::remove_tree(parts_.folder + "/code/" + boot));
  }
  PENSTOCK_TRY_VOID(os::remove_tree(unpacking()));
  PENSTOCK_TRY_VOID(parts_.files.make_directories(unpacked()));
  PENSTOCK_TRY_VOID(parts_.files.make_directories(unpacking()));
  return parts_.files.sync_directory(parts_.folder);
}

void CodeStore::Shelf::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  if (worker_.joinable()) worker_.join();
}

bool CodeStore::Shelf::enqueue(std::size_t bytes, std::move_only_function<void()> job) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || waiting_ >= kJobsWaitingMax || bytes > kZipBytesWaitingMax - waiting_bytes_) return false;
    ++waiting_;
    waiting_bytes_ += bytes;
    jobs_.push_back({bytes, [this, bytes, job = std::move(job)]() mutable {
                       job();
                       const MutexLock relock(mutex_);
                       --waiting_;
                       waiting_bytes_ -= bytes;
                     }});
  }
  arrived_.notify_all();
  return true;
}

void CodeStore::Shelf::work() {
  while (true) {
    std::move_only_function<void()> job;
    {
      const MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) arrived_.wait(mutex_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front().run);
      jobs_.pop_front();
    }
    job();
  }
}

CodePtr CodeStore::Shelf::lend(Code code) {
  const MutexLock lock(mutex_);
  std::weak_ptr<const Code>& slot = lent_[code.sha256_hex];
  if (CodePtr held = slot.lock()) return held;
  // Weak, because what is lent is known here: each would keep the other for ever.
  CodePtr lent(new Code(std::move(code)), [shelf = weak_from_this()](const Code* gone) {
    if (const auto standing = shelf.lock(); standing != nullptr) standing->returned(gone->sha256_hex);
    delete gone;
  });
  slot = lent;
  return lent;
}

void CodeStore::Shelf::returned(const std::string& sha256_hex) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || !swept_) return;  // the sweep does it, this one's or the next start's
    jobs_.push_back({0, [this, sha256_hex] { remove(sha256_hex); }});
  }
  arrived_.notify_all();
}

CodePtr CodeStore::Shelf::held(std::string_view sha256_hex) {
  const MutexLock lock(mutex_);
  const auto found = lent_.find(sha256_hex);
  return found == lent_.end() ? nullptr : found->second.lock();
}

void CodeStore::Shelf::remove(const std::string& sha256_hex) {
  {
    const MutexLock lock(mutex_);
    const auto found = lent_.find(sha256_hex);
    if (found != lent_.end() && !found->second.expired()) return;  // kept again meanwhile
    if (found != lent_.end()) lent_.erase(found);
  }
  Result<void> gone = parts_.files.unlink(zip_path(sha256_hex));
  if (gone.has_value() || gone.error().kind == ErrorKind::missing) gone = os::remove_tree(code_path(sha256_hex));
  if (gone.has_value()) return;
  telemetry::log(telemetry::Level::warn, "code of no function stays", {{"reason", gone.error().message}});
}

Result<std::uint64_t> CodeStore::Shelf::unpack(const std::string& zip, const std::string& sha,
                                               const ZipLimits& limits) {
  const std::string folder = unpacking() + "/" + parts_.random.hex(16);
  const auto unpack_there = [&]() -> Result<std::uint64_t> {
    PENSTOCK_TRY(os::NewTree tree, os::NewTree::make(folder));
    TreeSink sink(tree);
    PENSTOCK_TRY(const std::uint64_t bytes, unpack_zip(zip, limits, sink));
    PENSTOCK_TRY_VOID(os::remove_tree(code_path(sha)));
    PENSTOCK_TRY_VOID(tree.finish(code_path(sha)));
    return bytes;
  };
  Result<std::uint64_t> bytes = unpack_there();
  if (!bytes.has_value()) {
    if (auto cleared = os::remove_tree(folder); !cleared.has_value()) {
      telemetry::log(telemetry::Level::warn, "half an unpacked zip stays", {{"reason", cleared.error().message}});
    }
  }
  return bytes;
}

Result<void> CodeStore::Shelf::write_zip(const std::string& zip, const std::string& sha) {
  if (exists(zip_path(sha))) return {};
  const std::string draft = unpacking() + "/" + parts_.random.hex(16) + std::string(kZipSuffix);
  {
    PENSTOCK_TRY(const auto file, parts_.files.open(draft, os::OpenMode::create_new));
    const std::string_view parts[] = {zip};
    PENSTOCK_TRY_VOID(file->pwritev(parts, 0));
    PENSTOCK_TRY_VOID(file->sync());
  }
  PENSTOCK_TRY_VOID(parts_.files.rename(draft, zip_path(sha)));
  return parts_.files.sync_directory(zips());
}

Result<CodePtr> CodeStore::Shelf::keep(const std::string& zip, const ZipLimits& limits) {
  const std::string sha = sigv4::sha256_hex(zip);
  if (CodePtr code = held(sha); code != nullptr) {
    if (code->unpacked_bytes > limits.unpacked_bytes_max) {
      return fail(ErrorKind::invalid,
                  fmt::format("Unzipped size must be smaller than {} bytes", limits.unpacked_bytes_max));
    }
    return code;
  }
  PENSTOCK_TRY(const std::uint64_t unpacked_bytes, unpack(zip, sha, limits));
  PENSTOCK_TRY_VOID(write_zip(zip, sha));
  return lend({.sha256_hex = sha, .zip_bytes = zip.size(), .unpacked_bytes = unpacked_bytes, .folder = code_path(sha)});
}

Result<CodePtr> CodeStore::Shelf::keep_file(const std::string& path, const ZipLimits& limits) {
  PENSTOCK_TRY(const std::string zip, read_whole(parts_.files, path));
  return keep(zip, limits);
}

Result<CodePtr> CodeStore::Shelf::hold_from_disk(Code kept) {
  const std::string& sha = kept.sha256_hex;
  kept.folder = code_path(sha);
  if (!exists(zip_path(sha))) return fail(ErrorKind::missing, fmt::format("{} is not there", zip_path(sha)));
  if (!parts_.files.list(kept.folder).has_value()) {
    PENSTOCK_TRY(const std::string zip, read_whole(parts_.files, zip_path(sha)));
    if (sigv4::sha256_hex(zip) != sha) {
      return fail(ErrorKind::corrupt, fmt::format("{} is not the zip that was kept", zip_path(sha)));
    }
    PENSTOCK_TRY_VOID(unpack(zip, sha, {}));
  }
  return lend(std::move(kept));
}

Result<void> CodeStore::Shelf::sweep() {
  PENSTOCK_TRY(const auto zip_names, parts_.files.list(zips()));
  for (const std::string& name : zip_names) {
    if (held(std::string_view(name).substr(0, kSha256HexLength)) != nullptr) continue;
    PENSTOCK_TRY_VOID(parts_.files.unlink(zips() + "/" + name));
  }
  PENSTOCK_TRY(const auto folder_names, parts_.files.list(unpacked()));
  for (const std::string& name : folder_names) {
    if (held(name) == nullptr) PENSTOCK_TRY_VOID(os::remove_tree(unpacked() + "/" + name));
  }
  const MutexLock lock(mutex_);
  swept_ = true;
  return {};
}

CodeStore::CodeStore(std::shared_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {}
CodeStore::~CodeStore() { close(); }
void CodeStore::close() { shelf_->stop(); }

Result<std::unique_ptr<CodeStore>> CodeStore::open(Parts parts) {
  auto shelf = std::make_shared<Shelf>(std::move(parts));
  PENSTOCK_TRY_VOID(shelf->open());
  return std::unique_ptr<CodeStore>(new CodeStore(std::move(shelf)));
}

Task<Result<CodePtr>> CodeStore::keep(std::string zip, ZipLimits limits) {
  const Completion<Result<CodePtr>> done;
  const std::size_t bytes = zip.size();
  if (!shelf_->enqueue(
          bytes, [shelf = shelf_.get(), zip = std::move(zip), limits, done] { done.set(shelf->keep(zip, limits)); })) {
    co_return fail(ErrorKind::throttled, "too many uploads are being unpacked");
  }
  co_return co_await done;
}

Task<Result<CodePtr>> CodeStore::keep_file(std::string path, ZipLimits limits) {
  const Completion<Result<CodePtr>> done;
  if (!shelf_->enqueue(kUnpackedBytesMax, [shelf = shelf_.get(), path = std::move(path), limits, done] {
        done.set(shelf->keep_file(path, limits));
      })) {
    co_return fail(ErrorKind::throttled, "too many uploads are being unpacked");
  }
  co_return co_await done;
}

Task<Result<std::string>> CodeStore::read(CodePtr code) {
  const Completion<Result<std::string>> done;
  const std::size_t bytes = code->zip_bytes;
  if (!shelf_->enqueue(bytes, [shelf = shelf_.get(), code = std::move(code), done] { done.set(shelf->read(*code)); })) {
    co_return fail(ErrorKind::throttled, "too many zips are being read");
  }
  co_return co_await done;
}

Result<CodePtr> CodeStore::hold(const Code& kept) {
  if (CodePtr code = shelf_->held(kept.sha256_hex); code != nullptr) return code;
  if (shelf_->is_swept()) return fail(ErrorKind::missing, fmt::format("nobody holds the zip {}", kept.sha256_hex));
  if (kept.sha256_hex.size() != kSha256HexLength || !hex_decode(kept.sha256_hex).has_value()) {
    return fail(ErrorKind::corrupt, fmt::format("'{}' names no zip", kept.sha256_hex));
  }
  return shelf_->hold_from_disk(kept);
}

Result<void> CodeStore::sweep() {
  PENSTOCK_TRY_VOID(shelf_->sweep());
  shelf_->start();
  return {};
}

}  // namespace penstock::functions
