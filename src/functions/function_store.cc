#include "functions/function_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "telemetry/log.h"

namespace penstock::functions {
namespace {

constexpr int kAttemptsMax = 8;
/// Alias weights are decided in parts of this.
constexpr std::uint64_t kWeightParts = 1'000'000;

std::optional<std::int64_t> version_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

/// Of `runnable_` and of the table of versions; nullopt when `version` names none ("LIVE", "0").
std::optional<std::string> runnable_key(std::string_view name, std::string_view version) {
  if (version == kLatest) return part_of(name, kLatest);
  const auto number = version_number(version);
  if (!number.has_value()) return std::nullopt;
  return version_key(name, *number);
}

/// Another text whenever something changes that a running environment does not follow; a RevisionId changes more often
/// (with tags and permissions too).
std::string run_revision(VersionRecord record) {
  record.revision_id.clear();
  return to_document(record);
}

template <class Map>
void drop(Map& map, std::string_view key) {
  const auto found = map.find(key);
  if (found != map.end()) map.erase(found);
}

}  // namespace

Result<std::unique_ptr<FunctionStore>> FunctionStore::open(Parts parts) {
  std::unique_ptr<FunctionStore> store(new FunctionStore(std::move(parts)));
  PENSTOCK_TRY_VOID(store->load());
  PENSTOCK_TRY_VOID(store->parts_.code.sweep());
  return store;
}

// The registry's hold on the code of every function goes with it: that is not what deletes a function.
FunctionStore::~FunctionStore() { parts_.code.close(); }

Result<void> FunctionStore::load() {
  for (const catalog::Document& document : parts_.catalog.list(key::kPrefix)) {
    PENSTOCK_TRY_VOID(apply(document.key, document.version, document.bytes.get()));
  }
  subscription_ = parts_.catalog.watch(std::string(key::kPrefix), [this](const catalog::Event& event) {
    const Result<void> applied = apply(event.key, event.version, event.bytes.get());
    if (!applied.has_value()) {
      telemetry::log(telemetry::Level::error, "function document not understood",
                     {{"key", event.key}, {"reason", applied.error().message}});
    }
  });
  return {};
}

Result<void> FunctionStore::apply(std::string_view key, catalog::Version version, const std::string* bytes) {
  std::shared_ptr<const std::function<void(std::string_view)>> tell;
  std::string_view rest = key.substr(std::min(key.size(), key::kPrefix.size()));
  const std::string_view kind = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(rest.size(), kind.size() + 1));
  {
    const MutexLock lock(mutex_);
    PENSTOCK_TRY_VOID(registry_.apply(key, version, bytes));
    refresh(kind, rest);
    tell = on_change_;
  }
  const bool is_layer = kind == key::kLayer || kind == key::kLayerVersion;
  if (tell != nullptr && !is_layer) (*tell)(rest.substr(0, rest.find('/')));
  return {};
}

/// Makes what is run from what is written. Blocks for the disk only while the store is loaded.
void FunctionStore::refresh(std::string_view kind, std::string_view key) {
  if (kind == key::kFunction) {
    const auto record = registry_.functions().find(key);
    const std::string latest = part_of(key, kLatest);
    if (record == nullptr) {
      drop(runnable_, latest);
      return;
    }
    FunctionVersionPtr& slot = runnable_[latest];
    if (slot == nullptr || slot->revision_id != run_revision(record->latest)) slot = runnable(record->latest);
  } else if (kind == key::kVersion) {
    const auto record = registry_.versions().find(key);
    if (record == nullptr) {
      drop(runnable_, key);
    } else {
      runnable_.insert_or_assign(std::string(key), runnable(*record));
    }
  } else if (kind == key::kUrl) {
    std::erase_if(url_keys_, [&](const auto& one) { return one.second == key; });
    if (const auto record = registry_.urls().find(key)) url_keys_.insert_or_assign(record->id, std::string(key));
  } else if (kind == key::kLayerVersion) {
    const auto record = registry_.layer_versions().find(key);
    if (record == nullptr) {
      drop(layer_code_, key);
      return;
    }
    if (auto code = parts_.code.hold(to_code(record->code)); code.has_value()) {
      layer_code_.insert_or_assign(std::string(key), *std::move(code));
    }
  }
}

