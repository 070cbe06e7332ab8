#include "iam/entity_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "iam/pattern.h"

namespace penstock::iam {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;

json::string_view to_view(std::string_view text) { return {text.data(), text.size()}; }

class Writer {
 public:
  explicit Writer(const Entity& entity) {
    object_["format"] = kFormat;
    text("name", entity.name);
    text("path", entity.path);
    text("id", entity.id);
    text("arn", entity.arn);
    time("created", entity.created);
    json::array tags;
    for (const Tag& tag : entity.tags) {
      tags.push_back(json::array{json::string(to_view(tag.key)), json::string(to_view(tag.value))});
    }
    if (!tags.empty()) object_["tags"] = std::move(tags);
  }
  Writer& text(const char* name, std::string_view value) {
    object_[name] = to_view(value);
    return *this;
  }
  Writer& text_if(const char* name, const std::optional<std::string>& value) {
    if (value) text(name, *value);
    return *this;
  }
  Writer& time(const char* name, Timestamp value) { return number(name, to_unix_ms(value)); }
  Writer& number(const char* name, std::int64_t value) {
    object_[name] = value;
    return *this;
  }
  Writer& flag(const char* name, bool value) {
    object_[name] = value;
    return *this;
  }
  Writer& texts(const char* name, const std::vector<std::string>& values) {
    json::array list;
    for (const std::string& value : values) list.push_back(json::string(to_view(value)));
    object_[name] = std::move(list);
    return *this;
  }
  Writer& permissions(const Permitted& entity) {
    json::object policies;
    for (const auto& [name, document] : entity.inline_policies) policies[to_view(name)] = to_view(document);
    object_["inline"] = std::move(policies);
    texts("attached", entity.attached);
    return text_if("boundary", entity.boundary);
  }
  json::object& object() { return object_; }
  [[nodiscard]] std::string done() const { return json::serialize(object_); }

 private:
  json::object object_;
};

/// Reads members; the first that is not as it must be makes the whole document corrupt.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  void base(Entity& out) {
    std::int64_t format = 0;
    number("format", format);
    good_ = good_ && format == kFormat;
    text("name", out.name);
    text("path", out.path);
    text("id", out.id);
    text("arn", out.arn);
    time("created", out.created);
    const json::value* tags = object_.if_contains("tags");
    if (!tags) return;
    for (const json::value& one : array_of(tags)) {
      const json::array* pair = one.if_array();
      if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) return spoil();
      out.tags.push_back(Tag{.key = string_of((*pair)[0]), .value = string_of((*pair)[1])});
    }
  }
  void permissions(Permitted& out) {
    const json::value* policies = object_.if_contains("inline");
    if (!policies || !policies->is_object()) return spoil();
    for (const auto& [name, document] : policies->get_object()) {
      if (!document.is_string()) return spoil();
      out.inline_policies.emplace(std::string(name.data(), name.size()), string_of(document));
    }
    texts("attached", out.attached);
    text("boundary", out.boundary);
  }
  void text(const char* name, std::string& out) {
    const json::value* value = object_.if_contains(name);
    if (!value || !value->is_string()) return spoil();
    out = string_of(*value);
  }
  void text(const char* name, std::optional<std::string>& out) {
    if (object_.contains(name)) text(name, out.emplace());
  }
  template <class Number>
  void number(const char* name, Number& out) {
    const json::value* value = object_.if_contains(name);
    if (!value || !value->is_int64()) return spoil();
    out = static_cast<Number>(value->get_int64());
  }
  void time(const char* name, Timestamp& out) {
    std::int64_t ms = 0;
    number(name, ms);
    out = from_unix_ms(ms);
  }
  void flag(const char* name, bool& out) {
    const json::value* value = object_.if_contains(name);
    if (!value || !value->is_bool()) return spoil();
    out = value->get_bool();
  }
  void texts(const char* name, std::vector<std::string>& out) {
    for (const json::value& one : array_of(object_.if_contains(name))) {
      if (!one.is_string()) return spoil();
      out.push_back(string_of(one));
    }
  }
  const json::array& array_of(const json::value* value) {
    static const json::array kNone;
    if (value && value->is_array()) return value->get_array();
    spoil();
    return kNone;
  }
  [[nodiscard]] const json::object& object() const { return object_; }
  [[nodiscard]] bool good() const { return good_; }
  void spoil() { good_ = false; }

 private:
  static std::string string_of(const json::value& value) {
    const json::string& text = value.get_string();
    return {text.data(), text.size()};
  }

  const json::object& object_;
  bool good_ = true;
};

