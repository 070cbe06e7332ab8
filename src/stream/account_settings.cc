#include "stream/account_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "codec/json.h"
#include "stream/retried_commit.h"

namespace penstock::stream {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::chrono::hours kCommitmentMin{24};

json::value encode(const std::optional<Timestamp>& time) {
  return time ? json::value(to_unix_ms(*time)) : json::value(nullptr);
}

std::optional<Timestamp> decode(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return from_unix_ms(value.to_number<std::int64_t>());
}

}  // namespace

AccountSettings::AccountSettings(catalog::Catalog& catalog, const Clock& clock, std::string_view account)
    : catalog_(catalog), clock_(clock), key_(fmt::format("kinesis-account/{}", account)) {}

Result<AccountSettings::Stored> AccountSettings::load() const {
  const auto document = catalog_.get(key_);
  if (!document) return Stored{};
  PENSTOCK_TRY(const json::value value, codec::parse_json(*document->bytes));
  try {
    if (value.at("format").to_number<int>() != kFormat) throw std::invalid_argument("format");
    const json::value& commitment = value.at("commitment");
    return Stored{.started = decode(commitment.at("started_ms")),
                  .end = decode(commitment.at("end_ms")),
                  .version = document->version};
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, key_ + ": " + error.what());
  }
}

BillingCommitment AccountSettings::describe(const Stored& stored) const {
  using Status = BillingCommitment::Status;
  if (!stored.started) return {};
  if (stored.end && clock_.now() >= *stored.end) {
    return {.status = Status::disabled, .started = stored.started, .ended = stored.end};
  }
  return {.status = stored.end ? Status::enabled_until_earliest_end : Status::enabled,
          .started = stored.started,
          .earliest_end = *stored.started + kCommitmentMin};
}

Result<BillingCommitment> AccountSettings::commitment() const {
  PENSTOCK_TRY(const Stored stored, load());
  return describe(stored);
}

Task<Result<BillingCommitment>> AccountSettings::set_commitment(bool enabled) {
  Stored stored;
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    PENSTOCK_TRY(stored, load());
    const Timestamp now = clock_.now();
    const bool is_enabled = describe(stored).is_enabled();
    if (enabled) {
      if (!is_enabled) stored.started = now;
      stored.end.reset();
    } else if (is_enabled && !stored.end) {
      stored.end = std::max(now, *stored.started + kCommitmentMin);
    }
    const json::object commitment{{"started_ms", encode(stored.started)}, {"end_ms", encode(stored.end)}};
    return std::vector<catalog::Change>{
        {.key = key_,
         .expected = stored.version,
         .bytes = codec::serialize(json::object{{"format", kFormat}, {"commitment", commitment}})}};
  };
  const auto committed = co_await commit_retrying(catalog_, prepare, "the document of the account's settings");
  if (!committed) co_return std::unexpected(committed.error());
  co_return describe(stored);
}

}  // namespace penstock::stream