/// nullptr when its code is lost: it cannot be run, everything else of it can be asked and changed.
FunctionVersionPtr FunctionStore::runnable(const VersionRecord& record) const {
  auto out = std::make_shared<FunctionVersion>();
  const auto use = [&](const CodeRecord& code) -> std::optional<std::string> {
    auto held = parts_.code.hold(to_code(code));
    if (!held.has_value()) {
      telemetry::log(telemetry::Level::error, "a function's code is lost",
                     {{"function", record.function}, {"version", record.version}, {"reason", held.error().message}});
      return std::nullopt;
    }
    out->code_in_use.push_back(*held);
    return (*held)->folder;
  };
  const auto folder = use(record.code);
  if (!folder.has_value()) return nullptr;
  for (const LayerUse& layer : record.layers) {
    const auto layer_folder = use(layer.code);
    if (!layer_folder.has_value()) return nullptr;
    out->layer_folders.push_back(*layer_folder);
  }
  out->name = record.function;
  out->version = record.version;
  out->arn = arn(record.function, record.version == kLatest ? std::string_view{} : std::string_view(record.version));
  out->role_arn = record.role_arn;
  out->runtime = record.runtime;
  out->handler = record.handler;
  out->timeout = std::chrono::seconds(record.timeout_seconds);
  out->memory_mb = record.memory_mb;
  out->ephemeral_mb = record.ephemeral_mb;
  if (record.environment.has_value()) out->environment.assign(record.environment->begin(), record.environment->end());
  out->code_folder = *folder;
  out->logging = {.group = record.logging.group.value_or("/aws/lambda/" + record.function),
                  .json = record.logging.json,
                  .application_level = record.logging.application_level.value_or(""),
                  .system_level = record.logging.system_level.value_or("")};
  out->revision_id = run_revision(record);
  return out;
}

Task<Result<void>> FunctionStore::change(Plan plan) {
  const std::optional<Turns::Turn> turn = co_await turns_.take();
  if (!turn.has_value()) co_return fail(ErrorKind::throttled, "too many changes of functions wait");
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Result<std::vector<catalog::Change>> changes = read(plan);
    if (!changes.has_value()) co_return std::unexpected(std::move(changes).error());
    if (changes->empty()) co_return Result<void>{};
    const Result<catalog::Version> done = co_await parts_.catalog.commit(*std::move(changes));
    if (done.has_value()) co_return Result<void>{};
    if (done.error().kind != ErrorKind::conflict) co_return std::unexpected(done.error());
  }
  co_return fail(ErrorKind::unavailable, "the functions changed too often; try again");
}

int FunctionStore::provisioned_of(std::string_view name, std::string_view version) const {
  int environments = 0;
  const std::string prefix = part_of(name, "");
  const auto& rows = registry_.provisioned().rows();
  for (auto row = rows.lower_bound(prefix); row != rows.end() && row->first.starts_with(prefix); ++row) {
    const auto alias = registry_.aliases().find(row->first);
    const std::string_view bound_to =
        alias == nullptr ? std::string_view(row->first).substr(prefix.size()) : std::string_view(alias->version);
    if (bound_to == version) environments += row->second.record->environments;
  }
  return environments;
}

std::optional<Resolved> FunctionStore::find(std::string_view name, std::string_view qualifier) const {
  const auto function = registry_.functions().find(name);
  if (function == nullptr) return std::nullopt;
  std::string version(qualifier.empty() ? kLatest : qualifier);
  if (const auto alias = registry_.aliases().find(part_of(name, version)); alias != nullptr) {
    const auto second = static_cast<std::uint64_t>(alias->second_weight * static_cast<double>(kWeightParts));
    const bool takes_second = alias->second_version.has_value() && parts_.random.below(kWeightParts) < second;
    version = takes_second ? *alias->second_version : alias->version;
  }
  const auto key = runnable_key(name, version);
  const auto found = key.has_value() ? runnable_.find(*key) : runnable_.end();
  if (found == runnable_.end()) return std::nullopt;
  return Resolved{.version = found->second,
                  .invoked_arn = arn(name, qualifier),
                  .reserved_concurrency = function->reserved_concurrency,
                  .provisioned_concurrency = provisioned_of(name, version)};
}

