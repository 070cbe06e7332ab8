#include "iam/identity_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/memory/memory_catalog.h"
#include "iam/aws_managed.h"
#include "iam/policy.h"

namespace penstock::iam {
namespace {

constexpr std::string_view kStream = "arn:aws:kinesis:us-east-1:123456789012:stream/a";

std::string allowing(std::string_view action, std::string_view resource = "*") {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{}","Resource":"{}"}}}})",
                     action, resource);
}
std::string denying(std::string_view action) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"{}","Resource":"*"}}}})",
                     action);
}
std::string trusting(std::string_view principal, std::string_view condition = "") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{{}}},"Action":"sts:AssumeRole"{}}}}})",
      principal, condition);
}

class IdentityStoreTest : public ::testing::Test {
 protected:
  IdentityStoreTest() { open(); }
  void open() {
    store_.reset();
    auto opened =
        run_sync(IdentityStore::open(*catalog_, clock_, random_, {.account = "123456789012", .seal_key = {}}));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }
  template <class T>
  T made(std::string name) {
    T entity;
    entity.name = std::move(name);
    entity.id = store_->new_id(T::kIdPrefix);
    entity.arn = fmt::format("arn:aws:iam::123456789012:{}/{}", T::kNoun, entity.name);
    entity.created = clock_.now();
    return entity;
  }
  template <class T>
  void put(const T& entity) {
    Edit edit;
    edit.put(entity);
    const auto done = run_sync(store_->commit(std::move(edit)));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  Principal user(std::string name, std::map<std::string, std::string> policies = {}) {
    User entity = made<User>(std::move(name));
    entity.inline_policies = std::move(policies);
    put(entity);
    return principal_of(entity);
  }
  static Principal principal_of(const User& entity) {
    Principal who;
    who.kind = PrincipalKind::user;
    who.account = "123456789012";
    who.arn = entity.arn;
    who.user_id = entity.id;
    who.name = entity.name;
    return who;
  }
  Decision ask(const Principal& who, std::string_view action = "kinesis:PutRecord",
               std::optional<std::string_view> resource_policy = std::nullopt, std::string_view resource = kStream) {
    return store_->authorize(
        who, {.action = action, .resource = resource, .conditions = nullptr, .resource_policy = resource_policy});
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<IdentityStore> store_;
};

TEST_F(IdentityStoreTest, WhatIsCommittedIsFoundAgainAlsoAfterARestart) {
  Role role = made<Role>("Reader");
  role.description = "reads";
  role.trust_policy = trusting(R"("Service":"iot.amazonaws.com")");
  role.tags = {{"team", "red"}};
  role.inline_policies["p"] = allowing("kinesis:Get*");
  role.attached = {"arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess"};
  put(role);
  for (int round = 0; round < 2; ++round) {
    const auto found = store_->find<Role>("reader");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->name, "Reader");
    EXPECT_EQ(found->description, "reads");
    EXPECT_EQ(found->trust_policy, role.trust_policy);
    EXPECT_EQ(found->tags, role.tags);
    EXPECT_EQ(found->inline_policies, role.inline_policies);
    EXPECT_EQ(found->attached, role.attached);
    EXPECT_FALSE(found->boundary.has_value());
    EXPECT_EQ(store_->all<Role>().size(), 1U);
    open();
  }
}

TEST_F(IdentityStoreTest, AnEditOnWhatHasChangedIsAConflict) {
  put(made<Role>("r"));
  const Role old = *store_->find<Role>("r");
  put(old);
  Edit edit;
  edit.put(old);
  EXPECT_EQ(run_sync(store_->commit(std::move(edit))).error().kind, ErrorKind::conflict);
  Edit standing_on;
  standing_on.hold(old);
  standing_on.put(made<User>("u"));
  EXPECT_EQ(run_sync(store_->commit(std::move(standing_on))).error().kind, ErrorKind::conflict);
  EXPECT_EQ(store_->find<User>("u"), nullptr);
}

TEST_F(IdentityStoreTest, AUserMayDoWhatItsPoliciesAllowAndNoMore) {
  const Principal ann = user("ann", {{"p", allowing("kinesis:PutRecord")}});
  EXPECT_TRUE(ask(ann).allowed);
  const Decision refused = ask(ann, "kinesis:DeleteStream");
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.explicit_deny);
  EXPECT_EQ(refused.reason, "because no identity-based policy allows the kinesis:DeleteStream action");
}

