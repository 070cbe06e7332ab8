#pragma once
/// What IAM keeps, one catalog document each. Plain values.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace penstock::iam {

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

/// What every entity has. `version` is the catalog's: 0 for one that is not stored yet.
struct Entity {
  std::string name;
  std::string path = "/";
  std::string id;  ///< AROA..., AIDA..., AGPA..., ANPA..., AIPA...
  std::string arn;
  Timestamp created{};
  std::vector<Tag> tags;
  std::uint64_t version = 0;
};

/// What policies can be attached to.
struct Permitted : Entity {
  std::map<std::string, std::string> inline_policies;  ///< name -> document as it was given
  std::vector<std::string> attached;                   ///< ARNs, in the order of attachment
  std::optional<std::string> boundary;                 ///< ARN
};

struct Role : Permitted {
  static constexpr std::string_view kNoun = "role";
  static constexpr std::string_view kIdPrefix = "AROA";
  std::string trust_policy;
  std::optional<std::string> description;
  std::int32_t max_session_seconds = 3600;
};

struct User : Permitted {
  static constexpr std::string_view kNoun = "user";
  static constexpr std::string_view kIdPrefix = "AIDA";
  std::vector<std::string> groups;  ///< names
};

struct Group : Permitted {
  static constexpr std::string_view kNoun = "group";
  static constexpr std::string_view kIdPrefix = "AGPA";
};

struct PolicyVersion {
  std::int32_t number = 1;  ///< "v1"
  std::string document;     ///< as it was given
  Timestamp created{};
};

struct ManagedPolicy : Entity {
  static constexpr std::string_view kNoun = "policy";
  static constexpr std::string_view kIdPrefix = "ANPA";
  std::optional<std::string> description;
  Timestamp updated{};
  std::int32_t default_version = 1;
  std::int32_t last_version = 1;  ///< the highest number ever given
  std::vector<PolicyVersion> versions;
  [[nodiscard]] const PolicyVersion* find(std::int32_t number) const {
    for (const PolicyVersion& one : versions) {
      if (one.number == number) return &one;
    }
    return nullptr;
  }
};

struct InstanceProfile : Entity {
  static constexpr std::string_view kNoun = "instance-profile";
  static constexpr std::string_view kIdPrefix = "AIPA";
  std::vector<std::string> roles;  ///< names; at most one
};

/// `name` is the access key id. An empty `user` means the account's root.
struct AccessKey : Entity {
  static constexpr std::string_view kNoun = "access-key";
  std::string user;
  bool active = true;
  std::string sealed_secret;
};

}  // namespace penstock::iam
