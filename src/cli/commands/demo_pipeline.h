#pragma once
/// The demonstration's own stream, role and rule, made through the API as any client would.

#include <string>
#include <string_view>

#include "cli/api_client.h"

namespace penstock::cli {

inline constexpr std::string_view kDemoStream = "multispeq-demo";
inline constexpr std::string_view kDemoRole = "multispeq-demo-rule";
inline constexpr std::string_view kDemoRule = "multispeq_demo";

/// Makes what is missing and waits until the stream is ACTIVE.
[[nodiscard]] Called<void> make_demo_pipeline(ApiClient& api);

}  // namespace penstock::cli
