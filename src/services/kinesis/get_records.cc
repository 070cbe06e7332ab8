#include <fmt/chrono.h>
#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::size_t kRecordsMax = 10'000;

/// "Thu Jan 22 01:22:02 UTC 2015", as AWS prints times in this message.
std::string date_text(Timestamp time) {
  return fmt::format("{:%a %b %d %H:%M:%S UTC %Y}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// AWS takes one in quotation marks too, as a shell script may pass on what it cut out of an answer.
std::optional<stream::ShardIterator> read_iterator(const CallContext& call, const GetRecordsInput& input) {
  std::string_view text = input.shard_iterator;
  if (text.size() > 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
  return call.house.streams.unseal(text);
}

ApiResult<stream::ShardIterator> check_iterator(const CallContext& call, const GetRecordsInput& input) {
  PENSTOCK_TRY_VOID(refuse_stream_id(input.stream_id));
  auto iterator = read_iterator(call, input);
  if (!iterator) return api_fail(kInvalidArgument, "Invalid ShardIterator.");
  if (input.stream_arn && *input.stream_arn != stream_arn(call, iterator->stream_name)) {
    return api_fail(kInvalidArgument, "The ShardIterator does not belong to the stream of StreamARN.");
  }
  const Timestamp now = call.house.clock.now();
  // "A shard iterator expires 5 minutes after it is returned to the requester."
  const std::chrono::milliseconds life = call.house.streams.settings().iterator_life;
  if (now - iterator->made > life) {
    return api_fail(kExpiredIterator,
                    fmt::format("Iterator expired. The iterator was created at time {} while right now it is {} which "
                                "is further in the future than the tolerated delay of {} milliseconds.",
                                date_text(iterator->made), date_text(now), life.count()));
  }
  return *std::move(iterator);
}

}  // namespace

Touched get_records_resource(const CallContext& call, const void* input) {
  const auto& get = *static_cast<const GetRecordsInput*>(input);
  std::vector<std::string> arns;
  if (const auto iterator = read_iterator(call, get)) {
    arns.push_back(stream_arn(call, iterator->stream_name));
  }
  if (get.stream_arn && (arns.empty() || arns.front() != *get.stream_arn)) arns.push_back(*get.stream_arn);
  if (arns.empty()) arns.push_back(stream_arn(call, "*"));
  return touch_arns(call, std::move(arns));
}

Answer<GetRecordsOutput> get_records(CallContext& call, GetRecordsInput input) {
  PENSTOCK_CO_TRY(stream::ShardIterator iterator, check_iterator(call, input));
  stream::Streams& streams = call.house.streams;
  if (input.dry_run.value_or(false)) {
    const auto fine = streams.check_read(iterator);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
    co_return dry_run_passed();
  }
  const auto limit = static_cast<std::size_t>(input.limit.value_or(kRecordsMax));
  auto read = co_await streams.read(std::move(iterator), limit);
  if (!read) co_return to_api_error(read.error(), Plane::data);
  call.memory = std::move(read->memory);
  auto page = std::make_shared<const stream::RecordPage>(*std::move(read));

  GetRecordsOutput output;
  if (page->next) {
    output.next_shard_iterator = streams.seal(*page->next);
  } else {
    output.child_shards = child_shards(*page);
  }
  output.millis_behind_latest = page->millis_behind_latest;
  output.page = std::move(page);
  co_return output;
}

}  // namespace penstock::services::kinesis
