// IAM and STS as a client meets them: form parameters in, XML or an error out, through the operation tables.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/memory/memory_catalog.h"
#include "codec/codec.h"
#include "core/encoding/percent.h"
#include "iam/identity_store.h"
#include "services/house.h"
#include "services/iam/service.h"
#include "services/sts/service.h"

namespace penstock::services {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Form = codec::FormValues;

constexpr std::string_view kTrustIot =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
constexpr std::string_view kTrustAccount =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"ext-1"}}}]})";
constexpr std::string_view kAllowAll =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";
constexpr std::string_view kAllowKinesis =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:*","Resource":"*"}]})";

class IdentityService : public ::testing::Test {
 protected:
  IdentityService() {
    root_.kind = iam::PrincipalKind::root;
    root_.account = "123456789012";
    root_.arn = "arn:aws:iam::123456789012:root";
    root_.user_id = "123456789012";
    who_ = root_;
  }

  /// "200 <XML>" or "404 NoSuchEntity: message".
  std::string call(const Service& service, std::string_view name, const Form& form) {
    const auto found = std::ranges::find(service.operations, name, &Operation::name);
    if (found == service.operations.end()) return "no such operation";
    CallContext context{.house = house_,
                        .principal = who_,
                        .request_id = "id",
                        .source_ip = "127.0.0.1",
                        .region = "us-east-1",
                        .account = "123456789012"};
    Erased input = found->make_input();
    if (auto decoded = codec::decode_query(form, found->input_shape(), input.get()); !decoded.has_value()) {
      return "400 decoding: " + decoded.error().message;
    }
    if (const std::string wrong = codec::validate(found->input_shape(), input.get()); !wrong.empty()) {
      return "400 ValidationError: " + wrong;
    }
    touched_ = found->touched(context, input.get());
    for (const std::string& resource : touched_.resources) {
      if (found->action.empty()) continue;
      const iam::Decision decision = store_->authorize(
          who_,
          {.action = found->action, .resource = resource, .conditions = &touched_.conditions, .resource_policy = {}});
      if (!decision.allowed) return "403 " + decision.reason;
    }
    auto answer = run_sync(found->invoke(context, std::move(input)));
    if (!answer.has_value()) {
      return fmt::format("{} {}: {}", answer.error().http_status, answer.error().code, answer.error().message);
    }
    return "200 " +
           codec::encode_query_response(name, service.xml_namespace, "id", found->output_shape(), answer->get(), true);
  }
  std::string iam(std::string_view name, const Form& form = {}) { return call(iam_api::service(), name, form); }
  std::string sts(std::string_view name, const Form& form = {}) { return call(sts_api::service(), name, form); }

  /// The text of the first <name> element.
  static std::string element(const std::string& xml, std::string_view name) {
    const std::string open = fmt::format("<{}>", name);
    const std::size_t from = xml.find(open);
    if (from == std::string::npos) return "(none)";
    return xml.substr(from + open.size(), xml.find('<', from + open.size()) - from - open.size());
  }
  void ok(const std::string& answer) { EXPECT_TRUE(answer.starts_with("200 ")) << answer; }

  void make_role(const std::string& name, std::string_view trust = kTrustIot) {
    ok(iam("CreateRole", {{"RoleName", name}, {"AssumeRolePolicyDocument", std::string(trust)}}));
  }
  void become_user(const std::string& name) {
    ok(iam("CreateUser", {{"UserName", name}}));
    const std::string key = iam("CreateAccessKey", {{"UserName", name}});
    become(element(key, "AccessKeyId"), std::nullopt);
  }
  void become(const std::string& key_id, std::optional<std::string_view> token) {
    auto credential = store_->find_credential(key_id, token, clock_.now());
    ASSERT_TRUE(credential.has_value());
    who_ = credential->principal;
  }

