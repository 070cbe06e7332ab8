// rooms: iam
// Policy documents of every kind: they compile or are refused, and what compiles can be evaluated.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "iam/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::iam;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const MapFacts facts({{"aws:username", {"ann"}},
                        {"aws:SourceIp", {"203.0.113.7"}},
                        {"aws:CurrentTime", {"2026-01-01T00:00:00Z"}},
                        {"aws:SourceArn", {"arn:aws:iot:us-east-1:123456789012:rule/r"}},
                        {"aws:TagKeys", {"a", "b"}}});
  Principal who;
  who.kind = PrincipalKind::user;
  who.account = "123456789012";
  who.arn = "arn:aws:iam::123456789012:user/ann";
  const PolicyRequest request{.action = "kinesis:PutRecord",
                              .resource = "arn:aws:kinesis:us-east-1:123456789012:stream/a",
                              .facts = facts,
                              .who = &who};
  for (const PolicyKind kind : {PolicyKind::identity, PolicyKind::resource, PolicyKind::trust, PolicyKind::iot}) {
    const auto policy = compile(text, kind);
    if (!policy.has_value()) continue;
    static_cast<void>(evaluate(**policy, request));
    static_cast<void>(evaluate_with_principal(**policy, request));
  }
  return 0;
}
