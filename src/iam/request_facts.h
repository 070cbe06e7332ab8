#pragma once
/// The condition keys of one request: what the service gave, and what is known of the caller and the time. A value is
/// made only when a policy asks for it.
/// Source: IAM User Guide, "AWS global condition context keys".

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "iam/authorizer.h"
#include "iam/entities.h"
#include "iam/policy.h"

namespace penstock::iam {

class RequestFacts final : public Facts {
 public:
  RequestFacts(const Principal& who, const std::vector<Tag>& tags, const Conditions* conditions, Timestamp now)
      : who_(who), tags_(tags), conditions_(conditions), now_(now) {}
  [[nodiscard]] const std::vector<std::string>* find(std::string_view key) const override;

 private:
  [[nodiscard]] std::optional<std::string> own_value(std::string_view key) const;
  [[nodiscard]] std::optional<std::string> principal_tag(std::string_view name) const;

  const Principal& who_;
  const std::vector<Tag>& tags_;
  const Conditions* conditions_;
  Timestamp now_;
  mutable std::deque<std::pair<std::string, std::vector<std::string>>> made_;  // a deque: what is in it stays put
};

}  // namespace penstock::iam
