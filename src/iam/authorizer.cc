#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iam/aws_managed.h"
#include "iam/identity_state.h"
#include "iam/pattern.h"
#include "iam/request_facts.h"

namespace penstock::iam {
namespace {

Decision allow() { return {.allowed = true, .explicit_deny = false, .reason = {}}; }

/// Source: IAM User Guide, "Troubleshoot access denied error messages".
Decision deny_silently(std::string_view policies, std::string_view action) {
  return {.allowed = false,
          .explicit_deny = false,
          .reason = fmt::format("because no {} allows the {} action", policies, action)};
}
Decision deny_explicitly(std::string_view where) {
  return {.allowed = false, .explicit_deny = true, .reason = fmt::format("with an explicit deny in {}", where)};
}

Verdict evaluate_all(const std::vector<CompiledPolicy>& policies, const PolicyRequest& request) {
  Verdict verdict = Verdict::silent;
  for (const CompiledPolicy& policy : policies) verdict = std::max(verdict, evaluate(*policy, request));
  return verdict;
}

/// What every kind of policy says of one request.
struct Verdicts {
  Finding resource;
  Verdict identity = Verdict::silent;
  std::optional<Verdict> boundary;
  std::optional<Verdict> session;
  bool other_account = false;  ///< the resource is of another account than the caller
};

bool is_other_account(const Principal& who, std::string_view resource) {
  const auto arn = split_arn(resource);
  if (!arn || who.account.empty()) return false;
  const std::string_view owner = (*arn)[4];
  const bool is_account = owner.size() == 12 && owner.find_first_not_of("0123456789") == std::string_view::npos;
  return is_account && owner != who.account;
}

/// Source: IAM User Guide, "Policy evaluation for requests within a single account". A resource policy that names the
/// caller exactly allows by itself; one that names its role, or everybody, still leaves it to boundary and session
/// policies; one that names the account leaves all to the caller's own policies.
/// "Cross-account policy evaluation logic": for a resource of another account both sides must allow.
Decision decide(const Verdicts& verdicts, std::string_view action) {
  if (verdicts.resource.verdict == Verdict::deny) return deny_explicitly("a resource-based policy");
  if (verdicts.identity == Verdict::deny) return deny_explicitly("an identity-based policy");
  if (verdicts.boundary == Verdict::deny) return deny_explicitly("a permissions boundary");
  if (verdicts.session == Verdict::deny) return deny_explicitly("a session policy");
  if (verdicts.other_account) {
    if (verdicts.resource.verdict != Verdict::allow) return deny_silently("resource-based policy", action);
    if (verdicts.identity != Verdict::allow) return deny_silently("identity-based policy", action);
  }
  const bool resource_allows =
      verdicts.resource.verdict == Verdict::allow && verdicts.resource.named_as != NamedAs::account;
  if (resource_allows && verdicts.resource.named_as == NamedAs::principal && !verdicts.other_account) return allow();
  if (!resource_allows && verdicts.identity != Verdict::allow) return deny_silently("identity-based policy", action);
  if (verdicts.boundary && *verdicts.boundary != Verdict::allow) return deny_silently("permissions boundary", action);
  if (verdicts.session && *verdicts.session != Verdict::allow) return deny_silently("session policy", action);
  return allow();
}

const std::vector<Tag> kNoTags;

bool has_own_policies(const Principal& who) {
  return who.kind == PrincipalKind::user || who.kind == PrincipalKind::assumed_role;
}

}  // namespace

Result<CompiledPolicy> IdentityStore::State::compiled(std::string_view text, PolicyKind kind) const {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  key += text;
  {
    const MutexLock lock(mutex);
    if (const auto found = compiled_texts.find(key); found != compiled_texts.end()) return found->second;
  }
  PENSTOCK_TRY(CompiledPolicy policy, compile(text, kind));
  const MutexLock lock(mutex);
  if (compiled_texts.size() >= kCompiledMax) compiled_texts.clear();
  compiled_texts.emplace(std::move(key), policy);
  return policy;
}

void IdentityStore::State::add_policies(const Permitted& entity, Subject& subject) const {
  const auto add = [&](std::string_view document) {
    // Every document was compiled before it was stored, so this succeeds; if not, it allows nothing.
    if (auto policy = compiled(document, PolicyKind::identity); policy.has_value()) {
      subject.identity.push_back(std::move(*policy));
    }
  };
  for (const auto& [name, document] : entity.inline_policies) add(document);
  for (const std::string& arn : entity.attached) {
    std::shared_ptr<const ManagedPolicy> policy = find_aws_managed(arn);
    if (!policy) policy = find<ManagedPolicy>(std::string_view(arn).substr(arn.rfind('/') + 1));
    if (policy && policy->arn == arn) add(policy->find(policy->default_version)->document);
  }
}

std::shared_ptr<const Subject> IdentityStore::State::build_subject(const Permitted& entity,
                                                                   const std::vector<std::string>& groups) const {
  auto subject = std::make_shared<Subject>();
  subject->id = entity.id;
  subject->tags = entity.tags;
  add_policies(entity, *subject);
  for (const std::string& name : groups) {
    if (const auto group = find<Group>(name)) add_policies(*group, *subject);
  }
  subject->has_boundary = entity.boundary.has_value();
  if (entity.boundary) {
    Permitted only_boundary;
    only_boundary.attached.push_back(*entity.boundary);
    Subject limit;
    add_policies(only_boundary, limit);
    if (!limit.identity.empty()) subject->boundary = limit.identity.front();
  }
  return subject;
}

std::shared_ptr<const Subject> IdentityStore::State::subject_of(const Principal& who) const {
  const bool is_user = who.kind == PrincipalKind::user;
  const std::string key = (is_user ? "user/" : "role/") + who.name;
  std::shared_ptr<const Subject> subject;
  std::uint64_t built_from = 0;
  {
    const MutexLock lock(mutex);
    if (const auto found = subjects.find(key); found != subjects.end()) subject = found->second;
    built_from = generation;
  }
  if (!subject) {
    if (is_user) {
      const auto user = find<User>(who.name);
      if (!user) return nullptr;
      subject = build_subject(*user, user->groups);
    } else {
      const auto role = find<Role>(who.name);
      if (!role) return nullptr;
      subject = build_subject(*role, {});
    }
    const MutexLock lock(mutex);
    // Kept only if nothing changed while it was put together.
    if (generation == built_from) subjects.emplace(key, subject);
  }
  // A deleted user or role that was made again is somebody else.
  const std::string_view id = std::string_view(who.user_id).substr(0, who.user_id.find(':'));
  return subject->id == id ? subject : nullptr;
}

Decision IdentityStore::State::judge(const Subject& subject, const PolicyRequest& request,
                                     const Finding& by_resource) const {
  Verdicts verdicts{.resource = by_resource,
                    .identity = evaluate_all(subject.identity, request),
                    .boundary = std::nullopt,
                    .session = std::nullopt,
                    .other_account = is_other_account(*request.who, request.resource)};
  if (subject.has_boundary) {
    verdicts.boundary = subject.boundary ? evaluate(*subject.boundary, request) : Verdict::silent;
  }
  for (const std::string& text : request.who->session_policies) {
    const auto policy = compiled(text, PolicyKind::identity);
    const Verdict verdict = policy.has_value() ? evaluate(**policy, request) : Verdict::deny;
    verdicts.session = std::max(verdicts.session.value_or(Verdict::silent), verdict);
  }
  return decide(verdicts, request.action);
}

Decision IdentityStore::authorize(const Principal& who, const Question& question) const {
  const std::shared_ptr<const Subject> subject = has_own_policies(who) ? state_->subject_of(who) : nullptr;
  const RequestFacts facts(who, subject ? subject->tags : kNoTags, question.conditions, state_->clock.now());
  const PolicyRequest request{.action = question.action, .resource = question.resource, .facts = facts, .who = &who};
  Finding by_resource;
  if (question.resource_policy && !question.resource_policy->empty()) {
    const auto policy = state_->compiled(*question.resource_policy, PolicyKind::resource);
    if (!policy.has_value()) return deny_explicitly("a resource-based policy");
    by_resource = evaluate_with_principal(**policy, request);
  }
  if (by_resource.verdict == Verdict::deny) return deny_explicitly("a resource-based policy");
  if (who.kind == PrincipalKind::root) {
    if (!is_other_account(who, question.resource) || by_resource.verdict == Verdict::allow) return allow();
    return deny_silently("resource-based policy", question.action);
  }
  if (has_own_policies(who)) {
    return subject ? state_->judge(*subject, request, by_resource)
                   : deny_silently("identity-based policy", question.action);
  }
  return by_resource.verdict == Verdict::allow ? allow() : deny_silently("resource-based policy", question.action);
}

Decision IdentityStore::authorize_assume_role(const Principal& who, const Role& role, std::string_view action,
                                              const Conditions& conditions) const {
  const auto trust = state_->compiled(role.trust_policy, PolicyKind::trust);
  if (!trust.has_value()) return deny_silently("resource-based policy", action);
  const std::shared_ptr<const Subject> subject = has_own_policies(who) ? state_->subject_of(who) : nullptr;
  if (has_own_policies(who) && !subject) return deny_silently("identity-based policy", action);
  const RequestFacts facts(who, subject ? subject->tags : kNoTags, &conditions, state_->clock.now());
  const PolicyRequest request{.action = action, .resource = role.arn, .facts = facts, .who = &who};
  const Finding by_trust = evaluate_with_principal(**trust, request);
  if (by_trust.verdict == Verdict::deny) return deny_explicitly("a resource-based policy");
  if (by_trust.verdict == Verdict::silent) return deny_silently("resource-based policy", action);
  return subject ? state_->judge(*subject, request, by_trust) : allow();
}

Principal IdentityStore::session_of(const Role& role, std::string_view session_name) const {
  Principal out;
  out.kind = PrincipalKind::assumed_role;
  out.account = account();
  out.arn = fmt::format("arn:{}:sts::{}:assumed-role/{}/{}", kPartition, account(), role.name, session_name);
  out.user_id = fmt::format("{}:{}", role.id, session_name);
  out.name = role.name;
  out.role_arn = role.arn;
  return out;
}

Result<Principal> IdentityStore::assume_as_service(std::string_view role_arn, std::string_view service,
                                                   std::string_view session_name) const {
  const auto role = find<Role>(role_arn.substr(role_arn.rfind('/') + 1));
  if (!role || role->arn != role_arn) {
    return fail(ErrorKind::missing, fmt::format("The role {} cannot be found.", role_arn));
  }
  Principal who;
  who.kind = PrincipalKind::service;
  who.arn = service;
  const Conditions conditions = {{"aws:SourceAccount", {account()}}};
  const Decision decision = authorize_assume_role(who, *role, "sts:AssumeRole", conditions);
  if (!decision.allowed) {
    return fail(ErrorKind::denied, fmt::format("{} is not allowed to assume the role {}.", service, role_arn));
  }
  return session_of(*role, session_name);
}

}  // namespace penstock::iam
