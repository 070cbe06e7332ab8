#pragma once
/// The records of one PutRecords request as the fast decoders give them: views into one piece of memory, instead of
/// strings for each record. A batch holds only what validate() of PutRecordsInput's records would pass.
/// Threads: values; nothing is shared.

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "stream/put_receipt.h"

namespace penstock::services::kinesis {

class RecordBatch {
 public:
  /// `bytes_max`: what keys and data take together at most; there must be room for what is added.
  explicit RecordBatch(std::size_t bytes_max)
      : bytes_(std::make_unique_for_overwrite<char[]>(bytes_max)), free_(bytes_.get()) {}
  RecordBatch(const RecordBatch&) = delete;
  RecordBatch& operator=(const RecordBatch&) = delete;

  std::vector<stream::PutView> records;

  [[nodiscard]] std::string_view add(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(free_, bytes.data(), bytes.size());
    return take(bytes.size());
  }
  /// For those who write themselves: here, and then take() what was written.
  [[nodiscard]] char* free() { return free_; }
  [[nodiscard]] std::string_view take(std::size_t size) {
    const std::string_view taken(free_, size);
    free_ += size;
    return taken;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  char* free_;
};

}  // namespace penstock::services::kinesis