void read(Reader& in, Role& out) {
  in.permissions(out);
  in.text("trust", out.trust_policy);
  in.text("description", out.description);
  in.number("max_session_seconds", out.max_session_seconds);
}

void read(Reader& in, User& out) {
  in.permissions(out);
  in.texts("groups", out.groups);
}

void read(Reader& in, Group& out) { in.permissions(out); }

void read(Reader& in, ManagedPolicy& out) {
  in.text("description", out.description);
  in.time("updated", out.updated);
  in.number("default_version", out.default_version);
  in.number("last_version", out.last_version);
  for (const json::value& one : in.array_of(in.object().if_contains("versions"))) {
    if (!one.is_object()) return in.spoil();
    Reader version(one.get_object());
    PolicyVersion& added = out.versions.emplace_back();
    version.number("number", added.number);
    version.text("document", added.document);
    version.time("created", added.created);
    if (!version.good()) return in.spoil();
  }
  if (!out.find(out.default_version)) in.spoil();
}

void read(Reader& in, InstanceProfile& out) { in.texts("roles", out.roles); }

void read(Reader& in, AccessKey& out) {
  in.text("user", out.user);
  in.flag("active", out.active);
  in.text("sealed_secret", out.sealed_secret);
}

}  // namespace

std::string entity_key(std::string_view noun, std::string_view name) {
  return fmt::format("iam/{}/{}", noun, lower_case(name));
}

std::string to_json(const Role& role) {
  return Writer(role)
      .permissions(role)
      .text("trust", role.trust_policy)
      .text_if("description", role.description)
      .number("max_session_seconds", role.max_session_seconds)
      .done();
}

std::string to_json(const User& user) { return Writer(user).permissions(user).texts("groups", user.groups).done(); }

std::string to_json(const Group& group) { return Writer(group).permissions(group).done(); }

std::string to_json(const ManagedPolicy& policy) {
  Writer out(policy);
  out.text_if("description", policy.description)
      .time("updated", policy.updated)
      .number("default_version", policy.default_version)
      .number("last_version", policy.last_version);
  json::array versions;
  for (const PolicyVersion& version : policy.versions) {
    versions.push_back(json::object{{"number", version.number},
                                    {"document", json::string(to_view(version.document))},
                                    {"created", to_unix_ms(version.created)}});
  }
  out.object()["versions"] = std::move(versions);
  return out.done();
}

std::string to_json(const InstanceProfile& profile) { return Writer(profile).texts("roles", profile.roles).done(); }

std::string to_json(const AccessKey& key) {
  return Writer(key).text("user", key.user).flag("active", key.active).text("sealed_secret", key.sealed_secret).done();
}

template <class T>
Result<T> from_json(std::string_view text, std::uint64_t version) {
  json::error_code error;
  const json::value root = json::parse(to_view(text), error);
  if (error || !root.is_object()) return fail(ErrorKind::corrupt, "an identity document is not a JSON object");
  Reader in(root.get_object());
  T out;
  in.base(out);
  read(in, out);
  if (!in.good()) return fail(ErrorKind::corrupt, fmt::format("a stored {} has an unknown form", T::kNoun));
  out.version = version;
  return out;
}

template Result<Role> from_json<Role>(std::string_view, std::uint64_t);
template Result<User> from_json<User>(std::string_view, std::uint64_t);
template Result<Group> from_json<Group>(std::string_view, std::uint64_t);
template Result<ManagedPolicy> from_json<ManagedPolicy>(std::string_view, std::uint64_t);
template Result<InstanceProfile> from_json<InstanceProfile>(std::string_view, std::uint64_t);
template Result<AccessKey> from_json<AccessKey>(std::string_view, std::uint64_t);

}  // namespace penstock::iam
