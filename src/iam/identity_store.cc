#include "iam/identity_store.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "core/encoding/base64.h"
#include "iam/aws_managed.h"
#include "iam/entity_json.h"
#include "iam/identity_state.h"
#include "iam/pattern.h"
#include "iam/seal.h"

namespace penstock::iam {
namespace {

constexpr std::string_view kPrefix = "iam/";
constexpr std::string_view kSealKeyDocument = "iam/seal-key";

/// "iam/role/reader" -> "role", "reader"
std::pair<std::string_view, std::string_view> split_key(std::string_view key) {
  key.remove_prefix(kPrefix.size());
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

Task<Result<std::string>> load_or_make_seal_key(catalog::Catalog& catalog, Random& random) {
  const auto parse = [](const catalog::Document& document) -> Result<std::string> {
    boost::json::error_code error;
    const auto root = boost::json::parse({document.bytes->data(), document.bytes->size()}, error);
    const auto* object = error ? nullptr : root.if_object();
    const auto* text = object ? object->if_contains("key") : nullptr;
    auto key = text && text->is_string() ? base64_decode({text->get_string().data(), text->get_string().size()})
                                         : std::nullopt;
    if (!key || key->size() != kSealKeyBytes) return fail(ErrorKind::corrupt, "the stored seal key is damaged");
    return std::move(*key);
  };
  if (const auto stored = catalog.get(kSealKeyDocument)) co_return parse(*stored);
  std::string key(kSealKeyBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(key)));
  const auto made = co_await catalog.put(std::string(kSealKeyDocument),
                                         fmt::format(R"({{"format":1,"key":"{}"}})", base64_encode(key)), 0);
  if (made.has_value()) co_return key;
  const auto stored = catalog.get(kSealKeyDocument);
  if (made.error().kind == ErrorKind::conflict && stored) co_return parse(*stored);
  co_return std::unexpected(made.error());
}

}  // namespace

template <class T>
std::shared_ptr<const T> IdentityStore::State::find(std::string_view name) const {
  const std::string key = lower_case(name);
  const MutexLock lock(mutex);
  const auto& table = std::get<Table<T>>(tables);
  const auto found = table.find(key);
  return found == table.end() ? nullptr : found->second;
}

Result<void> IdentityStore::State::take(const std::string& key, catalog::Version version, const std::string* bytes) {
  const auto [noun, name] = split_key(key);
  const auto take_as = [&]<class T>(std::type_identity<T>) -> Result<void> {
    std::shared_ptr<const T> entity;
    if (bytes) {
      PENSTOCK_TRY(T parsed, from_json<T>(*bytes, version));
      entity = std::make_shared<const T>(std::move(parsed));
    }
    const MutexLock lock(mutex);
    auto& table = std::get<Table<T>>(tables);
    if (entity) {
      auto& slot = table[std::string(name)];
      if (!slot || slot->version < version) slot = std::move(entity);
    } else {
      table.erase(std::string(name));
    }
    ++generation;
    subjects.clear();
    return {};
  };
  if (noun == Role::kNoun) return take_as(std::type_identity<Role>{});
  if (noun == User::kNoun) return take_as(std::type_identity<User>{});
  if (noun == Group::kNoun) return take_as(std::type_identity<Group>{});
  if (noun == ManagedPolicy::kNoun) return take_as(std::type_identity<ManagedPolicy>{});
  if (noun == InstanceProfile::kNoun) return take_as(std::type_identity<InstanceProfile>{});
  if (noun == AccessKey::kNoun) return take_as(std::type_identity<AccessKey>{});
  return {};
}

IdentityStore::IdentityStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

IdentityStore::~IdentityStore() = default;

Task<Result<std::unique_ptr<IdentityStore>>> IdentityStore::open(catalog::Catalog& catalog, const Clock& clock,
                                                                 Random& random, IdentityOptions options) {
  if (options.seal_key.empty()) {
    PENSTOCK_CO_TRY(options.seal_key, co_await load_or_make_seal_key(catalog, random));
  }
  if (options.seal_key.size() != kSealKeyBytes) co_return fail(ErrorKind::invalid, "the seal key must have 32 bytes");
  auto state = std::make_unique<State>(catalog, clock, random, std::move(options));
  // Watched before it is listed: a change in between is taken twice, and the older one does not win.
  state->watching = catalog.watch(std::string(kPrefix), [raw = state.get()](const catalog::Event& event) {
    // What cannot be read was not written by this program; it fails the next start, which says so.
    static_cast<void>(raw->take(event.key, event.version, event.bytes.get()));
  });
  for (const catalog::Document& document : catalog.list(kPrefix)) {
    const auto taken = state->take(document.key, document.version, document.bytes.get());
    if (!taken.has_value()) {
      co_return fail(taken.error().kind, fmt::format("{}: {}", document.key, taken.error().message));
    }
  }
  co_return std::unique_ptr<IdentityStore>(new IdentityStore(std::move(state)));
}

template <class T>
std::shared_ptr<const T> IdentityStore::find(std::string_view name) const {
  return state_->find<T>(name);
}

template <class T>
std::vector<std::shared_ptr<const T>> IdentityStore::all() const {
  std::vector<std::shared_ptr<const T>> out;
  const MutexLock lock(state_->mutex);
  for (const auto& [name, entity] : std::get<Table<T>>(state_->tables)) out.push_back(entity);
  return out;
}

std::shared_ptr<const ManagedPolicy> IdentityStore::find_policy(std::string_view arn) const {
  const std::string mine = fmt::format("arn:{}:iam::{}:policy/", kPartition, state_->options.account);
  if (!arn.starts_with(mine)) return find_aws_managed(arn);
  auto found = find<ManagedPolicy>(arn.substr(arn.rfind('/') + 1));
  return found && found->arn == arn ? found : nullptr;
}

std::vector<std::shared_ptr<const AccessKey>> IdentityStore::access_keys_of(std::string_view user) const {
  std::vector<std::shared_ptr<const AccessKey>> out;
  for (auto& key : all<AccessKey>()) {
    if (key->user == user) out.push_back(std::move(key));
  }
  return out;
}

template <class T>
void Edit::put(const T& entity) {
  changes_.push_back({.key = entity_key(T::kNoun, entity.name), .expected = entity.version, .bytes = to_json(entity)});
}

template <class T>
void Edit::remove(const T& entity) {
  changes_.push_back({.key = entity_key(T::kNoun, entity.name), .expected = entity.version, .bytes = std::nullopt});
}

template <class T>
void Edit::hold(const T& entity) {
  put(entity);
}

#define PENSTOCK_FOR_ENTITY(T)                                                             \
  template std::shared_ptr<const T> IdentityStore::find<T>(std::string_view) const;        \
  template std::vector<std::shared_ptr<const T>> IdentityStore::all<T>() const;            \
  template std::shared_ptr<const T> IdentityStore::State::find<T>(std::string_view) const; \
  template void Edit::put<T>(const T&);                                                    \
  template void Edit::remove<T>(const T&);                                                 \
  template void Edit::hold<T>(const T&)
PENSTOCK_FOR_ENTITY(Role);
PENSTOCK_FOR_ENTITY(User);
PENSTOCK_FOR_ENTITY(Group);
PENSTOCK_FOR_ENTITY(ManagedPolicy);
PENSTOCK_FOR_ENTITY(InstanceProfile);
PENSTOCK_FOR_ENTITY(AccessKey);
#undef PENSTOCK_FOR_ENTITY

Task<Result<void>> IdentityStore::commit(Edit edit) {
  if (edit.changes_.empty()) co_return Result<void>{};
  PENSTOCK_CO_TRY_VOID(co_await state_->catalog.commit(std::move(edit.changes_)));
  co_return Result<void>{};
}

const std::string& IdentityStore::account() const { return state_->options.account; }

std::string IdentityStore::new_id(std::string_view prefix) const {
  return std::string(prefix) + state_->random.text(17, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

}  // namespace penstock::iam
