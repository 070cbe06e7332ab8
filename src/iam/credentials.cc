#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "core/encoding/base64.h"
#include "iam/identity_state.h"
#include "iam/seal.h"

namespace penstock::iam {
namespace {

namespace json = boost::json;

constexpr std::string_view kSessionPurpose = "penstock session 1";
constexpr std::size_t kTokenBytesMax = 16 * 1024;

std::string secret_purpose(std::string_view access_key_id) {
  return fmt::format("penstock secret 1 {}", access_key_id);
}

json::string to_json_text(std::string_view text) { return json::string(text.data(), text.size()); }

std::string session_text(const KeyPair& key, const SessionRequest& session) {
  const Principal& who = session.principal;
  json::array policies;
  for (const std::string& policy : who.session_policies) policies.push_back(to_json_text(policy));
  json::object tags;
  for (const auto& [name, value] : who.session_tags) tags[{name.data(), name.size()}] = to_json_text(value);
  return json::serialize(json::object{{"key", to_json_text(key.access_key_id)},
                                      {"secret", to_json_text(key.secret_access_key)},
                                      {"expires", to_unix_ms(session.expires)},
                                      {"kind", static_cast<std::int64_t>(who.kind)},
                                      {"account", to_json_text(who.account)},
                                      {"arn", to_json_text(who.arn)},
                                      {"user_id", to_json_text(who.user_id)},
                                      {"name", to_json_text(who.name)},
                                      {"role_arn", to_json_text(who.role_arn)},
                                      {"policies", std::move(policies)},
                                      {"tags", std::move(tags)}});
}

struct OpenedSession {
  KeyPair key;
  SessionRequest session;
};

/// The text was sealed by this program, so it has the form that session_text writes.
std::optional<OpenedSession> read_session(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  const json::object* object = error ? nullptr : root.if_object();
  if (!object) return std::nullopt;
  const auto get = [&](const char* name) -> std::string {
    const json::value* value = object->if_contains(name);
    const json::string* found = value ? value->if_string() : nullptr;
    return found ? std::string(found->data(), found->size()) : "";
  };
  const auto number = [&](const char* name) -> std::int64_t {
    const json::value* value = object->if_contains(name);
    return value && value->is_int64() ? value->get_int64() : 0;
  };
  OpenedSession out;
  out.key = {.access_key_id = get("key"), .secret_access_key = get("secret")};
  out.session.expires = from_unix_ms(number("expires"));
  Principal& who = out.session.principal;
  who.kind = static_cast<PrincipalKind>(number("kind"));
  who.account = get("account");
  who.arn = get("arn");
  who.user_id = get("user_id");
  who.name = get("name");
  who.role_arn = get("role_arn");
  if (const json::value* policies = object->if_contains("policies"); policies && policies->is_array()) {
    for (const json::value& one : policies->get_array()) {
      if (!one.is_string()) return std::nullopt;
      who.session_policies.emplace_back(one.get_string().data(), one.get_string().size());
    }
  }
  if (const json::value* tags = object->if_contains("tags"); tags && tags->is_object()) {
    for (const auto& [name, value] : tags->get_object()) {
      if (!value.is_string()) return std::nullopt;
      who.session_tags.emplace(std::string(name.data(), name.size()),
                               std::string(value.get_string().data(), value.get_string().size()));
    }
  }
  return out;
}

}  // namespace

std::expected<Credential, CredentialFault> IdentityStore::find_credential(std::string_view access_key_id,
                                                                          std::optional<std::string_view> session_token,
                                                                          Timestamp now) const {
  const auto unknown = std::unexpected(CredentialFault::unknown);
  if (session_token) {
    if (session_token->size() > kTokenBytesMax) return unknown;
    const auto sealed = base64_decode(*session_token);
    const auto text = sealed ? unseal(state_->options.seal_key, kSessionPurpose, *sealed) : std::nullopt;
    auto opened = text ? read_session(*text) : std::nullopt;
    if (!opened || opened->key.access_key_id != access_key_id) return unknown;
    if (opened->session.expires <= now) return std::unexpected(CredentialFault::expired);
    return Credential{.secret_access_key = std::move(opened->key.secret_access_key),
                      .session_token = std::string(*session_token),
                      .principal = std::move(opened->session.principal)};
  }
  const auto key = find<AccessKey>(access_key_id);
  if (!key || key->name != access_key_id || !key->active) return unknown;
  const auto sealed = base64_decode(key->sealed_secret);
  auto secret = sealed ? unseal(state_->options.seal_key, secret_purpose(access_key_id), *sealed) : std::nullopt;
  if (!secret) return unknown;
  Credential out{.secret_access_key = std::move(*secret), .session_token = std::nullopt, .principal = {}};
  Principal& who = out.principal;
  who.account = account();
  if (key->user.empty()) {
    who.kind = PrincipalKind::root;
    who.arn = fmt::format("arn:{}:iam::{}:root", kPartition, account());
    who.user_id = account();
    return out;
  }
  const auto user = find<User>(key->user);
  if (!user) return unknown;
  who.kind = PrincipalKind::user;
  who.arn = user->arn;
  who.user_id = user->id;
  who.name = user->name;
  return out;
}

KeyPair IdentityStore::new_key_pair(std::string_view id_prefix) const {
  Random& random = state_->random;
  return {.access_key_id = std::string(id_prefix) + random.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
          .secret_access_key = random.text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")};
}

std::string IdentityStore::seal_secret(std::string_view access_key_id, std::string_view secret) const {
  // Base64, because it is kept in a JSON document.
  return base64_encode(seal(state_->options.seal_key, secret_purpose(access_key_id), secret, state_->random));
}

SessionCredential IdentityStore::new_session(const SessionRequest& request) const {
  SessionCredential out{.key = new_key_pair("ASIA"), .session_token = {}, .expires = request.expires};
  out.session_token =
      base64_encode(seal(state_->options.seal_key, kSessionPurpose, session_text(out.key, request), state_->random));
  return out;
}

void IdentityStore::note_key_use(std::string_view access_key_id, std::string_view service, std::string_view region,
                                 Timestamp at) {
  const MutexLock lock(state_->mutex);
  state_->key_uses.insert_or_assign(std::string(access_key_id),
                                    KeyUse{.at = at, .service = std::string(service), .region = std::string(region)});
}

std::optional<IdentityStore::KeyUse> IdentityStore::last_key_use(std::string_view access_key_id) const {
  const MutexLock lock(state_->mutex);
  const auto found = state_->key_uses.find(std::string(access_key_id));
  if (found == state_->key_uses.end()) return std::nullopt;
  return found->second;
}

Task<Result<KeyPair>> IdentityStore::ensure_root_key(std::optional<KeyPair> wanted) {
  for (const auto& key : access_keys_of("")) {
    const auto credential = find_credential(key->name, std::nullopt, state_->clock.now());
    if (!credential.has_value()) {
      co_return fail(ErrorKind::corrupt, "the root key cannot be opened: is the seal key the one it was made with?");
    }
    co_return KeyPair{.access_key_id = key->name, .secret_access_key = credential->secret_access_key};
  }
  const KeyPair made = wanted ? std::move(*wanted) : new_key_pair("AKIA");
  AccessKey key;
  key.name = made.access_key_id;
  key.created = state_->clock.now();
  key.sealed_secret = seal_secret(made.access_key_id, made.secret_access_key);
  Edit edit;
  edit.put(key);
  PENSTOCK_CO_TRY_VOID(co_await commit(std::move(edit)));
  co_return made;
}

}  // namespace penstock::iam
