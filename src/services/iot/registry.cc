#include "services/iot/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <type_traits>

namespace penstock::services::iot {

namespace {

constexpr std::string_view kThing = "thing";
constexpr std::string_view kThingType = "thing-type";
constexpr std::string_view kThingGroup = "thing-group";
constexpr std::string_view kCertificate = "certificate";
constexpr std::string_view kPolicy = "policy";
constexpr std::string_view kTopicRule = "topic-rule";  // kTopicRulePrefix
constexpr std::string_view kRoleAlias = "role-alias";
constexpr std::string_view kSetting = "setting";
constexpr std::string_view kTags = "tags";
constexpr std::string_view kPolicyTarget = "policy-target";
constexpr std::string_view kThingPrincipal = "thing-principal";
constexpr std::string_view kGroupThing = "group-thing";

std::string key_of(std::string_view kind, std::string_view name) {
  return fmt::format("{}{}/{}", key::kPrefix, kind, name);
}

/// "a/b/c" -> "a", "b/c".
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {text, {}};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace

const Links::Ends& Links::ends(const Sides& sides, std::string_view name) {
  static const Ends none;
  const auto found = sides.find(name);
  return found == sides.end() ? none : found->second;
}

const Links::Row* Links::find(std::string_view left, std::string_view right) const {
  const Ends& ends = from(left);
  const auto found = ends.find(right);
  return found == ends.end() ? nullptr : &found->second;
}

void Links::put(const std::string& left, const std::string& right, Row row) {
  forward_[left][right] = row;
  backward_[right][left] = row;
}

void Links::remove(std::string_view left, std::string_view right) {
  erase(forward_, left, right);
  erase(backward_, right, left);
}

void Links::erase(Sides& sides, std::string_view name, std::string_view end) {
  const auto side = sides.find(name);
  if (side == sides.end()) return;
  const auto found = side->second.find(end);
  if (found != side->second.end()) side->second.erase(found);
  if (side->second.empty()) sides.erase(side);
}

namespace {

using Index = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>;

void add_to(Index& index, const std::optional<std::string>& group, const std::string& name) {
  if (group.has_value()) index[*group].insert(name);
}

void remove_from(Index& index, const std::optional<std::string>& group, const std::string& name) {
  if (!group.has_value()) return;
  const auto found = index.find(*group);
  if (found == index.end()) return;
  found->second.erase(name);
  if (found->second.empty()) index.erase(found);
}

template <class Member>
struct RecordOf;
template <class Record>
struct RecordOf<Table<Record> Registry::*> {
  using type = Record;
};

template <class Record>
Result<Record> read_record(std::string_view bytes) {
  if constexpr (std::is_same_v<Record, TopicRule>) {
    return decode_topic_rule(bytes);
  } else {
    return from_document<Record>(bytes);
  }
}

}  // namespace

template <class Record>
void Registry::index(const Record& record) {
  if constexpr (std::is_same_v<Record, Thing>) add_to(things_by_type_, record.type, record.name);
  if constexpr (std::is_same_v<Record, ThingGroup>) add_to(children_, record.parent, record.name);
}

template <class Record>
void Registry::unindex(const Record& record) {
  if constexpr (std::is_same_v<Record, Thing>) remove_from(things_by_type_, record.type, record.name);
  if constexpr (std::is_same_v<Record, ThingGroup>) remove_from(children_, record.parent, record.name);
}

template <auto table>
Result<void> Registry::apply_row(std::string_view name, catalog::Version version, const std::string* bytes) {
  using Record = typename RecordOf<decltype(table)>::type;
  std::optional<Record> record;
  if (bytes != nullptr) {
    PENSTOCK_TRY(record, read_record<Record>(*bytes));
    if constexpr (std::is_same_v<Record, Policy>) {
      if (record->find(record->default_version) == nullptr) return fail(ErrorKind::corrupt, "no default version");
    }
  }
  if (const auto old = (this->*table).find(name); old != nullptr) unindex(*old);
  if (!record.has_value()) {
    (this->*table).remove(name);
    return {};
  }
  index(*record);
  (this->*table).put(std::string(name), std::move(*record), version);
  return {};
}

template <auto links>
Result<void> Registry::apply_link(std::string_view ends, catalog::Version version, const std::string* bytes) {
  const auto [left, right] = split(ends);
  if (left.empty() || right.empty()) return fail(ErrorKind::corrupt, "a link needs two ends");
  if (bytes == nullptr) {
    (this->*links).remove(left, right);
    return {};
  }
  PENSTOCK_TRY(const Link link, from_document<Link>(*bytes));
  (this->*links).put(std::string(left), std::string(right), {.link = link, .version = version});
  return {};
}

Result<void> Registry::apply_tags(std::string_view resource, catalog::Version /*version*/, const std::string* bytes) {
  if (bytes == nullptr) {
    const auto found = tags_.find(resource);
    if (found != tags_.end()) tags_.erase(found);
    return {};
  }
  PENSTOCK_TRY(Tags tags, from_document<Tags>(*bytes));
  tags_[std::string(resource)] = std::move(tags);
  return {};
}

struct Registry::Kind {
  std::string_view name;
  Result<void> (Registry::*apply)(std::string_view, catalog::Version, const std::string*);
  Affects affects;
};

const Registry::Kind* Registry::find_kind(std::string_view name) {
  static constexpr Kind kKinds[] = {
      {kThing, &Registry::apply_row<&Registry::things_>, Affects::authorisation},
      {kThingType, &Registry::apply_row<&Registry::thing_types_>, Affects::nothing},
      {kThingGroup, &Registry::apply_row<&Registry::thing_groups_>, Affects::authorisation},
      {kCertificate, &Registry::apply_row<&Registry::certificates_>, Affects::authorisation},
      {kPolicy, &Registry::apply_row<&Registry::policies_>, Affects::authorisation},
      {kTopicRule, &Registry::apply_row<&Registry::topic_rules_>, Affects::nothing},
      {kRoleAlias, &Registry::apply_row<&Registry::role_aliases_>, Affects::nothing},
      {kSetting, &Registry::apply_row<&Registry::settings_>, Affects::nothing},
      {kTags, &Registry::apply_tags, Affects::nothing},
      {kPolicyTarget, &Registry::apply_link<&Registry::policy_targets_>, Affects::authorisation},
      {kThingPrincipal, &Registry::apply_link<&Registry::thing_principals_>, Affects::authorisation},
      {kGroupThing, &Registry::apply_link<&Registry::group_things_>, Affects::authorisation},
  };
  const auto* found = std::ranges::find(kKinds, name, &Kind::name);
  return found == std::end(kKinds) ? nullptr : found;
}

Result<Affects> Registry::apply(std::string_view key, catalog::Version version, const std::string* bytes) {
  const auto [kind_name, name] = split(split(key).second);
  const Kind* kind = find_kind(kind_name);
  if (kind == nullptr) return fail(ErrorKind::corrupt, fmt::format("{}: unknown kind of document", key));
  if (const auto applied = (this->*kind->apply)(name, version, bytes); !applied.has_value()) {
    return fail(applied.error().kind, fmt::format("{}: {}", key, applied.error().message));
  }
  return kind->affects;
}

const std::set<std::string, std::less<>>& Registry::children_of(std::string_view group) const {
  static const std::set<std::string, std::less<>> none;
  const auto found = children_.find(group);
  return found == children_.end() ? none : found->second;
}

std::vector<std::string> Registry::ancestors_of(std::string_view group) const {
  std::vector<std::string> out;
  auto current = thing_groups_.find(group);
  while (current != nullptr && current->parent.has_value() && out.size() < kGroupDepthMax) {
    out.push_back(*current->parent);
    current = thing_groups_.find(out.back());
  }
  return out;
}

namespace key {
std::string thing(std::string_view name) { return key_of(kThing, name); }
std::string thing_type(std::string_view name) { return key_of(kThingType, name); }
std::string thing_group(std::string_view name) { return key_of(kThingGroup, name); }
std::string certificate(std::string_view id) { return key_of(kCertificate, id); }
std::string policy(std::string_view name) { return key_of(kPolicy, name); }
std::string role_alias(std::string_view name) { return key_of(kRoleAlias, name); }
std::string setting(std::string_view name) { return key_of(kSetting, name); }
std::string tags(std::string_view resource) { return key_of(kTags, resource); }
std::string policy_target(std::string_view policy, std::string_view target) {
  return fmt::format("{}{}/{}/{}", kPrefix, kPolicyTarget, policy, target);
}
std::string thing_principal(std::string_view thing, std::string_view principal) {
  return fmt::format("{}{}/{}/{}", kPrefix, kThingPrincipal, thing, principal);
}
std::string group_thing(std::string_view group, std::string_view thing) {
  return fmt::format("{}{}/{}/{}", kPrefix, kGroupThing, group, thing);
}
}  // namespace key

}  // namespace penstock::services::iot
