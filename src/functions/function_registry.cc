#include "functions/function_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace penstock::functions {

std::string key::of(std::string_view kind, std::string_view key) { return fmt::format("{}{}/{}", kPrefix, kind, key); }

std::string part_of(std::string_view owner, std::string_view part) { return fmt::format("{}/{}", owner, part); }
std::string version_key(std::string_view owner, std::int64_t number) { return fmt::format("{}/{:010}", owner, number); }

template <auto table>
Result<void> FunctionRegistry::apply_row(std::string_view key, catalog::Version version, const std::string* bytes) {
  auto& records = this->*table;
  if (bytes == nullptr) {
    records.remove(key);
    return {};
  }
  using Record = typename std::remove_cvref_t<decltype(records.rows().begin()->second.record)>::element_type;
  PENSTOCK_TRY(auto record, from_document<std::remove_const_t<Record>>(*bytes));
  records.put(key, std::move(record), version);
  return {};
}

Result<void> FunctionRegistry::apply(std::string_view document, catalog::Version version, const std::string* bytes) {
  using Self = FunctionRegistry;
  struct Kind {
    std::string_view name;
    Result<void> (Self::*apply)(std::string_view, catalog::Version, const std::string*);
  };
  static constexpr std::array kKinds = {
      Kind{key::kFunction, &Self::apply_row<&Self::functions_>},
      Kind{key::kVersion, &Self::apply_row<&Self::versions_>},
      Kind{key::kAlias, &Self::apply_row<&Self::aliases_>},
      Kind{key::kPolicy, &Self::apply_row<&Self::policies_>},
      Kind{key::kInvokeConfig, &Self::apply_row<&Self::invoke_configs_>},
      Kind{key::kProvisioned, &Self::apply_row<&Self::provisioned_>},
      Kind{key::kUrl, &Self::apply_row<&Self::urls_>},
      Kind{key::kLayerVersion, &Self::apply_row<&Self::layer_versions_>},
      Kind{key::kLayer, &Self::apply_row<&Self::layers_>},
      Kind{key::kPast, &Self::apply_row<&Self::past_functions_>},
  };
  if (document.starts_with(key::kPrefix)) {
    const std::string_view rest = document.substr(key::kPrefix.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const auto kind = std::ranges::find(kKinds, rest.substr(0, slash), &Kind::name);
    if (kind != kKinds.end() && slash + 1 < rest.size()) {
      const Result<void> done = (this->*kind->apply)(rest.substr(slash + 1), version, bytes);
      if (done.has_value()) return {};
      return fail(done.error().kind, fmt::format("{}: {}", document, done.error().message));
    }
  }
  return fail(ErrorKind::corrupt, fmt::format("{} is no document of a function", document));
}

void FunctionRegistry::each_code(
    const std::function<void(std::string_view owner, const CodeRecord& code)>& visit) const {
  const auto visit_version = [&](const VersionRecord& version) {
    visit("function " + version.function, version.code);
    for (const LayerUse& layer : version.layers) visit("function " + version.function, layer.code);
  };
  for (const auto& [name, row] : functions_.rows()) visit_version(row.record->latest);
  for (const auto& [key, row] : versions_.rows()) visit_version(*row.record);
  for (const auto& [key, row] : layer_versions_.rows()) visit("layer " + row.record->name, row.record->code);
}

}  // namespace penstock::functions
