#include "stream/keyring.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "codec/json.h"
#include "core/encoding/hex.h"

namespace penstock::stream {
namespace {

/// How far a clock may go back without a key being missed.
constexpr std::chrono::hours kClockErrorMax{24};

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr int kCommitTriesMax = 100;
constexpr std::size_t kKnownMax = 64;
constexpr std::size_t kWrappedBytes = kAeadNonceBytes + kAeadKeyBytes + kAeadTagBytes;

std::string prefix_of_all(std::string_view account) { return fmt::format("stream-keys/{}/", account); }

/// Binds a wrapped key to its place.
std::string wrapping_context(std::string_view stream_uid, std::uint32_t number) {
  return fmt::format("penstock data key {} of stream {}", number, stream_uid);
}

std::uint32_t number_in(std::string_view document_key) {
  const std::string_view text = document_key.substr(document_key.rfind('/') + 1);
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number == 0) throw std::invalid_argument("number");
  return number;
}

std::string hex_member(const json::object& object, std::string_view name) {
  auto bytes = hex_decode(std::string_view(object.at(name).as_string()));
  if (!bytes) throw std::invalid_argument(std::string(name));
  return *std::move(bytes);
}

}  // namespace

Keyring::Keyring(KeyringParts parts, std::string stream_name, std::string stream_uid)
    : parts_(std::move(parts)), stream_name_(std::move(stream_name)), stream_uid_(std::move(stream_uid)) {}

// ---- the documents

std::string Keyring::key_of(std::uint32_t number) const {
  return fmt::format("{}{}/{:08}", prefix_of_all(parts_.account), stream_uid_, number);
}

std::string Keyring::encode(const Row& row) {
  return codec::serialize(json::object{{"format", kFormat},
                                       {"made_ms", to_unix_ms(row.made)},
                                       {"key_id", row.key_id},
                                       {"master_key", row.master_id},
                                       {"wrapped", hex_encode(row.wrapped)}});
}

Result<Keyring::Row> Keyring::decode(const catalog::Document& document) const {
  PENSTOCK_TRY(const json::value value, codec::parse_json(*document.bytes));
  try {
    const json::object& object = value.as_object();
    if (object.at("format").to_number<int>() != kFormat) throw std::invalid_argument("format");
    Row row{.number = number_in(document.key),
            .made = from_unix_ms(object.at("made_ms").to_number<std::int64_t>()),
            .master_id = std::string(object.at("master_key").as_string()),
            .key_id = std::string(object.at("key_id").as_string()),
            .wrapped = hex_member(object, "wrapped")};
    if (row.wrapped.size() != kWrappedBytes) throw std::invalid_argument("wrapped");
    return row;
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, document.key + ": " + error.what());
  }
}

Result<std::vector<Keyring::Row>> Keyring::load_all() const {
  std::vector<Row> rows;
  for (const auto& document : parts_.catalog.list(prefix_of_all(parts_.account) + stream_uid_ + "/")) {
    PENSTOCK_TRY(rows.emplace_back(), decode(document));
  }
  return rows;
}

// ---- wrapping

Keyring::Row Keyring::make_row(std::uint32_t number, std::string key_id, const MasterKey& master) const {
  const SecretBytes key(parts_.random, kAeadKeyBytes);
  const SecretBytes nonce(parts_.random, kAeadNonceBytes);
  std::string wrapped(nonce.view());
  aead_seal(master.key.view(), nonce.view(), wrapping_context(stream_uid_, number), key.view(), wrapped);
  return {.number = number,
          .made = parts_.clock.now(),
          .master_id = master.id,
          .key_id = std::move(key_id),
          .wrapped = std::move(wrapped)};
}

Result<SecretBytes> Keyring::unwrap(const Row& row) const {
  const auto master = parts_.master_keys.find(row.master_id);
  if (master == nullptr) {
    return fail(ErrorKind::denied, fmt::format("Data key {} of stream {} is wrapped by the master key {}, which this "
                                               "server was not given.",
                                               row.number, stream_name_, row.master_id));
  }
  const std::string_view wrapped = row.wrapped;
  auto key = aead_open(master->key.view(), wrapped.substr(0, kAeadNonceBytes),
                       wrapping_context(stream_uid_, row.number), wrapped.substr(kAeadNonceBytes));
  if (!key) {
    return fail(ErrorKind::denied, fmt::format("The master key {} does not open data key {} of stream {}: it is not "
                                               "the key of that id which wrapped it.",
                                               row.master_id, row.number, stream_name_));
  }
  return SecretBytes(*std::move(key));
}

