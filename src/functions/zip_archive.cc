#include "functions/zip_archive.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace penstock::functions {
namespace {

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;
using ZipFile = std::unique_ptr<zip_file_t, CloseFile>;

constexpr std::size_t kPieceBytes = 65'536;

std::unexpected<Error> unreadable() {
  return fail(ErrorKind::invalid, "Could not unzip uploaded file. Please check your file, then try to upload again.");
}
std::unexpected<Error> too_large(const ZipLimits& limits) {
  return fail(ErrorKind::invalid,
              fmt::format("Unzipped size must be smaller than {} bytes", limits.unpacked_bytes_max));
}
/// Names may hold anything: what is not plain text is not repeated.
std::unexpected<Error> refused(std::string_view name, std::string_view why) {
  std::string shown(name.substr(0, 128));
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return fail(ErrorKind::invalid, fmt::format("Could not unzip uploaded file: the entry '{}' {}.", shown, why));
}

Result<Zip> open_zip(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) {
    zip_error_fini(&error);
    return fail(ErrorKind::unavailable, "no memory for a zip");
  }
  Zip zip(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (zip == nullptr) {
    zip_source_free(source);
    zip_error_fini(&error);
    return unreadable();
  }
  zip_error_fini(&error);
  return zip;
}

/// Without empty and "." parts; an error when it would lead out.
Result<std::string> plain_name(std::string_view given) {
  if (given.size() > kZipNameBytesMax) return refused(given, "has too long a name");
  if (given.starts_with('/')) return refused(given, "has an absolute name");
  std::string name;
  std::size_t depth = 0;
  for (std::string_view rest = given; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return refused(given, "leads out of the archive");
    if (part.size() > 255) return refused(given, "has too long a name");
    if (++depth > kZipDepthMax) return refused(given, "lies too deep");
    if (!name.empty()) name += '/';
    name += part;
  }
  return name;
}

struct Entry {
  zip_uint64_t index;
  std::string name;
  bool is_folder;
  bool is_executable;
  std::uint64_t size;
};

class Directory {
 public:
  explicit Directory(const ZipLimits& limits) : limits_(limits) {}

  Result<void> read(zip_t* zip);
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  Result<void> add(zip_t* zip, zip_uint64_t index);
  Result<void> claim(const Entry& entry);

  const ZipLimits limits_;
  std::vector<Entry> entries_;
  std::set<std::string, std::less<>> files_;
  std::set<std::string, std::less<>> folders_;
  std::uint64_t bytes_ = 0;
};

Result<void> Directory::read(zip_t* zip) {
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  if (count < 0) return unreadable();
  if (static_cast<std::uint64_t>(count) > limits_.entries_max) {
    return fail(ErrorKind::invalid,
                fmt::format("Could not unzip uploaded file: it has more than {} entries.", limits_.entries_max));
  }
  for (zip_int64_t i = 0; i < count; ++i) PENSTOCK_TRY_VOID(add(zip, static_cast<zip_uint64_t>(i)));
  if (files_.empty()) return fail(ErrorKind::invalid, "Uploaded file must be a non-empty zip");
  return {};
}

Result<void> Directory::add(zip_t* zip, zip_uint64_t index) {
  zip_stat_t facts;
  zip_stat_init(&facts);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE;
  if (zip_stat_index(zip, index, ZIP_FL_ENC_RAW, &facts) != 0 || (facts.valid & kNeeded) != kNeeded) {
    return unreadable();
  }
  const std::string_view given = facts.name;
  if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE) {
    return refused(given, "is encrypted");
  }
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) != 0) return unreadable();
  const bool has_mode = system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X;
  const mode_t mode = has_mode ? attributes >> 16U : 0;
  const mode_t kind = mode & S_IFMT;
  if (kind == S_IFLNK) return refused(given, "is a link");
  if (kind != 0 && kind != S_IFREG && kind != S_IFDIR) return refused(given, "is neither a file nor a folder");
  PENSTOCK_TRY(std::string name, plain_name(given));
  const bool is_folder = given.ends_with('/') || kind == S_IFDIR;
  if (name.empty()) {
    if (is_folder) return {};
    return refused(given, "has no name");
  }
  Entry entry{.index = index,
              .name = std::move(name),
              .is_folder = is_folder,
              .is_executable = (mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0,
              .size = is_folder ? 0 : facts.size};
  if (entry.size > limits_.unpacked_bytes_max - bytes_) return too_large(limits_);
  bytes_ += entry.size;
  PENSTOCK_TRY_VOID(claim(entry));
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> Directory::claim(const Entry& entry) {
  for (std::size_t slash = entry.name.find('/'); slash != std::string::npos; slash = entry.name.find('/', slash + 1)) {
    std::string parent = entry.name.substr(0, slash);
    if (files_.contains(parent)) return refused(entry.name, "lies in what is a file");
    folders_.insert(std::move(parent));
  }
  if (entry.is_folder) {
    if (files_.contains(entry.name)) return refused(entry.name, "is there twice");
    folders_.insert(entry.name);
    return {};
  }
  if (folders_.contains(entry.name) || !files_.insert(entry.name).second) {
    return refused(entry.name, "is there twice");
  }
  return {};
}

Result<void> unpack_file(zip_t* zip, const Entry& entry, ZipSink& sink) {
  const ZipFile file(zip_fopen_index(zip, entry.index, 0));
  if (file == nullptr) return unreadable();
  PENSTOCK_TRY_VOID(sink.begin_file(entry.name, entry.is_executable));
  std::vector<char> piece(kPieceBytes);
  std::uint64_t left = entry.size;
  while (true) {
    const zip_int64_t got = zip_fread(file.get(), piece.data(), piece.size());
    // More or less than the directory says is a lie or a broken file.
    if (got < 0 || static_cast<std::uint64_t>(got) > left) return unreadable();
    if (got == 0) break;
    left -= static_cast<std::uint64_t>(got);
    PENSTOCK_TRY_VOID(sink.piece({piece.data(), static_cast<std::size_t>(got)}));
  }
  if (left != 0) return unreadable();
  return sink.end_file();
}

}  // namespace

Result<std::uint64_t> unpack_zip(std::string_view bytes, const ZipLimits& limits, ZipSink& sink) {
  PENSTOCK_TRY(const Zip zip, open_zip(bytes));
  Directory directory(limits);
  PENSTOCK_TRY_VOID(directory.read(zip.get()));
  std::uint64_t unpacked = 0;
  for (const Entry& entry : directory.entries()) {
    if (entry.is_folder) {
      PENSTOCK_TRY_VOID(sink.folder(entry.name));
    } else {
      PENSTOCK_TRY_VOID(unpack_file(zip.get(), entry, sink));
    }
    unpacked += entry.size;
  }
  return unpacked;
}

}  // namespace penstock::functions