  ManualClock clock_;
  SeededRandom random_{3};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<iam::IdentityStore> store_ = std::move(
      *run_sync(iam::IdentityStore::open(*catalog_, clock_, random_, {.account = "123456789012", .seal_key = {}})));
  // Identity operations never touch these rooms; the house needs something to refer to.
  alignas(std::max_align_t) char unused_[64] = {};
  House house_{.clock = clock_,
               .random = random_,
               .timers = reinterpret_cast<Timers&>(unused_),
               .catalog = *catalog_,
               .iam = *store_,
               .streams = reinterpret_cast<stream::Streams&>(unused_),
               .iot = reinterpret_cast<iot::IotCore&>(unused_),
               .account = "123456789012",
               .region = "us-east-1"};
  iam::Principal root_;
  iam::Principal who_;
  Touched touched_;
};

TEST_F(IdentityService, ARoleFromCreationToDeletion) {
  const std::string made = iam("CreateRole", {{"RoleName", "writer"},
                                              {"Path", "/pipeline/"},
                                              {"AssumeRolePolicyDocument", std::string(kTrustIot)},
                                              {"Description", "writes"},
                                              {"MaxSessionDuration", "7200"},
                                              {"Tags.member.1.Key", "team"},
                                              {"Tags.member.1.Value", "red"}});
  ok(made);
  EXPECT_EQ(element(made, "Arn"), "arn:aws:iam::123456789012:role/pipeline/writer");
  EXPECT_TRUE(element(made, "RoleId").starts_with("AROA"));
  EXPECT_EQ(element(made, "RoleId").size(), 21U);
  const std::string got = iam("GetRole", {{"RoleName", "writer"}});
  EXPECT_EQ(percent_decode(element(got, "AssumeRolePolicyDocument")), kTrustIot);
  EXPECT_EQ(element(got, "Path"), "/pipeline/");
  EXPECT_EQ(element(got, "Description"), "writes");
  EXPECT_EQ(element(got, "MaxSessionDuration"), "7200");
  EXPECT_THAT(got, HasSubstr("<Tags><member><Key>team</Key><Value>red</Value></member></Tags>"));
  EXPECT_EQ(element(got, "CreateDate"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(touched_.resources, std::vector<std::string>{"arn:aws:iam::123456789012:role/pipeline/writer"});
  EXPECT_EQ(iam("CreateRole", {{"RoleName", "WRITER"}, {"AssumeRolePolicyDocument", std::string(kTrustIot)}}),
            "409 EntityAlreadyExists: Role with name WRITER already exists.");
  EXPECT_THAT(iam("UpdateRole", {{"RoleName", "writer"}, {"MaxSessionDuration", "3600"}}),
              HasSubstr("<UpdateRoleResult></UpdateRoleResult>"));
  ok(iam("UpdateRoleDescription", {{"RoleName", "writer"}, {"Description", ""}}));
  EXPECT_EQ(element(iam("GetRole", {{"RoleName", "writer"}}), "Description"), "");
  ok(iam("UntagRole", {{"RoleName", "writer"}, {"TagKeys.member.1", "team"}}));
  EXPECT_THAT(iam("GetRole", {{"RoleName", "writer"}}), Not(HasSubstr("<Tags>")));
  ok(iam("DeleteRole", {{"RoleName", "writer"}}));
  EXPECT_EQ(iam("GetRole", {{"RoleName", "writer"}}), "404 NoSuchEntity: The role with name writer cannot be found.");
}

TEST_F(IdentityService, InlineAndAttachedPoliciesOfARole) {
  make_role("r");
  ok(iam("PutRolePolicy",
         {{"RoleName", "r"}, {"PolicyName", "inline"}, {"PolicyDocument", std::string(kAllowKinesis)}}));
  EXPECT_EQ(
      percent_decode(element(iam("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "inline"}}), "PolicyDocument")),
      kAllowKinesis);
  EXPECT_THAT(iam("ListRolePolicies", {{"RoleName", "r"}}), HasSubstr("<member>inline</member>"));
  EXPECT_EQ(iam("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "no"}}),
            "404 NoSuchEntity: The role policy with name no cannot be found.");
  const std::string arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole";
  ok(iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}));
  ok(iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}));
  EXPECT_EQ(element(iam("ListAttachedRolePolicies", {{"RoleName", "r"}}), "PolicyArn"), arn);
  const std::string unknown = "arn:aws:iam::aws:policy/NobodyKnowsThis";
  EXPECT_EQ(iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", unknown}}),
            fmt::format("404 NoSuchEntity: Policy {} does not exist or is not attachable.", unknown));
  EXPECT_EQ(iam("DeleteRole", {{"RoleName", "r"}}),
            "409 DeleteConflict: Cannot delete entity, must detach all policies first.");
  ok(iam("DetachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}));
  EXPECT_EQ(iam("DeleteRole", {{"RoleName", "r"}}),
            "409 DeleteConflict: Cannot delete entity, must delete policies first.");
  ok(iam("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", "inline"}}));
  ok(iam("DeleteRole", {{"RoleName", "r"}}));
  EXPECT_EQ(iam("ListAttachedRolePolicies", {{"RoleName", "r"}}),
            "404 NoSuchEntity: The role with name r cannot be found.");
}

TEST_F(IdentityService, ManagedPoliciesAndTheirVersions) {
  const std::string made = iam("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", std::string(kAllowKinesis)}});
  ok(made);
  const std::string arn = element(made, "Arn");
  EXPECT_EQ(arn, "arn:aws:iam::123456789012:policy/p");
  EXPECT_TRUE(element(made, "PolicyId").starts_with("ANPA"));
  EXPECT_EQ(element(made, "Path"), "/");
  for (int i = 2; i <= 5; ++i) {
    ok(iam("CreatePolicyVersion",
           {{"PolicyArn", arn}, {"PolicyDocument", std::string(kAllowAll)}, {"SetAsDefault", "true"}}));
  }
  EXPECT_THAT(iam("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", std::string(kAllowAll)}}),
              HasSubstr("409 LimitExceeded: A managed policy can have up to 5 versions."));
  EXPECT_EQ(element(iam("GetPolicy", {{"PolicyArn", arn}}), "DefaultVersionId"), "v5");
  EXPECT_EQ(percent_decode(element(iam("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}}), "Document")),
            kAllowKinesis);
  EXPECT_EQ(iam("DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v5"}}),
            "409 DeleteConflict: Cannot delete the default version of a policy.");
  EXPECT_THAT(iam("DeletePolicy", {{"PolicyArn", arn}}), HasSubstr("This policy has more than one version."));
  ok(iam("SetDefaultPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}}));
  for (const char* version : {"v2", "v3", "v4", "v5"}) {
    ok(iam("DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", version}}));
  }
  ok(iam("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", std::string(kAllowAll)}}));
  EXPECT_EQ(element(iam("ListPolicyVersions", {{"PolicyArn", arn}}), "VersionId"), "v6");
  ok(iam("DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v6"}}));
  make_role("r");
  ok(iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}));
  EXPECT_EQ(element(iam("GetPolicy", {{"PolicyArn", arn}}), "AttachmentCount"), "1");
  EXPECT_EQ(element(iam("ListEntitiesForPolicy", {{"PolicyArn", arn}}), "RoleName"), "r");
  EXPECT_EQ(iam("DeletePolicy", {{"PolicyArn", arn}}),
            "409 DeleteConflict: Cannot delete a policy attached to entities.");
  ok(iam("DetachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}));
  ok(iam("DeletePolicy", {{"PolicyArn", arn}}));
  EXPECT_EQ(iam("GetPolicy", {{"PolicyArn", arn}}), "404 NoSuchEntity: Policy " + arn + " was not found.");
}

TEST_F(IdentityService, BadPoliciesAreRefusedWithIamsWords) {
  EXPECT_EQ(iam("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", "{"}}),
            "400 MalformedPolicyDocument: Syntax errors in policy.");
  EXPECT_EQ(
      iam("CreatePolicy",
          {{"PolicyName", "p"}, {"PolicyDocument", R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})"}}),
      "400 MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater.");
  const std::string stranger =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/nobody"},"Action":"sts:AssumeRole"}})";
  EXPECT_EQ(iam("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", stranger}}),
            "400 MalformedPolicyDocument: Invalid principal in policy: "
            "\"AWS\":\"arn:aws:iam::123456789012:role/nobody\"");
  ok(iam("CreateRole", {{"RoleName", "nobody"}, {"AssumeRolePolicyDocument", stranger}}));  // may name itself
}