TEST_F(IdentityStoreTest, AChangeOfPolicyCountsAtOnce) {
  const Principal ann = user("ann");
  EXPECT_FALSE(ask(ann).allowed);
  User changed = *store_->find<User>("ann");
  changed.inline_policies["p"] = allowing("kinesis:*");
  put(changed);
  EXPECT_TRUE(ask(ann).allowed);
  changed = *store_->find<User>("ann");
  changed.inline_policies["q"] = denying("kinesis:Put*");
  put(changed);
  const Decision refused = ask(ann);
  EXPECT_TRUE(refused.explicit_deny);
  EXPECT_EQ(refused.reason, "with an explicit deny in an identity-based policy");
}

TEST_F(IdentityStoreTest, ADeletedUserMadeAgainIsSomebodyElse) {
  const Principal ann = user("ann", {{"p", allowing("*")}});
  Edit edit;
  edit.remove(*store_->find<User>("ann"));
  ASSERT_TRUE(run_sync(store_->commit(std::move(edit))).has_value());
  EXPECT_FALSE(ask(ann).allowed);
  const Principal again = user("ann", {{"p", allowing("*")}});
  EXPECT_TRUE(ask(again).allowed);
  EXPECT_FALSE(ask(ann).allowed);
}

TEST_F(IdentityStoreTest, GroupsAndManagedPoliciesCount) {
  Group group = made<Group>("writers");
  group.attached = {"arn:aws:iam::123456789012:policy/write"};
  put(group);
  ManagedPolicy policy = made<ManagedPolicy>("write");
  policy.versions = {{.number = 1, .document = allowing("kinesis:PutRecord"), .created = clock_.now()}};
  put(policy);
  User ann = made<User>("ann");
  ann.groups = {"writers"};
  put(ann);
  EXPECT_TRUE(ask(principal_of(ann)).allowed);
  EXPECT_FALSE(ask(principal_of(ann), "kinesis:GetRecords").allowed);
  ManagedPolicy next = *store_->find<ManagedPolicy>("write");
  next.versions.push_back({.number = 2, .document = allowing("kinesis:Get*"), .created = clock_.now()});
  next.default_version = next.last_version = 2;
  put(next);
  EXPECT_FALSE(ask(principal_of(ann)).allowed);
  EXPECT_TRUE(ask(principal_of(ann), "kinesis:GetRecords").allowed);
}

TEST_F(IdentityStoreTest, AwsManagedPoliciesAreKnownAndCompile) {
  User ann = made<User>("ann");
  ann.attached = {"arn:aws:iam::aws:policy/AmazonKinesisFullAccess"};
  put(ann);
  EXPECT_TRUE(ask(principal_of(ann)).allowed);
  EXPECT_FALSE(ask(principal_of(ann), "iam:CreateUser").allowed);
  for (const auto& policy : all_aws_managed()) {
    EXPECT_TRUE(compile(policy->find(1)->document, PolicyKind::identity).has_value()) << policy->arn;
    EXPECT_EQ(store_->find_policy(policy->arn), policy);
  }
  EXPECT_EQ(store_->find_policy("arn:aws:iam::aws:policy/NoSuchThing"), nullptr);
  EXPECT_EQ(store_->find_policy("arn:aws:iam::999999999999:policy/write"), nullptr);
}

TEST_F(IdentityStoreTest, ABoundaryLimits) {
  User ann = made<User>("ann");
  ann.inline_policies["p"] = allowing("*");
  ann.boundary = "arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess";
  put(ann);
  const Principal who = principal_of(ann);
  EXPECT_TRUE(ask(who, "kinesis:GetRecords").allowed);
  EXPECT_EQ(ask(who).reason, "because no permissions boundary allows the kinesis:PutRecord action");
  User gone = *store_->find<User>("ann");
  gone.boundary = "arn:aws:iam::123456789012:policy/deleted";
  put(gone);
  EXPECT_FALSE(ask(who, "kinesis:GetRecords").allowed);
}

