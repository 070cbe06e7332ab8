#pragma once
/// The zips of functions and layers, by the SHA-256 of their bytes, and what is in them, ready to run.
///
///     <folder>/zips/<sha256>.zip        on disk before keep() completes
///     <folder>/code/<stamp>/<sha256>/   the unpacked zip, read-only; appears whole or not at all
///     <folder>/unpacking/               what is being unpacked; emptied by open()
///
/// What is unpacked is not synced: `stamp` names the boot of the machine, and after another boot (which may have been a
/// loss of power) everything is unpacked again from its zip.
///
/// Guarantee: a zip and its folder stand as long as a Code of it is held; when the last goes, they are removed (until
///            close(); what is left then goes at the next sweep()).
/// Threads:   any. The work is done on one thread of its own; kept and removed in the order of asking.
/// Errors:    keep: invalid (Lambda's message, see zip_archive.h), throttled (kJobsWaitingMax or kBytesWaitingMax
/// wait),
///            unavailable. hold: missing (there is no such zip), corrupt (it is not what its name says).
/// Bounds:    as zip_archive.h.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/random.h"
#include "core/result.h"
#include "core/task.h"
#include "functions/zip_archive.h"
#include "os/file_system.h"

namespace penstock::functions {

inline constexpr std::size_t kJobsWaitingMax = 64;
inline constexpr std::size_t kZipBytesWaitingMax = 512U << 20U;

/// A zip that is kept.
struct Code {
  std::string sha256_hex;
  std::uint64_t zip_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::string folder;  ///< absolute if the store's folder is
};
using CodePtr = std::shared_ptr<const Code>;

class CodeStore {
 public:
  struct Parts {
    os::FileSystem& files;
    Random& random;
    std::string folder;
    std::string stamp;  ///< [A-Za-z0-9-]+
  };
  /// Makes the folders. Call hold() for everything that is referred to, then sweep().
  [[nodiscard]] static Result<std::unique_ptr<CodeStore>> open(Parts parts);
  ~CodeStore();

  Task<Result<CodePtr>> keep(std::string zip, ZipLimits limits);
  /// The zip is a file. Errors: also missing.
  Task<Result<CodePtr>> keep_file(std::string path, ZipLimits limits);
  /// The zip's bytes.
  Task<Result<std::string>> read(CodePtr code);

  /// Of a zip that was kept before: by whoever holds it now, or (only before sweep()) from the disk. Blocks only then.
  /// `kept` is what keep() gave; its folder is not looked at.
  [[nodiscard]] Result<CodePtr> hold(const Code& kept);
  /// Removes what nobody holds; from then on hold() gives only what is held.
  Result<void> sweep();
  /// Before those who hold code go because the program ends: what they let go of from now on stays. Nothing more is
  /// kept or read.
  void close();

 private:
  class Shelf;
  explicit CodeStore(std::shared_ptr<Shelf> shelf);
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace penstock::functions
