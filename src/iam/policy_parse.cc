#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>
#include <utility>

#include "iam/policy_check.h"
#include "iam/policy_model.h"

namespace penstock::iam {
namespace {

namespace json = boost::json;

constexpr std::string_view kSyntax = "Syntax errors in policy.";

std::unexpected<Error> malformed(std::string message) { return fail(ErrorKind::invalid, std::move(message)); }
std::unexpected<Error> syntax() { return malformed(std::string(kSyntax)); }

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// The text of a string, number or boolean, as Condition values may be written.
std::optional<std::string> scalar_text(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string: return std::string(view(value.get_string()));
    case json::kind::bool_: return value.get_bool() ? "true" : "false";
    case json::kind::int64: return std::to_string(value.get_int64());
    case json::kind::uint64: return std::to_string(value.get_uint64());
    case json::kind::double_: return fmt::format("{}", value.get_double());
    default: return std::nullopt;
  }
}

/// One value or an array of them.
std::optional<std::vector<std::string>> texts(const json::value& value, bool only_strings) {
  std::vector<std::string> out;
  const auto add = [&](const json::value& one) {
    if (only_strings && !one.is_string()) return false;
    auto text = scalar_text(one);
    if (text) out.push_back(std::move(*text));
    return text.has_value();
  };
  if (const json::array* array = value.if_array()) {
    for (const json::value& one : *array) {
      if (!add(one)) return std::nullopt;
    }
  } else if (!add(value)) {
    return std::nullopt;
  }
  return out;
}

/// What is wrong with a policy whose syntax is right, in the order in which AWS tells it (recorded 2026-02).
struct Fault {
  enum class Rank : std::uint8_t { version, legacy, sid, statement };
  Rank rank;
  std::string message;
};

class Parser {
 public:
  Parser(PolicyKind kind, PolicyVersions versions) : kind_(kind), versions_(versions) { policy_.kind = kind; }

  Result<CompiledPolicy> parse(std::string_view text) {
    if (text.size() > kPolicyBytesMax) return malformed("The policy is too large.");
    json::error_code error;
    json::parse_options options;
    options.max_depth = kPolicyDepthMax;
    const json::value root = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return malformed(std::string(trust() ? "This policy contains invalid Json" : kSyntax));
    const json::object* object = root.if_object();
    if (!object) return malformed(std::string(trust() ? "This policy contains invalid Json" : kSyntax));
    PENSTOCK_TRY_VOID(read_top(*object));
    if (versions_ == PolicyVersions::current && !policy_.current_version) {
      tell(Fault::Rank::version, "Policy document must be version 2012-10-17 or greater.");
    }
    if (fault_) return malformed(std::move(fault_->message));
    return std::make_shared<const Policy>(std::move(policy_));
  }

 private:
  /// The first of the gravest is told, once the syntax of all is known to be right.
  void tell(Fault::Rank rank, std::string message) {
    if (!fault_ || rank < fault_->rank) fault_ = Fault{.rank = rank, .message = std::move(message)};
  }

  [[nodiscard]] bool trust() const { return kind_ == PolicyKind::trust; }
  [[nodiscard]] bool names_principals() const { return trust() || kind_ == PolicyKind::resource; }

  Result<void> read_top(const json::object& object) {
    // First, whatever the order of the members: it decides how the statements are read.
    if (const json::value* version = object.if_contains("Version")) {
      if (!version->is_string()) return syntax();
      const std::string_view text = view(version->get_string());
      if (text != "2012-10-17" && text != "2008-10-17") return syntax();
      policy_.current_version = text == "2012-10-17";
    }
    const json::value* statements = nullptr;
    for (const auto& [key, value] : object) {
      if (key == "Version") {
        continue;
      } else if (key == "Id") {
        if (!value.is_string()) return syntax();
      } else if (key == "Statement") {
        statements = &value;
      } else {
        return unknown_field(key);
      }
    }
    if (!statements) return trust() ? malformed("Missing required field Statement") : syntax();
    if (const json::array* array = statements->if_array()) {
      if (array->empty()) return syntax();
      for (const json::value& one : *array) PENSTOCK_TRY_VOID(read_statement(one));
      return {};
    }
    return read_statement(*statements);
  }

  [[nodiscard]] std::unexpected<Error> unknown_field(json::string_view key) const {
    if (!trust()) return syntax();
    return malformed(fmt::format("Unknown field {}", std::string_view(key.data(), key.size())));
  }

  Result<void> read_statement(const json::value& value) {
    const json::object* object = value.if_object();
    if (!object) return syntax();
    Statement statement;
    bool has_effect = false;
    bool has_action = false;
    bool has_principal = false;
    Elements elements;
    for (const auto& [key, member] : *object) {
      if (key == "Sid") {
        if (!member.is_string()) return syntax();
        statement.sid = view(member.get_string());
        if (!statement.sid.empty() && !sids_.insert(statement.sid).second) {
          tell(Fault::Rank::sid, "Statement IDs (SID) in a single policy must be unique.");
        }
      } else if (key == "Effect") {
        PENSTOCK_TRY_VOID(read_effect(member, statement));
        has_effect = true;
      } else if (key == "Action" || key == "NotAction") {
        if (std::exchange(has_action, true)) return syntax();
        statement.not_action = key == "NotAction";
        PENSTOCK_TRY_VOID(read_actions(member, statement, elements));
      } else if (key == "Resource" || key == "NotResource") {
        if (trust()) return malformed("Has prohibited field Resource");
        if (std::exchange(statement.has_resources, true)) return syntax();
        statement.not_resource = key == "NotResource";
        PENSTOCK_TRY_VOID(read_resources(member, statement, elements));
      } else if (key == "Principal" || key == "NotPrincipal") {
        if (!names_principals()) return malformed("Policy document should not specify a principal.");
        if (std::exchange(has_principal, true)) return syntax();
        statement.not_principal = key == "NotPrincipal";
        PENSTOCK_TRY_VOID(read_principals(member, statement));
      } else if (key == "Condition") {
        PENSTOCK_TRY_VOID(read_conditions(member, statement));
      } else {
        return unknown_field(key);
      }
    }
    if (!has_effect) return trust() ? malformed("Missing required field Effect") : syntax();
    const bool no_actions = !has_action || statement.actions.empty();
    if (trust() && no_actions) return malformed("Missing required field Action");
    if (no_actions) tell(Fault::Rank::statement, "Policy statement must contain actions.");
    if (!trust() && statement.resources.empty()) {
      tell(Fault::Rank::statement, "Policy statement must contain resources.");
    }
    if (!elements.resource.empty()) tell(Fault::Rank::statement, std::move(elements.resource));
    if (!elements.action.empty()) tell(Fault::Rank::statement, std::move(elements.action));
    if (names_principals() && !has_principal) return malformed("Missing required field Principal");
    policy_.statements.push_back(std::move(statement));
    return {};
  }