TEST_F(IdentityStoreTest, SessionPoliciesLimit) {
  Role role = made<Role>("r");
  role.inline_policies["p"] = allowing("kinesis:*");
  put(role);
  Principal session = store_->session_of(*store_->find<Role>("r"), "s1");
  EXPECT_EQ(session.arn, "arn:aws:sts::123456789012:assumed-role/r/s1");
  EXPECT_TRUE(ask(session).allowed);
  session.session_policies = {allowing("kinesis:Get*")};
  EXPECT_TRUE(ask(session, "kinesis:GetRecords").allowed);
  EXPECT_EQ(ask(session).reason, "because no session policy allows the kinesis:PutRecord action");
  session.session_policies = {denying("kinesis:Put*")};
  EXPECT_EQ(ask(session).reason, "with an explicit deny in a session policy");
}

TEST_F(IdentityStoreTest, ResourcePolicies) {
  const Principal ann = user("ann");
  const auto policy = [&](std::string_view effect, std::string_view principal) {
    return fmt::format(
        R"({{"Version":"2012-10-17","Statement":{{"Effect":"{}","Principal":{},"Action":"kinesis:*","Resource":"*"}}}})",
        effect, principal);
  };
  const std::string by_name = fmt::format(R"({{"AWS":"{}"}})", ann.arn);
  EXPECT_TRUE(ask(ann, "kinesis:PutRecord", policy("Allow", by_name)).allowed);
  EXPECT_TRUE(ask(ann, "kinesis:PutRecord", policy("Allow", R"("*")")).allowed);
  EXPECT_FALSE(ask(ann, "kinesis:PutRecord", policy("Allow", R"({"AWS":"123456789012"})")).allowed)
      << "naming the account delegates to the account's own policies";
  EXPECT_FALSE(
      ask(ann, "kinesis:PutRecord", policy("Allow", R"({"AWS":"arn:aws:iam::123456789012:user/bob"})")).allowed);
  const Principal admin = user("admin", {{"p", allowing("*")}});
  const Decision denied = ask(admin, "kinesis:PutRecord", policy("Deny", R"({"AWS":"123456789012"})"));
  EXPECT_EQ(denied.reason, "with an explicit deny in a resource-based policy");
  Principal root;
  root.kind = PrincipalKind::root;
  root.account = "123456789012";
  root.arn = "arn:aws:iam::123456789012:root";
  EXPECT_TRUE(ask(root).allowed);
  EXPECT_FALSE(ask(root, "kinesis:PutRecord", policy("Deny", R"("*")")).allowed);
  EXPECT_FALSE(ask(Principal{}).allowed);
  EXPECT_TRUE(ask(Principal{}, "kinesis:PutRecord", policy("Allow", R"("*")")).allowed);
  EXPECT_FALSE(ask(admin, "kinesis:PutRecord", "not a policy").allowed);
}

