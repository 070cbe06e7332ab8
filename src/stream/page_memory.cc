#include "stream/page_memory.h"

namespace penstock::stream {
namespace {

/// Slower first, refused then.
constexpr std::chrono::milliseconds kPatience{2000};
/// A byte of data is in its frame, in the output, and as base64 in the answer; encrypted frames are there twice.
constexpr std::size_t kCopies = 4;
/// A record's place in the page, in the output and in the answer, beside its data and key.
constexpr std::size_t kRecordBytes = 640;

std::unexpected<Error> none_free() {
  return fail(ErrorKind::throttled, "Rate exceeded: the memory for answers is taken by those that are being sent.");
}

std::size_t cost(std::size_t bytes, std::size_t records) { return kCopies * bytes + kRecordBytes * records; }

}  // namespace

Task<Result<framelog::FramePage>> PageMemory::read(std::shared_ptr<framelog::FrameLog> log, ShardIndex shard,
                                                   Position from, framelog::ReadLimits limits) {
  if (budget_ != nullptr && charge_.bytes() == 0) {
    if (auto page = log->read_cached(shard, from, limits)) co_return *std::move(page);
    auto charge = co_await budget_->take(cost(bounds_.bytes_max, 0), kPatience);
    if (!charge.has_value()) co_return none_free();
    charge_ = *std::move(charge);
  }
  co_return co_await log->read(shard, from, limits);
}

Task<Result<MemoryCharge>> PageMemory::settle(std::size_t bytes, std::size_t records) {
  if (budget_ == nullptr) co_return MemoryCharge();
  const std::size_t kept = cost(bytes, records);
  if (charge_.bytes() > 0) {
    charge_.shrink_to(kept);
  } else if (kept > 0) {
    auto charge = budget_->take_now(kept);
    if (!charge.has_value()) charge = co_await budget_->take(kept, kPatience);
    if (!charge.has_value()) co_return none_free();
    charge_ = *std::move(charge);
  }
  co_return std::move(charge_);
}

}  // namespace penstock::stream
