#include "services/iot/certificate_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/encoding/hex.h"

namespace penstock::services::iot {

namespace {

struct Attribute {
  std::string_view short_name;  ///< as OpenSSL writes it
  std::string_view variable;
};
constexpr std::array kAttributes = {
    Attribute{"CN", "CommonName"},
    Attribute{"C", "Country"},
    Attribute{"O", "Organization"},
    Attribute{"OU", "OrganizationalUnit"},
    Attribute{"ST", "State"},
    Attribute{"GN", "GivenName"},
    Attribute{"SN", "Surname"},
    Attribute{"title", "Title"},
    Attribute{"initials", "Initials"},
    Attribute{"pseudonym", "Pseudonym"},
    Attribute{"serialNumber", "SerialNumber"},
    Attribute{"dnQualifier", "DistinguishedNameQualifier"},
    Attribute{"generationQualifier", "GenerationQualifier"},
};

void add_name(iam::Conditions& out, std::string_view of, std::string_view name) {
  std::map<std::string_view, std::size_t> seen;
  for (const auto& [key, value] : name_attributes(name)) {
    const auto* const known = std::ranges::find(kAttributes, key, &Attribute::short_name);
    if (known == kAttributes.end()) continue;
    const std::string variable = fmt::format("iot:Certificate.{}.{}", of, known->variable);
    const std::size_t number = seen[known->variable]++;
    if (number == 0) out[variable] = {value};
    out[fmt::format("{}.{}", variable, number)] = {value};
  }
}

/// One character of an escaped value: "\," or "\2C". Moves past it.
char unescape(std::string_view name, std::size_t& at) {
  if (name[at] != '\\' || at + 1 >= name.size()) return name[at++];
  if (at + 2 < name.size()) {
    if (const auto byte = hex_decode(name.substr(at + 1, 2)); byte.has_value()) {
      at += 3;
      return byte->front();
    }
  }
  at += 2;
  return name[at - 1];
}

}  // namespace

std::vector<std::pair<std::string, std::string>> name_attributes(std::string_view name) {
  std::vector<std::pair<std::string, std::string>> out;
  std::size_t at = 0;
  while (at < name.size()) {
    const std::size_t equals = name.find('=', at);
    if (equals == std::string_view::npos) break;
    std::string key(name.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    while (at < name.size() && name[at] != ',' && name[at] != '+') value += unescape(name, at);
    out.emplace_back(std::move(key), std::move(value));
    ++at;
  }
  return out;
}

iam::Conditions certificate_facts(const pki::CertificateFacts& certificate) {
  iam::Conditions out;
  add_name(out, "Subject", certificate.subject);
  add_name(out, "Issuer", certificate.issuer);
  out["iot:Certificate.SerialNumber"] = {certificate.serial_hex};
  out["iot:CertificateId"] = {certificate.fingerprint};
  return out;
}

}  // namespace penstock::services::iot
