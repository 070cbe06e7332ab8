#pragma once
/// What the IoT registry keeps: one struct per kind of document, each with the shape that writes it to the catalog
/// ("format":1 in every document). Nothing here is an API structure; operations/ maps between the two.
/// Units: timestamps in milliseconds.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/document.h"
#include "codec/shape.h"
#include "core/clock.h"
#include "core/result.h"

namespace penstock::services::iot {

inline constexpr std::int32_t kDocumentFormat = 1;

using Attributes = std::map<std::string, std::string>;

struct Thing {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string id{};
  std::optional<std::string> type{};
  Attributes attributes{};
  std::int64_t version = 1;
  Timestamp created{};
};

struct ThingType {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string id{};
  std::optional<std::string> description{};
  std::optional<std::vector<std::string>> searchable_attributes{};
  bool deprecated = false;
  std::optional<Timestamp> deprecated_at{};
  Timestamp created{};
};

struct ThingGroup {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string id{};
  std::optional<std::string> parent{};
  std::optional<std::string> description{};
  std::optional<Attributes> attributes{};
  std::int64_t version = 1;
  Timestamp created{};
};

/// The states of a certificate that Penstock makes; the transfer states belong to operations that it does not have.
namespace certificate_status {
inline constexpr std::string_view kActive = "ACTIVE";
inline constexpr std::string_view kInactive = "INACTIVE";
inline constexpr std::string_view kRevoked = "REVOKED";
}  // namespace certificate_status

struct Certificate {
  std::int32_t format = kDocumentFormat;
  std::string id{};  ///< SHA-256 of the DER, 64 lower-case hex digits
  std::string pem{};
  std::string status{};
  std::string mode = "DEFAULT";  ///< DEFAULT: the house's or a registered authority signed it; SNI_ONLY: no authority
  std::int32_t customer_version = 1;
  std::string generation_id{};
  Timestamp not_before{};
  Timestamp not_after{};
  Timestamp created{};
  Timestamp modified{};
};

struct PolicyVersion {
  std::int32_t id = 1;
  std::string document{};  ///< as it was given, to the character
  Timestamp created{};
  std::string generation_id{};
};

struct Policy {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::vector<PolicyVersion> versions{};  ///< in order of their ids
  std::int32_t default_version = 1;
  std::int32_t next_version = 2;
  Timestamp created{};
  Timestamp modified{};

  /// nullptr when there is no such version.
  [[nodiscard]] const PolicyVersion* find(std::int32_t version) const;
  [[nodiscard]] const PolicyVersion& default_document() const;
};

struct RoleAlias {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string role_arn{};
  std::int32_t duration_seconds = 3600;
  Timestamp created{};
  Timestamp modified{};
};

/// A link between two things (policy and target, thing and principal, group and thing): its ends are in its key.
struct Link {
  std::int32_t format = kDocumentFormat;
  Timestamp created{};
  bool exclusive = false;  ///< thing and principal: EXCLUSIVE_THING
};

struct Tags {
  std::int32_t format = kDocumentFormat;
  std::map<std::string, std::string> tags{};
};

/// A document of settings, kept as the API's own JSON ("iot/setting/logging" ...).
struct Setting {
  std::int32_t format = kDocumentFormat;
  codec::JsonText value{};
  Timestamp created{};
  Timestamp modified{};
};

const codec::Shape& describe(const Thing*);
const codec::Shape& describe(const ThingType*);
const codec::Shape& describe(const ThingGroup*);
const codec::Shape& describe(const Certificate*);
const codec::Shape& describe(const PolicyVersion*);
const codec::Shape& describe(const Policy*);
const codec::Shape& describe(const RoleAlias*);
const codec::Shape& describe(const Link*);
const codec::Shape& describe(const Tags*);
const codec::Shape& describe(const Setting*);

using codec::from_document;
using codec::to_document;

}  // namespace penstock::services::iot
