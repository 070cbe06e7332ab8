#pragma once
/// A client certificate as policy variables: iot:Certificate.Subject.CommonName and its kin.
/// Source: AWS IoT Developer Guide, "X.509 certificate policy variables".

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iam/authorizer.h"
#include "pki/pki.h"

namespace penstock::services::iot {

/// Subject and Issuer attributes (each once plain and, of several, numbered from 0: "...CommonName.0"), SerialNumber
/// and CertificateId.
[[nodiscard]] iam::Conditions certificate_facts(const pki::CertificateFacts& certificate);

/// The attributes of an RFC 2253 name: "CN=a\,b,O=c" -> {"CN","a,b"}, {"O","c"}. Multi-valued parts ("+") too.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> name_attributes(std::string_view name);

}  // namespace penstock::services::iot