TEST_F(IdentityStoreTest, AResourceOfAnotherAccountNeedsBothSides) {
  constexpr std::string_view kTheirs = "arn:aws:kinesis:us-east-1:999999999999:stream/a";
  const auto policy = [](std::string_view effect, std::string_view principal) {
    return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"{}","Principal":{{"AWS":"{}"}},)"
                       R"("Action":"kinesis:*","Resource":"*"}}}})",
                       effect, principal);
  };
  const Principal ann = user("ann");
  const Principal admin = user("admin", {{"p", allowing("kinesis:*")}});
  constexpr std::string_view kPut = "kinesis:PutRecord";
  EXPECT_EQ(ask(admin, kPut, std::nullopt, kTheirs).reason,
            "because no resource-based policy allows the kinesis:PutRecord action");
  EXPECT_TRUE(ask(admin, kPut, policy("Allow", admin.arn), kTheirs).allowed);
  EXPECT_TRUE(ask(admin, kPut, policy("Allow", "123456789012"), kTheirs).allowed) << "the account is enough";
  EXPECT_EQ(ask(ann, kPut, policy("Allow", ann.arn), kTheirs).reason,
            "because no identity-based policy allows the kinesis:PutRecord action");
  EXPECT_TRUE(ask(admin, kPut, policy("Deny", admin.arn), kTheirs).explicit_deny);
  User limited = *store_->find<User>("admin");
  limited.boundary = "arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess";
  put(limited);
  EXPECT_EQ(ask(admin, kPut, policy("Allow", admin.arn), kTheirs).reason,
            "because no permissions boundary allows the kinesis:PutRecord action");
  Principal root;
  root.kind = PrincipalKind::root;
  root.account = "123456789012";
  root.arn = "arn:aws:iam::123456789012:root";
  EXPECT_FALSE(ask(root, kPut, std::nullopt, kTheirs).allowed);
  EXPECT_TRUE(ask(root, kPut, policy("Allow", "123456789012"), kTheirs).allowed);
  EXPECT_TRUE(ask(admin, "kinesis:GetRecords", std::nullopt, "arn:aws:iam::aws:policy/x").allowed)
      << "AWS's own resources are nobody's";
}

TEST_F(IdentityStoreTest, PrincipalFactsAreKnownToPolicies) {
  User ann = made<User>("ann");
  ann.tags = {{"team", "a"}};
  ann.inline_policies["p"] = allowing("kinesis:*", "arn:aws:kinesis:*:*:stream/${aws:PrincipalTag/Team}");
  put(ann);
  EXPECT_TRUE(ask(principal_of(ann)).allowed);
  User other = *store_->find<User>("ann");
  other.tags = {{"team", "b"}};
  put(other);
  EXPECT_FALSE(ask(principal_of(ann)).allowed);
}

TEST_F(IdentityStoreTest, AServiceTakesARoleThatTrustsIt) {
  Role role = made<Role>("iot-writes");
  role.trust_policy = trusting(R"("Service":"iot.amazonaws.com")");
  role.inline_policies["p"] = allowing("kinesis:PutRecord");
  put(role);
  const auto session = store_->assume_as_service(role.arn, "iot.amazonaws.com", "rule");
  ASSERT_TRUE(session.has_value());
  EXPECT_TRUE(ask(*session).allowed);
  EXPECT_FALSE(ask(*session, "kinesis:DeleteStream").allowed);
  EXPECT_EQ(store_->assume_as_service(role.arn, "lambda.amazonaws.com", "x").error().kind, ErrorKind::denied);
  EXPECT_EQ(store_->assume_as_service("arn:aws:iam::123456789012:role/none", "iot.amazonaws.com", "x").error().kind,
            ErrorKind::missing);
  Role strict = *store_->find<Role>("iot-writes");
  strict.trust_policy = trusting(R"("Service":"iot.amazonaws.com")",
                                 R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}})");
  put(strict);
  EXPECT_EQ(store_->assume_as_service(role.arn, "iot.amazonaws.com", "x").error().kind, ErrorKind::denied);
}

TEST_F(IdentityStoreTest, AssumeRoleNeedsTrustAndPermission) {
  const Principal ann = user("ann");
  const Principal bob = user("bob", {{"p", allowing("sts:AssumeRole")}});
  Role role = made<Role>("r");
  const auto may = [&](const Principal& who, std::string trust, const Conditions& conditions = {}) {
    role.trust_policy = std::move(trust);
    return store_->authorize_assume_role(who, role, "sts:AssumeRole", conditions).allowed;
  };
  const std::string account = trusting(R"("AWS":"arn:aws:iam::123456789012:root")");
  EXPECT_FALSE(may(ann, account));
  EXPECT_TRUE(may(bob, account));
  const std::string by_name = trusting(fmt::format(R"("AWS":"{}")", ann.arn));
  EXPECT_TRUE(may(ann, by_name));
  EXPECT_FALSE(may(bob, by_name));
  const std::string with_id =
      trusting(R"("AWS":"123456789012")", R"(,"Condition":{"StringEquals":{"sts:ExternalId":"secret"}})");
  EXPECT_FALSE(may(bob, with_id));
  EXPECT_FALSE(may(bob, with_id, {{"sts:ExternalId", {"wrong"}}}));
  EXPECT_TRUE(may(bob, with_id, {{"sts:ExternalId", {"secret"}}}));
}