Result<Resolved> FunctionStore::resolve(std::string_view name, std::string_view qualifier) const {
  std::optional<Resolved> found;
  {
    const MutexLock lock(mutex_);
    found = find(name, qualifier);
  }
  if (!found.has_value()) return fail(ErrorKind::missing, fmt::format("Function not found: {}", arn(name, qualifier)));
  if (found->version == nullptr) {
    return fail(ErrorKind::conflict, fmt::format("The operation cannot be performed at this time. The function is "
                                                 "currently in the following state: Failed (its code is lost): {}",
                                                 arn(name, qualifier)));
  }
  return *std::move(found);
}

void FunctionStore::watch(std::function<void(std::string_view name)> on_change) {
  const MutexLock lock(mutex_);
  on_change_ = std::make_shared<const std::function<void(std::string_view)>>(std::move(on_change));
}

std::shared_ptr<const InvokeConfigRecord> FunctionStore::invoke_config(std::string_view name,
                                                                       std::string_view qualifier) const {
  return read([&](const FunctionRegistry& registry) {
    return registry.invoke_configs().find(part_of(name, qualifier.empty() ? kLatest : qualifier));
  });
}

std::string FunctionStore::policy(std::string_view name, std::string_view qualifier) const {
  const auto found = read([&](const FunctionRegistry& registry) {
    return registry.policies().find(part_of(name, qualifier.empty() ? kLatest : qualifier));
  });
  return found == nullptr ? std::string() : policy_document(*found);
}

std::optional<UrlTarget> FunctionStore::find_url(std::string_view url_id) const {
  const MutexLock lock(mutex_);
  const auto found = url_keys_.find(url_id);
  if (found == url_keys_.end()) return std::nullopt;
  const std::string_view key = found->second;
  const std::size_t slash = key.find('/');
  const std::string_view qualifier = key.substr(slash + 1);
  return UrlTarget{.function = std::string(key.substr(0, slash)),
                   .qualifier = std::string(qualifier == kLatest ? std::string_view{} : qualifier),
                   .url = registry_.urls().find(key)};
}

std::vector<Resolved> FunctionStore::provisioned() const {
  std::vector<Resolved> out;
  const MutexLock lock(mutex_);
  for (const auto& [key, row] : registry_.provisioned().rows()) {
    const std::string_view name = std::string_view(key).substr(0, key.find('/'));
    std::string version = key.substr(name.size() + 1);
    if (const auto alias = registry_.aliases().find(key); alias != nullptr) version = alias->version;
    auto found = find(name, version);
    const bool is_new = std::ranges::none_of(
        out, [&](const Resolved& other) { return found.has_value() && other.version == found->version; });
    if (found.has_value() && found->version != nullptr && is_new) out.push_back(*std::move(found));
  }
  return out;
}

std::string FunctionStore::arn(std::string_view name, std::string_view qualifier) const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}{}{}", parts_.region, parts_.account, name,
                     qualifier.empty() ? "" : ":", qualifier);
}

std::string FunctionStore::layer_arn(std::string_view name) const {
  return fmt::format("arn:aws:lambda:{}:{}:layer:{}", parts_.region, parts_.account, name);
}

std::string policy_document(const PolicyRecord& policy) {
  std::string statements;
  for (const Statement& statement : policy.statements) {
    if (!statements.empty()) statements += ',';
    statements += statement.json.text;
  }
  return fmt::format(R"({{"Version":"2012-10-17","Id":"default","Statement":[{}]}})", statements);
}

}  // namespace penstock::functions
