#pragma once
/// The IoT registry in memory: a pure projection of the catalog's documents below "iot/", with the indexes that
/// questions need. apply() is its only way to change; IotCore feeds it and guards it.
///
/// Words:   a target is what a policy is attached to, a principal is what a thing is attached to. Both are written
///          "cert/<certificate id>", "thinggroup/<name>" (targets only) or "identity/<Cognito identity id>".
/// Threads: none of its own; IotCore holds its mutex.
/// Errors:  corrupt (apply: a document that cannot be read); the registry is then as it was.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/catalog.h"
#include "core/result.h"
#include "services/iot/records.h"
#include "services/iot/topic_rule.h"

namespace penstock::services::iot {

/// When a record was made.
template <class Record>
[[nodiscard]] Timestamp creation_of(const Record& record) {
  if constexpr (requires { record.created_at; }) {
    return record.created_at;
  } else {
    return record.created;
  }
}

/// Documents of one kind, by name and in order of creation.
template <class Record>
class Table {
 public:
  struct Row {
    std::shared_ptr<const Record> record;
    catalog::Version version = 0;
  };
  using Rows = std::map<std::string, Row, std::less<>>;
  using ByDate = std::set<std::pair<std::int64_t, std::string>>;

  [[nodiscard]] std::shared_ptr<const Record> find(std::string_view name) const {
    const auto row = rows_.find(name);
    return row == rows_.end() ? nullptr : row->second.record;
  }
  /// 0 when there is none: what catalog::Change expects.
  [[nodiscard]] catalog::Version version(std::string_view name) const {
    const auto row = rows_.find(name);
    return row == rows_.end() ? 0 : row->second.version;
  }
  [[nodiscard]] const Rows& rows() const { return rows_; }
  [[nodiscard]] const ByDate& by_date() const { return by_date_; }

  void put(const std::string& name, Record record, catalog::Version version) {
    remove(name);
    by_date_.emplace(to_unix_ms(creation_of(record)), name);
    rows_[name] = Row{std::make_shared<const Record>(std::move(record)), version};
  }
  void remove(std::string_view name) {
    const auto row = rows_.find(name);
    if (row == rows_.end()) return;
    by_date_.erase({to_unix_ms(creation_of(*row->second.record)), row->first});
    rows_.erase(row);
  }

 private:
  Rows rows_;
  ByDate by_date_;
};

/// Links between two kinds, readable from both ends.
class Links {
 public:
  struct Row {
    Link link;
    catalog::Version version = 0;
  };
  using Ends = std::map<std::string, Row, std::less<>>;
  using Sides = std::map<std::string, Ends, std::less<>>;

  /// What `left` is linked to; empty when nothing.
  [[nodiscard]] const Ends& from(std::string_view left) const { return ends(forward_, left); }
  [[nodiscard]] const Ends& to(std::string_view right) const { return ends(backward_, right); }
  [[nodiscard]] const Row* find(std::string_view left, std::string_view right) const;

  void put(const std::string& left, const std::string& right, Row row);
  void remove(std::string_view left, std::string_view right);

 private:
  static const Ends& ends(const Sides& sides, std::string_view name);
  static void erase(Sides& sides, std::string_view name, std::string_view end);
  Sides forward_;
  Sides backward_;
};

/// Which answers may differ after a change.
enum class Affects : std::uint8_t { nothing, authorisation };

class Registry {
 public:
  /// Takes over one document as the catalog has it now; `bytes` null: it is gone. Unknown keys are corrupt.
  Result<Affects> apply(std::string_view key, catalog::Version version, const std::string* bytes);

  [[nodiscard]] const Table<Thing>& things() const { return things_; }
  [[nodiscard]] const Table<ThingType>& thing_types() const { return thing_types_; }
  [[nodiscard]] const Table<ThingGroup>& thing_groups() const { return thing_groups_; }
  [[nodiscard]] const Table<Certificate>& certificates() const { return certificates_; }
  [[nodiscard]] const Table<Policy>& policies() const { return policies_; }
  [[nodiscard]] const Table<TopicRule>& topic_rules() const { return topic_rules_; }
  [[nodiscard]] const Table<RoleAlias>& role_aliases() const { return role_aliases_; }
  [[nodiscard]] const Table<Setting>& settings() const { return settings_; }
  /// By resource: "rule/<name>", "policy/<name>" ...
  [[nodiscard]] const std::map<std::string, Tags, std::less<>>& tags() const { return tags_; }

  [[nodiscard]] const Links& policy_targets() const { return policy_targets_; }      ///< policy -> target
  [[nodiscard]] const Links& thing_principals() const { return thing_principals_; }  ///< thing -> principal
  [[nodiscard]] const Links& group_things() const { return group_things_; }          ///< group -> thing
  /// Names of the groups whose parent is `group`.
  [[nodiscard]] const std::set<std::string, std::less<>>& children_of(std::string_view group) const;
  /// From the parent of `group` up to the root. Bounded by kGroupDepthMax.
  [[nodiscard]] std::vector<std::string> ancestors_of(std::string_view group) const;
  /// Things of one type, for refusing to delete a type in use.
  [[nodiscard]] bool type_in_use(std::string_view type) const { return things_by_type_.contains(type); }

 private:
  struct Kind;
  static const Kind* find_kind(std::string_view name);
  template <auto table>
  Result<void> apply_row(std::string_view name, catalog::Version version, const std::string* bytes);
  template <auto links>
  Result<void> apply_link(std::string_view ends, catalog::Version version, const std::string* bytes);
  Result<void> apply_tags(std::string_view resource, catalog::Version version, const std::string* bytes);
  template <class Record>
  void index(const Record& record);
  template <class Record>
  void unindex(const Record& record);

  Table<Thing> things_;
  Table<ThingType> thing_types_;
  Table<ThingGroup> thing_groups_;
  Table<Certificate> certificates_;
  Table<Policy> policies_;
  Table<TopicRule> topic_rules_;
  Table<RoleAlias> role_aliases_;
  Table<Setting> settings_;
  std::map<std::string, Tags, std::less<>> tags_;
  Links policy_targets_;
  Links thing_principals_;
  Links group_things_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> children_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> things_by_type_;
};

inline constexpr std::size_t kGroupDepthMax = 7;  ///< AWS IoT Core quotas, "Maximum depth of a thing group hierarchy"

/// Catalog keys (topic rules: topic_rule_key). Names and ids hold no '/' (their patterns see to that), except targets,
/// which come last.
namespace key {
inline constexpr std::string_view kPrefix = "iot/";
[[nodiscard]] std::string thing(std::string_view name);
[[nodiscard]] std::string thing_type(std::string_view name);
[[nodiscard]] std::string thing_group(std::string_view name);
[[nodiscard]] std::string certificate(std::string_view id);
[[nodiscard]] std::string policy(std::string_view name);
[[nodiscard]] std::string role_alias(std::string_view name);
[[nodiscard]] std::string setting(std::string_view name);
[[nodiscard]] std::string tags(std::string_view resource);
[[nodiscard]] std::string policy_target(std::string_view policy, std::string_view target);
[[nodiscard]] std::string thing_principal(std::string_view thing, std::string_view principal);
[[nodiscard]] std::string group_thing(std::string_view group, std::string_view thing);
}  // namespace key

}  // namespace penstock::services::iot