  /// What is wrong with a statement's actions and resources: whatever their order, AWS tells resources first.
  struct Elements {
    std::string action;
    std::string resource;
  };

  Result<void> read_effect(const json::value& value, Statement& statement) {
    const json::string* effect = value.if_string();
    if (!effect || (*effect != "Allow" && *effect != "Deny")) {
      if (trust() && effect) return malformed(fmt::format("Invalid effect: {}", view(*effect)));
      const std::string folded = effect ? lower_case(view(*effect)) : std::string();
      if (folded != "allow" && folded != "deny") return syntax();
      tell(Fault::Rank::legacy, std::string(kLegacyParsing));
      return {};
    }
    statement.allows = *effect == "Allow";
    return {};
  }

  Result<void> read_actions(const json::value& value, Statement& statement, Elements& elements) const {
    const auto actions = texts(value, true);
    if (!actions) return syntax();
    for (const std::string& action : *actions) {
      std::string wrong = check_action(action, kind_);
      if (trust() && !wrong.empty()) return malformed(std::move(wrong));
      if (elements.action.empty()) elements.action = std::move(wrong);
      statement.actions.push_back(*Pattern::parse(lower_case(action), Pattern::wildcards));
    }
    return {};
  }

  /// Variables are read only when Version says 2012-10-17.
  [[nodiscard]] unsigned variables() const { return policy_.current_version ? Pattern::variables : Pattern::literal; }

  Result<void> read_resources(const json::value& value, Statement& statement, Elements& elements) {
    const auto resources = texts(value, true);
    if (!resources) return syntax();
    for (const std::string& resource : *resources) {
      std::string wrong = check_resource(resource);
      if (wrong == kLegacyParsing) {
        tell(Fault::Rank::legacy, std::move(wrong));
      } else if (elements.resource.empty()) {
        elements.resource = std::move(wrong);
      }
      auto pattern = Pattern::parse(resource, Pattern::wildcards | variables());
      if (!pattern) return syntax();
      statement.resources.push_back(std::move(*pattern));
    }
    return {};
  }

  static Result<void> read_principals(const json::value& value, Statement& statement) {
    using Type = PrincipalName::Type;
    if (const json::string* text = value.if_string()) {
      if (*text != "*") return malformed(fmt::format("Invalid principal in policy: \"{}\"", view(*text)));
      statement.principals.push_back(PrincipalName{.type = Type::aws, .value = "*"});
      return {};
    }
    const json::object* object = value.if_object();
    if (!object || object->empty()) return syntax();
    for (const auto& [key, member] : *object) {
      Type type{};
      if (key == "AWS") {
        type = Type::aws;
      } else if (key == "Service") {
        type = Type::service;
      } else if (key == "Federated") {
        type = Type::federated;
      } else if (key == "CanonicalUser") {
        type = Type::canonical_user;
      } else {
        return syntax();
      }
      const auto names = texts(member, true);
      if (!names || names->empty()) return syntax();
      for (const std::string& name : *names) {
        PrincipalName one{.type = type, .value = name};
        if (const std::string wrong = check_principal(one); !wrong.empty()) return malformed(wrong);
        statement.principals.push_back(std::move(one));
      }
    }
    return {};
  }

  Result<void> read_conditions(const json::value& value, Statement& statement) {
    const json::object* object = value.if_object();
    if (!object) return syntax();
    for (const auto& [operator_name, keys] : *object) {
      const json::object* wanted = keys.if_object();
      if (!wanted) return syntax();
      for (const auto& [key, member] : *wanted) {
        const auto values = texts(member, false);
        if (!values) return syntax();
        const std::string_view condition_operator(operator_name.data(), operator_name.size());
        const std::string_view condition_key(key.data(), key.size());
        auto condition = Condition::make(condition_operator, condition_key, *values, policy_.current_version);
        if (condition) {
          statement.conditions.push_back(std::move(*condition));
        } else if (trust() || !Condition::make(condition_operator, condition_key, {}, policy_.current_version)) {
          return syntax();
        } else {
          tell(Fault::Rank::legacy, std::string(kLegacyParsing));  // not the operator: a value
        }
      }
    }
    return {};
  }

  PolicyKind kind_;
  PolicyVersions versions_;
  Policy policy_;
  std::optional<Fault> fault_;
  std::set<std::string, std::less<>> sids_;
};

}  // namespace

Result<CompiledPolicy> compile(std::string_view text, PolicyKind kind, PolicyVersions versions) {
  return Parser(kind, versions).parse(text);
}

}  // namespace penstock::iam