TEST_F(IdentityService, BadNamesAndPathsAreRefused) {
  EXPECT_EQ(iam("CreateUser", {{"UserName", "a b"}}),
            "400 ValidationError: The specified value for userName is invalid. It must contain only alphanumeric "
            "characters and/or the following: +=,.@_-");
  EXPECT_THAT(
      iam("CreateUser", {{"UserName", std::string(65, 'a')}}),
      HasSubstr("at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64"));
  EXPECT_THAT(iam("CreateUser", {{"UserName", "a"}, {"Path", "x"}}),
              HasSubstr("400 ValidationError: The specified value for path is invalid."));
  EXPECT_THAT(iam("GetRole"), HasSubstr("Value null at 'roleName' failed to satisfy constraint"));
}

TEST_F(IdentityService, UsersKeysAndWhoTheyMean) {
  ok(iam("CreateUser", {{"UserName", "ann"}, {"Tags.member.1.Key", "k"}, {"Tags.member.1.Value", "v"}}));
  EXPECT_TRUE(element(iam("GetUser", {{"UserName", "ann"}}), "UserId").starts_with("AIDA"));
  const std::string key = iam("CreateAccessKey", {{"UserName", "ann"}});
  const std::string id = element(key, "AccessKeyId");
  EXPECT_TRUE(id.starts_with("AKIA"));
  EXPECT_EQ(element(key, "SecretAccessKey").size(), 40U);
  ok(iam("CreateAccessKey", {{"UserName", "ann"}}));
  EXPECT_EQ(iam("CreateAccessKey", {{"UserName", "ann"}}),
            "409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
  EXPECT_EQ(element(iam("GetAccessKeyLastUsed", {{"AccessKeyId", id}}), "UserName"), "ann");
  ok(iam("PutUserPolicy", {{"UserName", "ann"}, {"PolicyName", "all"}, {"PolicyDocument", std::string(kAllowAll)}}));
  become(id, std::nullopt);
  EXPECT_EQ(element(iam("GetUser"), "UserName"), "ann");
  EXPECT_EQ(element(iam("ListAccessKeys"), "UserName"), "ann");
  EXPECT_EQ(element(sts("GetCallerIdentity"), "Arn"), "arn:aws:iam::123456789012:user/ann");
  who_ = root_;
  ok(iam("UpdateAccessKey", {{"UserName", "ann"}, {"AccessKeyId", id}, {"Status", "Inactive"}}));
  EXPECT_FALSE(store_->find_credential(id, std::nullopt, clock_.now()).has_value());
  EXPECT_THAT(iam("ListAccessKeys", {{"UserName", "ann"}}), HasSubstr("Inactive"));
  EXPECT_EQ(iam("DeleteUser", {{"UserName", "ann"}}),
            "409 DeleteConflict: Cannot delete entity, must delete policies first.");
  ok(iam("DeleteUserPolicy", {{"UserName", "ann"}, {"PolicyName", "all"}}));
  EXPECT_EQ(iam("DeleteUser", {{"UserName", "ann"}}),
            "409 DeleteConflict: Cannot delete entity, must delete access keys first.");
  EXPECT_EQ(iam("DeleteLoginProfile", {{"UserName", "ann"}}),
            "404 NoSuchEntity: Login Profile for User ann cannot be found.");
  EXPECT_EQ(element(iam("ListMFADevices", {{"UserName", "ann"}}), "MFADevices"), "");
}

TEST_F(IdentityService, RenamingAUserKeepsItsKeysAndItself) {
  become_user("ann");
  const iam::Principal ann = who_;
  who_ = root_;
  ok(iam("UpdateUser", {{"UserName", "ann"}, {"NewUserName", "bea"}, {"NewPath", "/x/"}}));
  EXPECT_THAT(iam("GetUser", {{"UserName", "ann"}}), HasSubstr("NoSuchEntity"));
  const std::string got = iam("GetUser", {{"UserName", "bea"}});
  EXPECT_EQ(element(got, "Arn"), "arn:aws:iam::123456789012:user/x/bea");
  EXPECT_EQ(element(got, "UserId"), ann.user_id);
  EXPECT_EQ(store_->access_keys_of("bea").size(), 1U);
}

TEST_F(IdentityService, GroupsGiveTheirMembersPermissions) {
  become_user("ann");
  const iam::Principal ann = who_;
  EXPECT_EQ(iam("ListUsers"), "403 because no identity-based policy allows the iam:ListUsers action");
  who_ = root_;
  ok(iam("CreateGroup", {{"GroupName", "admins"}}));
  ok(iam("PutGroupPolicy", {{"GroupName", "admins"}, {"PolicyName", "p"}, {"PolicyDocument", std::string(kAllowAll)}}));
  ok(iam("AddUserToGroup", {{"GroupName", "admins"}, {"UserName", "ann"}}));
  EXPECT_EQ(element(iam("GetGroup", {{"GroupName", "admins"}}), "UserName"), "ann");
  EXPECT_EQ(element(iam("ListGroupsForUser", {{"UserName", "ann"}}), "GroupName"), "admins");
  who_ = ann;
  ok(iam("ListUsers"));
  who_ = root_;
  EXPECT_EQ(iam("DeleteGroup", {{"GroupName", "admins"}}),
            "409 DeleteConflict: Cannot delete entity, must remove users from group first.");
  ok(iam("RemoveUserFromGroup", {{"GroupName", "admins"}, {"UserName", "ann"}}));
  ok(iam("DeleteGroupPolicy", {{"GroupName", "admins"}, {"PolicyName", "p"}}));
  ok(iam("DeleteGroup", {{"GroupName", "admins"}}));
}

TEST_F(IdentityService, InstanceProfilesHoldOneRole) {
  make_role("r");
  ok(iam("CreateInstanceProfile", {{"InstanceProfileName", "ip"}}));
  ok(iam("AddRoleToInstanceProfile", {{"InstanceProfileName", "ip"}, {"RoleName", "r"}}));
  EXPECT_EQ(element(iam("GetInstanceProfile", {{"InstanceProfileName", "ip"}}), "RoleName"), "r");
  EXPECT_EQ(element(iam("ListInstanceProfilesForRole", {{"RoleName", "r"}}), "InstanceProfileName"), "ip");
  EXPECT_EQ(iam("DeleteRole", {{"RoleName", "r"}}),
            "409 DeleteConflict: Cannot delete entity, must remove roles from instance profile first.");
  ok(iam("RemoveRoleFromInstanceProfile", {{"InstanceProfileName", "ip"}, {"RoleName", "r"}}));
  ok(iam("DeleteInstanceProfile", {{"InstanceProfileName", "ip"}}));
}

TEST_F(IdentityService, ListsComeInPages) {
  for (const char* name : {"c", "a", "b"}) make_role(name);
  const std::string first = iam("ListRoles", {{"MaxItems", "2"}});
  EXPECT_EQ(element(first, "IsTruncated"), "true");
  EXPECT_EQ(element(first, "RoleName"), "a");
  const std::string second = iam("ListRoles", {{"MaxItems", "2"}, {"Marker", element(first, "Marker")}});
  EXPECT_EQ(element(second, "RoleName"), "c");
  EXPECT_EQ(element(second, "IsTruncated"), "false");
  EXPECT_THAT(iam("ListRoles", {{"Marker", "%%%"}}), HasSubstr("400 ValidationError: Invalid Marker."));
}

TEST_F(IdentityService, ABoundaryIsKeptAndProtectsItsPolicy) {
  const std::string arn =
      element(iam("CreatePolicy", {{"PolicyName", "limit"}, {"PolicyDocument", std::string(kAllowKinesis)}}), "Arn");
  make_role("r");
  ok(iam("PutRolePermissionsBoundary", {{"RoleName", "r"}, {"PermissionsBoundary", arn}}));
  EXPECT_EQ(element(iam("GetRole", {{"RoleName", "r"}}), "PermissionsBoundaryArn"), arn);
  EXPECT_THAT(iam("DeletePolicy", {{"PolicyArn", arn}}), HasSubstr("DeleteConflict"));
  ok(iam("DeleteRolePermissionsBoundary", {{"RoleName", "r"}}));
  ok(iam("DeletePolicy", {{"PolicyArn", arn}}));
}

TEST_F(IdentityService, AssumeRoleWithExternalIdTagsAndASessionPolicy) {
  make_role("reader", kTrustAccount);
  ok(iam("PutRolePolicy",
         {{"RoleName", "reader"}, {"PolicyName", "p"}, {"PolicyDocument", std::string(kAllowKinesis)}}));
  const std::string arn = "arn:aws:iam::123456789012:role/reader";
  Form form{{"RoleArn", arn}, {"RoleSessionName", "spark"}, {"ExternalId", "ext-1"}};
  EXPECT_EQ(sts("AssumeRole", form), "403 AccessDenied: Roles may not be assumed by root accounts.");
  become_user("ann");
  const std::string refused =
      "403 AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole on "
      "resource: " +
      arn;
  EXPECT_EQ(sts("AssumeRole", form), refused);
  const iam::Principal ann = who_;
  who_ = root_;
  ok(iam("PutUserPolicy", {{"UserName", "ann"}, {"PolicyName", "p"}, {"PolicyDocument", std::string(kAllowAll)}}));
  who_ = ann;
  EXPECT_EQ(sts("AssumeRole", {{"RoleArn", arn}, {"RoleSessionName", "spark"}}), refused);
  EXPECT_EQ(sts("AssumeRole", {{"RoleArn", arn + "x"}, {"RoleSessionName", "spark"}}), refused + "x");
  form["DurationSeconds"] = "7200";
  EXPECT_EQ(sts("AssumeRole", form),
            "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  form["DurationSeconds"] = "900";
  form["Policy"] = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kinesis:Get*","Resource":"*"}})";
  form["Tags.member.1.Key"] = "project";
  form["Tags.member.1.Value"] = "plants";
  const std::string answer = sts("AssumeRole", form);
  ok(answer);
  EXPECT_EQ(element(answer, "Arn"), "arn:aws:sts::123456789012:assumed-role/reader/spark");
  EXPECT_EQ(element(answer, "Expiration"), "2023-11-14T22:28:20Z");
  const std::string token = element(answer, "SessionToken");
  become(element(answer, "AccessKeyId"), token);
  EXPECT_EQ(element(sts("GetCallerIdentity"), "Arn"), "arn:aws:sts::123456789012:assumed-role/reader/spark");
  EXPECT_EQ(who_.session_tags.at("project"), "plants");
  const auto may = [&](std::string_view action) {
    return store_->authorize(who_, {.action = action, .resource = "*", .conditions = nullptr, .resource_policy = {}})
        .allowed;
  };
  EXPECT_TRUE(may("kinesis:GetRecords"));
  EXPECT_FALSE(may("kinesis:PutRecord"));
  EXPECT_FALSE(may("iam:ListUsers"));
}

TEST_F(IdentityService, EveryOperationHasAnActionAndAShape) {
  for (const Operation& operation : iam_api::service().operations) {
    EXPECT_TRUE(operation.action.starts_with("iam:")) << operation.name;
    EXPECT_FALSE(std::ranges::binary_search(iam_api::service().known_operations, operation.name)) << operation.name;
    for (const codec::Field& field : operation.input_shape().fields()) EXPECT_NE(field.type, nullptr);
    EXPECT_FALSE(operation.output_shape().name().empty());
  }
}

}  // namespace
}  // namespace penstock::services
