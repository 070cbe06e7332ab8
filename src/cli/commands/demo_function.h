#pragma once
/// The demonstration's function: it reads the demonstration's stream and puts alerts into another. Made through the API
/// as any client would.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "cli/api_client.h"
#include "cli/log_follower.h"

namespace penstock::cli {

inline constexpr std::string_view kDemoAlerts = "multispeq-demo-alerts";
inline constexpr std::string_view kDemoFunction = "multispeq-demo-flag";
inline constexpr std::string_view kDemoFunctionRole = "multispeq-demo-flag";
inline constexpr std::string_view kDemoLogGroup = "/aws/lambda/multispeq-demo-flag";

/// `source`: the text of app.py (terraform/examples/multispeq/flag/app.py). Makes what is missing, brings the code up
/// to date and waits until the function reads the stream.
[[nodiscard]] Called<void> make_demo_function(ApiClient& api, const std::string& source);

/// What the function says, from its log.
class DemoFunctionWatch {
 public:
  DemoFunctionWatch(ApiClient& api, Timestamp from) : log_(api, std::string(kDemoLogGroup), from) {}
  [[nodiscard]] Called<void> poll();
  [[nodiscard]] std::uint64_t checked() const { return checked_; }
  [[nodiscard]] std::uint64_t implausible() const { return implausible_; }
  [[nodiscard]] const std::deque<std::string>& last_lines() const { return last_; }

 private:
  void take(std::string_view line);
  LogFollower log_;
  std::uint64_t checked_ = 0;
  std::uint64_t implausible_ = 0;
  std::deque<std::string> last_;
};

}  // namespace penstock::cli
