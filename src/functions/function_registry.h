#pragma once
/// Functions, versions, aliases, policies, layers ... in memory: a pure projection of the catalog's documents below
/// "functions/". apply() is the only way to change it; FunctionStore feeds it and guards it.
///
/// Words:   a key is what follows the kind: "<function>" or "<function>/<qualifier>"; the qualifier of what is bound to
///          the function without one is "$LATEST".
/// Threads: none of its own.
/// Errors:  corrupt (apply: a document that cannot be read); the registry is then as it was.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/catalog.h"
#include "core/result.h"
#include "functions/records.h"

namespace penstock::functions {

/// Documents of one kind by their key.
template <class Record>
class Records {
 public:
  struct Row {
    std::shared_ptr<const Record> record;
    catalog::Version version = 0;
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  [[nodiscard]] std::shared_ptr<const Record> find(std::string_view key) const {
    const auto row = rows_.find(key);
    return row == rows_.end() ? nullptr : row->second.record;
  }
  /// 0 when there is none: what catalog::Change expects.
  [[nodiscard]] catalog::Version version(std::string_view key) const {
    const auto row = rows_.find(key);
    return row == rows_.end() ? 0 : row->second.version;
  }
  [[nodiscard]] const Rows& rows() const { return rows_; }
  /// Calls visit(part, record) for every "<owner>/<part>", in order, until it says false.
  template <class Visit>
  void each_of(std::string_view owner, Visit&& visit) const {
    const std::string prefix = std::string(owner) + "/";
    for (auto row = rows_.lower_bound(prefix); row != rows_.end() && row->first.starts_with(prefix); ++row) {
      if (!visit(std::string_view(row->first).substr(prefix.size()), *row->second.record)) return;
    }
  }

  void put(std::string_view key, Record record, catalog::Version version) {
    rows_.insert_or_assign(std::string(key), Row{std::make_shared<const Record>(std::move(record)), version});
  }
  void remove(std::string_view key) {
    const auto row = rows_.find(key);
    if (row != rows_.end()) rows_.erase(row);
  }

 private:
  Rows rows_;
};

class FunctionRegistry {
 public:
  /// Takes over one document as the catalog has it now; `bytes` null: it is gone. Unknown keys are corrupt.
  Result<void> apply(std::string_view key, catalog::Version version, const std::string* bytes);

  [[nodiscard]] const Records<FunctionRecord>& functions() const { return functions_; }
  [[nodiscard]] const Records<VersionRecord>& versions() const { return versions_; }
  [[nodiscard]] const Records<AliasRecord>& aliases() const { return aliases_; }
  [[nodiscard]] const Records<PolicyRecord>& policies() const { return policies_; }
  [[nodiscard]] const Records<InvokeConfigRecord>& invoke_configs() const { return invoke_configs_; }
  [[nodiscard]] const Records<ProvisionedRecord>& provisioned() const { return provisioned_; }
  [[nodiscard]] const Records<UrlRecord>& urls() const { return urls_; }
  /// "<layer>/<version, ten digits>"
  [[nodiscard]] const Records<LayerVersionRecord>& layer_versions() const { return layer_versions_; }
  [[nodiscard]] const Records<LayerRecord>& layers() const { return layers_; }
  /// Every zip that is referred to, as often as it is. Owners: "function NAME", "layer NAME".
  void each_code(const std::function<void(std::string_view owner, const CodeRecord& code)>& visit) const;
  /// Numbers of versions given to functions that are gone.
  [[nodiscard]] const Records<LayerRecord>& past_functions() const { return past_functions_; }

 private:
  template <auto table>
  Result<void> apply_row(std::string_view key, catalog::Version version, const std::string* bytes);

  Records<FunctionRecord> functions_;
  Records<VersionRecord> versions_;
  Records<AliasRecord> aliases_;
  Records<PolicyRecord> policies_;
  Records<InvokeConfigRecord> invoke_configs_;
  Records<ProvisionedRecord> provisioned_;
  Records<UrlRecord> urls_;
  Records<LayerVersionRecord> layer_versions_;
  Records<LayerRecord> layers_;
  Records<LayerRecord> past_functions_;
};

/// Catalog keys.
namespace key {
inline constexpr std::string_view kPrefix = "functions/";
inline constexpr std::string_view kFunction = "function";
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kAlias = "alias";
inline constexpr std::string_view kPolicy = "policy";
inline constexpr std::string_view kInvokeConfig = "invoke-config";
inline constexpr std::string_view kProvisioned = "provisioned";
inline constexpr std::string_view kUrl = "url";
inline constexpr std::string_view kLayerVersion = "layer-version";
inline constexpr std::string_view kLayer = "layer";
inline constexpr std::string_view kPast = "past-function";

[[nodiscard]] std::string of(std::string_view kind, std::string_view key);
}  // namespace key

/// "<owner>/<part>"
[[nodiscard]] std::string part_of(std::string_view owner, std::string_view part);
/// Ordered as numbers are.
[[nodiscard]] std::string version_key(std::string_view owner, std::int64_t number);

}  // namespace penstock::functions
