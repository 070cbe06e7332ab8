#include "net/connection.h"

#include <algorithm>

namespace penstock::net {

void count_memory(const ConnectionHost& host, HttpResponse& response) {
  const std::size_t size = response.body.size();
  if (response.memory.bytes() > 0) return response.memory.shrink_to(size);
  if (host.answers == nullptr || size < kCountedAnswerBytes) return;
  if (size >= kLargeAnswerBytes && host.answers->is_full()) {
    response = host.refusal(503, "the memory for answers is taken by those that are being sent", nullptr);
    return;
  }
  response.memory = host.answers->count(size);
}

SteadyTime answer_deadline(const ConnectionHost& host, SteadyTime start, std::size_t sent) {
  const HttpLimits& limits = host.limits;
  const auto earned = std::chrono::milliseconds(sent * 1000 / limits.answer_bytes_per_second_min);
  return std::min(host.clock.steady(), start + earned) + limits.write_stall_max;
}

}  // namespace penstock::net
