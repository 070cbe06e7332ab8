#include "os/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace penstock::os {
namespace {

std::unexpected<Error> system_error(std::string_view what, const std::string& path, int code) {
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::missing;
  if (code == EEXIST || code == ENOTEMPTY || code == EWOULDBLOCK) kind = ErrorKind::conflict;
  return fail(kind, fmt::format("{} {}: {}", what, path, std::generic_category().message(code)));
}

/// Calls a system function again while a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> pread(std::span<char> out, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = uninterrupted(
          [&] { return ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done)); });
      if (got < 0) return system_error("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> pwritev(std::span<const std::string_view> parts, std::uint64_t offset) override {
    std::array<iovec, IOV_MAX> vectors;
    std::size_t part = 0;
    std::size_t skip = 0;  // bytes of parts[part] that are written already
    while (part < parts.size()) {
      int count = 0;
      std::size_t part_skip = skip;
      for (std::size_t i = part; i < parts.size() && count < IOV_MAX; ++i) {
        vectors[static_cast<std::size_t>(count++)] = {const_cast<char*>(parts[i].data()) + part_skip,
                                                      parts[i].size() - part_skip};
        part_skip = 0;
      }
      const ssize_t wrote =
          uninterrupted([&] { return ::pwritev(fd_.get(), vectors.data(), count, static_cast<off_t>(offset)); });
      if (wrote < 0) return system_error("write", path_, errno);
      offset += static_cast<std::uint64_t>(wrote);
      // A short write ends inside some part: the next round goes on there.
      auto left = static_cast<std::size_t>(wrote);
      bool advanced = left > 0;
      while (part < parts.size() && left >= parts[part].size() - skip) {
        left -= parts[part].size() - skip;
        skip = 0;
        ++part;
        advanced = true;
      }
      skip += left;
      if (!advanced) return system_error("write", path_, ENOSPC);
    }
    return {};
  }

  Result<void> sync() override {
    if (uninterrupted([&] { return fdatasync(fd_.get()); }) != 0) return system_error("sync", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (fstat(fd_.get(), &status) != 0) return system_error("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return system_error("truncate", path_, errno);
    }
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

Result<void> make_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return {};
  const int code = errno;
  struct stat status{};
  if (code == EEXIST && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return system_error("make directory", path, code);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    switch (mode) {
      case OpenMode::read: flags |= O_RDONLY; break;
      case OpenMode::read_write: flags |= O_RDWR; break;
      case OpenMode::create_new: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    }
    Descriptor fd(uninterrupted([&] { return ::open(path.c_str(), flags, 0600); }));
    if (fd.get() < 0) return system_error("open", path, errno);
    return std::make_unique<PosixFile>(std::move(fd), path);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename", from, errno);
    return {};
  }

  Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    const int code = errno;
    const bool never = code == EXDEV || code == EPERM || code == EOPNOTSUPP || code == ENOSYS || code == EMLINK;
    auto error = system_error("link", to, code);
    if (never) error.error().kind = ErrorKind::invalid;
    return error;
  }

  Result<void> unlink(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("unlink", path, errno);
    return {};
  }

  Result<void> make_directories(const std::string& path) override {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      PENSTOCK_TRY_VOID(make_directory(path.substr(0, slash)));
    }
    return make_directory(path);
  }

  Result<void> remove_directory(const std::string& path) override {
    if (rmdir(path.c_str()) != 0) return system_error("remove directory", path, errno);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) return system_error("list", path, errno);
    std::vector<std::string> names;
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's readdir is safe on a DIR that no other thread uses
    while (const dirent* entry = readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int code = errno;
    closedir(directory);
    if (code != 0) return system_error("list", path, code);
    std::ranges::sort(names);
    return names;
  }

  Result<Entry> look_at(const std::string& path) override {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) return system_error("look at", path, errno);
    if (S_ISDIR(status.st_mode)) return Entry{.kind = EntryKind::folder};
    if (!S_ISREG(status.st_mode)) return Entry{};
    return Entry{.kind = EntryKind::file, .bytes = static_cast<std::uint64_t>(status.st_size)};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (fd.get() < 0) return system_error("open", path, errno);
    if (uninterrupted([&] { return fsync(fd.get()); }) != 0) return system_error("sync", path, errno);
    return {};
  }

  Result<std::uint64_t> free_bytes(const std::string& directory) override {
    struct statvfs about{};
    if (uninterrupted([&] { return ::statvfs(directory.c_str(), &about); }) != 0) {
      return system_error("look at the disk of", directory, errno);
    }
    return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
  }
};

class FlockDirectoryLock final : public DirectoryLock {
 public:
  explicit FlockDirectoryLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

}  // namespace

std::unique_ptr<FileSystem> posix_file_system() { return std::make_unique<PosixFileSystem>(); }

Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& directory) {
  const std::string path = directory + "/lock";
  Descriptor fd(uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }));
  if (fd.get() < 0) return system_error("open", path, errno);
  if (uninterrupted([&] { return flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    return system_error("lock (another process uses this folder?)", path, errno);
  }
  return std::make_unique<FlockDirectoryLock>(std::move(fd));
}

}  // namespace penstock::os
