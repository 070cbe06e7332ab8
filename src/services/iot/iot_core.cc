#include "services/iot/iot_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/iot/errors.h"
#include "telemetry/log.h"

namespace penstock::services::iot {

namespace {

constexpr int kAttemptsMax = 8;
constexpr std::string_view kIdentity = "identity/";

ApiError to_api(const Error& error) {
  if (error.kind == ErrorKind::outcome_unknown) return internal_failure("The change may or may not have been made.");
  if (error.kind == ErrorKind::invalid) return invalid_request(error.message);
  return service_unavailable(error.message);
}

}  // namespace

class IotCore::Turn {
 public:
  explicit Turn(IotCore& core) : core_(&core) {}
  Turn(Turn&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (core_ != nullptr) core_->give_turn_back();
  }

 private:
  IotCore* core_;
};

Result<std::unique_ptr<IotCore>> IotCore::open(Parts parts) {
  std::unique_ptr<IotCore> core(new IotCore(std::move(parts)));
  PENSTOCK_TRY_VOID(core->load());
  return core;
}

IotCore::~IotCore() = default;

Result<void> IotCore::load() {
  for (const catalog::Document& document : parts_.catalog.list(key::kPrefix)) {
    PENSTOCK_TRY_VOID(apply(document.key, document.version, document.bytes.get()));
  }
  subscription_ = parts_.catalog.watch(std::string(key::kPrefix), [this](const catalog::Event& event) {
    const Result<void> applied = apply(event.key, event.version, event.bytes.get());
    if (!applied.has_value()) {
      telemetry::log(telemetry::Level::error, "iot document not understood",
                     {{"key", event.key}, {"reason", applied.error().message}});
    }
  });
  return {};
}

Result<void> IotCore::apply(std::string_view key, catalog::Version version, const std::string* bytes) {
  const MutexLock lock(mutex_);
  PENSTOCK_TRY(const Affects affects, registry_.apply(key, version, bytes));
  if (affects == Affects::authorisation) ++authorisation_epoch_;
  return {};
}

Task<std::optional<IotCore::Turn>> IotCore::take_turn() {
  std::optional<Completion<bool>> mine;
  {
    const MutexLock lock(turns_mutex_);
    if (turn_taken_) {
      if (waiting_.size() >= kChangesWaitingMax) co_return std::nullopt;
      mine = waiting_.emplace_back();
    }
    turn_taken_ = true;
  }
  if (mine.has_value()) co_await *mine;
  co_return Turn(*this);
}

void IotCore::give_turn_back() {
  std::optional<Completion<bool>> next;
  {
    const MutexLock lock(turns_mutex_);
    turn_taken_ = !waiting_.empty();
    if (turn_taken_) {
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (next.has_value()) next->set(true);
}

Task<ApiResult<void>> IotCore::change(Plan plan) {
  const std::optional<Turn> turn = co_await take_turn();
  if (!turn.has_value()) co_return std::unexpected(throttled("Too many registry changes wait."));
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    ApiResult<std::vector<catalog::Change>> changes = read(plan);
    if (!changes.has_value()) co_return std::unexpected(std::move(changes).error());
    if (changes->empty()) co_return ApiResult<void>{};
    const Result<catalog::Version> done = co_await parts_.catalog.commit(std::move(*changes));
    if (done.has_value()) co_return ApiResult<void>{};
    if (done.error().kind != ErrorKind::conflict) co_return std::unexpected(to_api(done.error()));
  }
  co_return std::unexpected(service_unavailable("The registry changed too often; try again."));
}

void IotCore::set_endpoints(Endpoints endpoints) {
  const MutexLock lock(mutex_);
  endpoints_ = std::move(endpoints);
}

Endpoints IotCore::endpoints() const {
  const MutexLock lock(mutex_);
  return endpoints_;
}

std::string IotCore::arn(std::string_view resource) const {
  if (resource.starts_with(kIdentity)) return std::string(resource.substr(kIdentity.size()));
  return fmt::format("arn:aws:iot:{}:{}:{}", parts_.region, parts_.account, resource);
}

std::optional<std::string> IotCore::resource_of(std::string_view arn) const {
  const std::string prefix = fmt::format("arn:aws:iot:{}:{}:", parts_.region, parts_.account);
  if (!arn.starts_with(prefix) || arn.size() == prefix.size()) return std::nullopt;
  return std::string(arn.substr(prefix.size()));
}

}  // namespace penstock::services::iot