Result<void> Keyring::check() const {
  PENSTOCK_TRY(const std::vector<Row> rows, load_all());
  for (const Row& row : rows) {
    if (auto key = unwrap(row); !key) return std::unexpected(std::move(key).error());
  }
  return {};
}

// ---- the key to encrypt with

Keyring::KeyPtr Keyring::at_hand(std::string_view key_id, Timestamp now) const {
  for (const InUse* one : {&in_use_, &before_}) {
    if (one->key && one->key_id == key_id && !one->key->is_used_up() && now - one->made < kKeyLife) return one->key;
  }
  return nullptr;
}

Keyring::KeyPtr Keyring::current_at_hand(std::string_view key_id) {
  const Timestamp now = parts_.clock.now();
  const MutexLock lock(mutex_);
  return taken_ ? nullptr : at_hand(key_id, now);
}

bool Keyring::enter(const Completion<bool>& turn) {
  const MutexLock lock(mutex_);
  if (!std::exchange(taken_, true)) return true;
  waiting_.push_back(turn);
  return false;
}

/// Gives the turn to the one who waits longest. One at a time: whoever was woken together with others might be
/// overtaken on its own executor by one that was about to wait.
void Keyring::leave() {
  std::optional<Completion<bool>> next;
  {
    const MutexLock lock(mutex_);
    taken_ = !waiting_.empty();
    if (!taken_) return;
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  next->set(true);
}

Task<Result<Keyring::KeyPtr>> Keyring::current(std::string key_id, Timestamp horizon) {
  const Completion<bool> turn;
  if (!enter(turn)) co_await turn;
  auto key = co_await current_in_turn(std::move(key_id), horizon);
  leave();
  co_return key;
}

bool Keyring::is_taken() const {
  const MutexLock lock(mutex_);
  return taken_;
}

Task<bool> Keyring::pass() {
  const Completion<bool> turn;
  if (!enter(turn)) co_await turn;
  leave();
  co_return true;
}

Task<Result<Keyring::KeyPtr>> Keyring::current_in_turn(std::string key_id, Timestamp horizon) {
  {
    const MutexLock lock(mutex_);
    if (KeyPtr key = at_hand(key_id, parts_.clock.now())) co_return key;
  }
  PENSTOCK_CO_TRY(InUse made, co_await take_or_make(std::move(key_id), horizon));
  const MutexLock lock(mutex_);
  before_ = std::exchange(in_use_, made);
  co_return made.key;
}

bool Keyring::is_used_up(std::uint32_t number) const {
  const MutexLock lock(mutex_);
  return in_use_.key && in_use_.key->number() == number && in_use_.key->is_used_up();
}

bool Keyring::may_serve(const Row& row, std::string_view key_id) const {
  const auto first = parts_.master_keys.first();
  return row.key_id == key_id && parts_.clock.now() - row.made < kKeyLife && first != nullptr &&
         row.master_id == first->id && !is_used_up(row.number);
}

std::vector<catalog::Change> Keyring::turn(const std::vector<Row>& rows, std::string key_id, const MasterKey& master,
                                           Timestamp horizon) const {
  const Row added = make_row(rows.empty() ? 1 : rows.back().number + 1, std::move(key_id), master);
  std::vector<catalog::Change> changes;
  changes.push_back({.key = key_of(added.number), .expected = 0, .bytes = encode(added)});
  // A key served until its successor was made: what it encrypted is older than that, as far as the clock never went
  // back. Where it did, frames are younger than they look, or are given again: so the key stays a while longer.
  for (std::size_t i = 0; i + 1 < rows.size() && rows[i + 1].made < horizon - kClockErrorMax; ++i) {
    changes.push_back({.key = key_of(rows[i].number), .expected = std::nullopt, .bytes = std::nullopt});
  }
  return changes;
}

Task<Result<Keyring::InUse>> Keyring::take_or_make(std::string key_id, Timestamp horizon) {
  for (int tries = 0; tries < kCommitTriesMax; ++tries) {
    PENSTOCK_CO_TRY(const std::vector<Row> rows, load_all());
    if (!rows.empty() && may_serve(rows.back(), key_id)) {
      const Row& row = rows.back();
      PENSTOCK_CO_TRY(SecretBytes key, unwrap(row));
      co_return InUse{.key = std::make_shared<DataKey>(stream_uid_, row.number, std::move(key), parts_.random),
                      .made = row.made,
                      .key_id = std::move(key_id)};
    }
    const auto master = parts_.master_keys.first();
    if (master == nullptr) {
      co_return fail(ErrorKind::denied,
                     rows.empty() ? "This server has no master key to encrypt with."
                                  : fmt::format("The master key {}, which wraps the data keys of stream {}, was not "
                                                "given to this server.",
                                                rows.back().master_id, stream_name_));
    }
    const auto turned = co_await parts_.catalog.commit(turn(rows, key_id, *master, horizon));
    if (!turned && turned.error().kind != ErrorKind::conflict) co_return std::unexpected(turned.error());
  }
  co_return fail(ErrorKind::unavailable, "the stream's keys change too often");
}

// ---- the keys of what was written

Result<Keyring::KeyPtr> Keyring::find(std::uint32_t number) {
  {
    const MutexLock lock(mutex_);
    for (const InUse* one : {&in_use_, &before_}) {
      if (one->key && one->key->number() == number) return one->key;
    }
    if (const auto found = known_.find(number); found != known_.end()) return found->second;
  }
  const auto document = parts_.catalog.get(key_of(number));
  if (!document) {
    return fail(ErrorKind::corrupt, fmt::format("encrypted record frame: it names data key {} of stream {}, which is "
                                                "not there",
                                                number, stream_name_));
  }
  PENSTOCK_TRY(const Row row, decode(*document));
  PENSTOCK_TRY(SecretBytes key, unwrap(row));
  auto made = std::make_shared<DataKey>(stream_uid_, number, std::move(key), parts_.random);
  const MutexLock lock(mutex_);
  if (known_.size() >= kKnownMax) known_.erase(known_.begin());
  return known_.emplace(number, std::move(made)).first->second;
}

Result<std::string> Keyring::decrypt(framelog::ShardIndex shard, std::string_view frame) {
  PENSTOCK_TRY(const EncryptedFrame parsed, parse_encrypted_frame(frame));
  PENSTOCK_TRY(const KeyPtr key, find(parsed.key_number));
  auto plain = key->decrypt(shard, parsed);
  if (plain) return *std::move(plain);
  return fail(ErrorKind::corrupt, fmt::format("encrypted record frame of stream {}: it is not what was written under "
                                              "data key {}",
                                              stream_name_, parsed.key_number));
}

// ---- the end

Task<Result<void>> Keyring::remove_all() {
  std::vector<catalog::Change> changes;
  for (const auto& document : parts_.catalog.list(prefix_of_all(parts_.account) + stream_uid_ + "/")) {
    changes.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
  }
  if (!changes.empty()) {
    const auto removed = co_await parts_.catalog.commit(std::move(changes));
    if (!removed) co_return std::unexpected(removed.error());
  }
  co_return Result<void>{};
}

std::optional<std::string> any_master_id_in_use(const catalog::Catalog& catalog, std::string_view account) {
  for (const auto& document : catalog.list(prefix_of_all(account), {}, 1)) {
    const auto value = codec::parse_json(*document.bytes);
    const auto* object = value ? value->if_object() : nullptr;
    const auto* id = object != nullptr ? object->if_contains("master_key") : nullptr;
    return id != nullptr && id->is_string() ? std::string(id->get_string()) : std::string("?");
  }
  return std::nullopt;
}

Result<void> remove_stray_keys(catalog::Catalog& catalog, std::string_view account,
                               const std::function<bool(std::string_view stream_uid)>& is_known) {
  const std::string prefix = prefix_of_all(account);
  std::vector<catalog::Change> changes;
  for (const auto& document : catalog.list(prefix)) {
    const std::string_view rest = std::string_view(document.key).substr(prefix.size());
    if (is_known(rest.substr(0, rest.find('/')))) continue;
    changes.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
  }
  if (changes.empty()) return {};
  const auto removed = run_sync(catalog.commit(std::move(changes)));
  if (!removed) return std::unexpected(removed.error());
  return {};
}

}  // namespace penstock::stream
