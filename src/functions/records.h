#pragma once
/// What the function store keeps in the catalog: one struct per kind of document, each with the shape that writes it
/// ("format":1 in every document). Nothing here is an API structure; services/lambda maps between the two.
/// Units: as their names say; timestamps in milliseconds.

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

namespace penstock::functions {

inline constexpr std::int32_t kDocumentFormat = 1;

using Names = std::map<std::string, std::string>;

/// A zip in the code store.
struct CodeRecord {
  std::string sha256_hex{};
  std::int64_t zip_bytes = 0;
  std::int64_t unpacked_bytes = 0;
};

struct LayerUse {
  std::string arn{};  ///< of the layer's version
  CodeRecord code{};
};

struct LoggingRecord {
  std::optional<std::string> group{};  ///< absent: /aws/lambda/<name>
  bool json = false;
  std::optional<std::string> application_level{};
  std::optional<std::string> system_level{};
};

/// One version of a function, or what $LATEST is now.
struct VersionRecord {
  std::int32_t format = kDocumentFormat;
  std::string function{};
  std::string version{};  ///< "$LATEST" or a number
  std::string description{};
  std::string role_arn{};
  std::string runtime{};
  std::string handler{};
  std::int32_t timeout_seconds = 3;
  std::int32_t memory_mb = 128;
  std::int32_t ephemeral_mb = 512;
  std::optional<Names> environment{};
  CodeRecord code{};
  std::vector<LayerUse> layers{};
  std::string architecture = "x86_64";
  LoggingRecord logging{};
  Timestamp modified{};
  std::string revision_id{};
};

struct FunctionRecord {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  VersionRecord latest{};
  std::int64_t next_version = 1;
  std::optional<std::int32_t> reserved_concurrency{};
  Names tags{};
  Timestamp created{};
};

struct AliasRecord {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::string version{};
  std::string description{};
  /// Another version and the share of invocations that it gets (0 to 1).
  std::optional<std::string> second_version{};
  double second_weight = 0;
  std::string revision_id{};
};

/// A resource policy: its statements as JSON, in the order in which they were added.
struct Statement {
  std::string id{};
  codec::JsonText json{};
};
struct PolicyRecord {
  std::int32_t format = kDocumentFormat;
  std::vector<Statement> statements{};
  std::string revision_id{};
};

struct InvokeConfigRecord {
  std::int32_t format = kDocumentFormat;
  std::optional<std::int32_t> retries_max{};
  std::optional<std::int32_t> age_seconds_max{};
  std::optional<std::string> on_success_arn{};
  std::optional<std::string> on_failure_arn{};
  Timestamp modified{};
};

struct ProvisionedRecord {
  std::int32_t format = kDocumentFormat;
  std::int32_t environments = 0;
  Timestamp modified{};
};

struct CorsRecord {
  bool allow_credentials = false;
  std::vector<std::string> allow_headers{};
  std::vector<std::string> allow_methods{};
  std::vector<std::string> allow_origins{};
  std::vector<std::string> expose_headers{};
  std::int32_t age_seconds_max = 0;
};
struct UrlRecord {
  std::int32_t format = kDocumentFormat;
  std::string id{};  ///< the first label of the URL's host
  std::string auth_type{};
  std::string invoke_mode{};
  std::optional<CorsRecord> cors{};
  Timestamp created{};
  Timestamp modified{};
};

struct LayerVersionRecord {
  std::int32_t format = kDocumentFormat;
  std::string name{};
  std::int64_t version = 0;
  std::string description{};
  std::string license{};
  std::vector<std::string> runtimes{};
  std::vector<std::string> architectures{};
  CodeRecord code{};
  Timestamp created{};
  PolicyRecord policy{};
};
/// What outlives a layer's versions: their numbers are not given twice.
struct LayerRecord {
  std::int32_t format = kDocumentFormat;
  std::int64_t next_version = 1;
};

const codec::Shape& describe(const CodeRecord*);
const codec::Shape& describe(const LayerUse*);
const codec::Shape& describe(const LoggingRecord*);
const codec::Shape& describe(const VersionRecord*);
const codec::Shape& describe(const FunctionRecord*);
const codec::Shape& describe(const AliasRecord*);
const codec::Shape& describe(const Statement*);
const codec::Shape& describe(const PolicyRecord*);
const codec::Shape& describe(const InvokeConfigRecord*);
const codec::Shape& describe(const ProvisionedRecord*);
const codec::Shape& describe(const CorsRecord*);
const codec::Shape& describe(const UrlRecord*);
const codec::Shape& describe(const LayerVersionRecord*);
const codec::Shape& describe(const LayerRecord*);

using codec::from_document;
using codec::to_document;

}  // namespace penstock::functions