TEST_F(IdentityStoreTest, TheRootKeyIsMadeOnceAndKept) {
  const KeyPair wanted{.access_key_id = "AKIAROOT", .secret_access_key = "secret/text"};
  EXPECT_EQ(run_sync(store_->ensure_root_key(wanted))->secret_access_key, "secret/text");
  open();
  EXPECT_EQ(run_sync(store_->ensure_root_key(KeyPair{"OTHER", "x"}))->access_key_id, "AKIAROOT");
  const auto credential = store_->find_credential("AKIAROOT", std::nullopt, clock_.now());
  ASSERT_TRUE(credential.has_value());
  EXPECT_EQ(credential->secret_access_key, "secret/text");
  EXPECT_EQ(credential->principal.kind, PrincipalKind::root);
  EXPECT_EQ(credential->principal.arn, "arn:aws:iam::123456789012:root");
  EXPECT_EQ(catalog_->list("iam/access-key/").front().bytes->find("secret/text"), std::string::npos);
}

TEST_F(IdentityStoreTest, AccessKeysProveTheirUserWhileActive) {
  user("ann");
  const KeyPair pair = store_->new_key_pair("AKIA");
  EXPECT_EQ(pair.access_key_id.size(), 20U);
  EXPECT_EQ(pair.secret_access_key.size(), 40U);
  AccessKey key;
  key.name = pair.access_key_id;
  key.user = "ann";
  key.sealed_secret = store_->seal_secret(key.name, pair.secret_access_key);
  put(key);
  const auto credential = store_->find_credential(pair.access_key_id, std::nullopt, clock_.now());
  ASSERT_TRUE(credential.has_value());
  EXPECT_EQ(credential->secret_access_key, pair.secret_access_key);
  EXPECT_EQ(credential->principal.name, "ann");
  EXPECT_EQ(store_->access_keys_of("ann").size(), 1U);
  AccessKey off = *store_->find<AccessKey>(pair.access_key_id);
  off.active = false;
  put(off);
  EXPECT_EQ(store_->find_credential(pair.access_key_id, std::nullopt, clock_.now()).error(), CredentialFault::unknown);
  EXPECT_EQ(store_->find_credential("AKIANOBODY", std::nullopt, clock_.now()).error(), CredentialFault::unknown);
}

TEST_F(IdentityStoreTest, TemporaryCredentialsCarryThemselvesUntilTheyExpire) {
  Role role = made<Role>("r");
  put(role);
  Principal who = store_->session_of(role, "s");
  who.session_policies = {allowing("kinesis:*")};
  who.session_tags = {{"team", "red"}};
  const SessionCredential session =
      store_->new_session({.principal = who, .expires = clock_.now() + std::chrono::hours(1)});
  EXPECT_TRUE(session.key.access_key_id.starts_with("ASIA"));
  open();  // nothing was stored but the seal key
  const auto found = store_->find_credential(session.key.access_key_id, session.session_token, clock_.now());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->secret_access_key, session.key.secret_access_key);
  EXPECT_EQ(found->session_token, session.session_token);
  EXPECT_EQ(found->principal.arn, who.arn);
  EXPECT_EQ(found->principal.session_policies, who.session_policies);
  EXPECT_EQ(found->principal.session_tags, who.session_tags);
  EXPECT_EQ(store_->find_credential("ASIAOTHER", session.session_token, clock_.now()).error(),
            CredentialFault::unknown);
  EXPECT_EQ(store_->find_credential(session.key.access_key_id, std::nullopt, clock_.now()).error(),
            CredentialFault::unknown);
  std::string forged = session.session_token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(store_->find_credential(session.key.access_key_id, forged, clock_.now()).error(), CredentialFault::unknown);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(store_->find_credential(session.key.access_key_id, session.session_token, clock_.now()).error(),
            CredentialFault::expired);
}

}  // namespace
}  // namespace penstock::iam
