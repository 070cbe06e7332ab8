#include "services/iot/gatekeeper.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/memory/memory_catalog.h"
#include "services/iot/certificate_facts.h"

namespace penstock::services::iot {
namespace {

using Changes = std::vector<catalog::Change>;

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) fatal(result.error().message, __FILE__, __LINE__);
  return std::move(*result);
}

/// A device with its certificate, registered and attached to the policy "p".
class GatekeeperTest : public ::testing::Test {
 protected:
  GatekeeperTest() {
    const pki::KeyPair keys = must(pki::generate_key(pki::KeyKind::ec_p256));
    device_ = must(authority_->issue_device(keys.public_key_pem));
    write(key::certificate(device_.facts.fingerprint),
          Certificate{.id = device_.facts.fingerprint, .pem = device_.certificate_pem, .status = "ACTIVE"});
    attach("p", target());
  }

  [[nodiscard]] std::string target() const { return "cert/" + device_.facts.fingerprint; }

  template <class Record>
  void write(const std::string& at, const Record& record) {
    commit({{.key = at, .expected = std::nullopt, .bytes = to_document(record)}});
  }
  void erase(const std::string& at) { commit({{.key = at, .expected = std::nullopt, .bytes = std::nullopt}}); }
  void attach(std::string_view policy, std::string_view to) { write(key::policy_target(policy, to), Link{}); }

  /// Statements with "R:" for the prefix of this house's ARNs.
  void policy(const std::string& name, std::string statements) {
    for (std::size_t at = 0; (at = statements.find("R:", at)) != std::string::npos;) {
      statements.replace(at, 2, "arn:aws:iot:eu-central-1:123456789012:");
    }
    write(
        key::policy(name),
        Policy{.name = name,
               .versions = {
                   {.id = 1, .document = fmt::format(R"({{"Version":"2012-10-17","Statement":[{}]}})", statements)}}});
  }

  Result<mqtt::IdentityPtr> connect(const std::string& client_id) {
    return gatekeeper_.connect({.client_id = client_id,
                                .username = std::nullopt,
                                .password = std::nullopt,
                                .peer_certificate_pem = device_.certificate_pem,
                                .remote_address = "10.0.0.7",
                                .secure = true});
  }
  mqtt::ConnectAttempt bare(const std::string& address, bool secure = false) {
    return {.client_id = "c",
            .username = std::nullopt,
            .password = std::nullopt,
            .peer_certificate_pem = std::nullopt,
            .remote_address = address,
            .secure = secure};
  }

  void commit(Changes changes) {
    const auto done = run_sync(core_->change([&](const Registry&) -> ApiResult<Changes> { return changes; }));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  ManualClock clock_{from_unix_ms(1'900'000'000'000)};
  SeededRandom random_{1};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::shared_ptr<const pki::Authority> authority_ = must(pki::Authority::create(clock_, random_, {}));
  std::unique_ptr<IotCore> core_ = must(IotCore::open({.catalog = *catalog_,
                                                       .clock = clock_,
                                                       .random = random_,
                                                       .account = "123456789012",
                                                       .region = "eu-central-1",
                                                       .authority = authority_}));
  std::unique_ptr<iam::IdentityStore> identities_ =
      must(run_sync(iam::IdentityStore::open(*catalog_, clock_, random_, {.account = "123456789012", .seal_key = {}})));
  DeviceGatekeeper gatekeeper_{*core_, *identities_, clock_, {}};
  pki::Issued device_;
};

constexpr const char* kAllowAll = R"({"Effect":"Allow","Action":"iot:*","Resource":"*"})";

TEST_F(GatekeeperTest, ACertificateMayDoWhatItsPoliciesAllowAndNoMore) {
  policy("p", R"({"Effect":"Allow","Action":"iot:Connect","Resource":"R:client/${iot:ClientId}"},
                 {"Effect":"Allow","Action":"iot:Publish","Resource":"R:topic/data/${iot:ClientId}/*"},
                 {"Effect":"Allow","Action":"iot:Subscribe","Resource":"R:topicfilter/cmd/${iot:ClientId}/#"},
                 {"Effect":"Allow","Action":"iot:Receive","Resource":"R:topic/cmd/${iot:ClientId}/*"})");
  const auto who = connect("d1");
  ASSERT_TRUE(who.has_value()) << who.error().message;
  EXPECT_EQ((*who)->principal(), device_.facts.fingerprint);
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "data/d1/temperature", false));
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "data/d2/temperature", false));
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "data/d1/temperature", true)) << "iot:RetainPublish is its own action";
  EXPECT_TRUE(gatekeeper_.may_subscribe(**who, "cmd/d1/#"));
  EXPECT_FALSE(gatekeeper_.may_subscribe(**who, "cmd/d1/a")) << "# in a policy is a character, no wildcard";
  EXPECT_FALSE(gatekeeper_.may_subscribe(**who, "cmd/+/#"));
  EXPECT_TRUE(gatekeeper_.may_receive(**who, "cmd/d1/go"));
  EXPECT_FALSE(gatekeeper_.may_receive(**who, "cmd/d2/go"));
}

TEST_F(GatekeeperTest, AClientIdIsNoWildcard) {
  policy("p", R"({"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
                 {"Effect":"Allow","Action":"iot:Publish","Resource":"R:topic/data/${iot:ClientId}"})");
  const auto who = connect("*");
  ASSERT_TRUE(who.has_value());
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "data/d2", false));
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "data/*", false));
}

TEST_F(GatekeeperTest, ADenyWinsOverEveryAllow) {
  policy("p", kAllowAll);
  policy("q", R"({"Effect":"Deny","Action":"iot:Publish","Resource":"R:topic/secret/*"})");
  attach("q", target());
  const auto who = connect("d1");
  ASSERT_TRUE(who.has_value());
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "a", false));
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "secret/a", false));
}

TEST_F(GatekeeperTest, WithoutAPolicyNothingIsAllowed) { EXPECT_EQ(connect("d1").error().kind, ErrorKind::denied); }

TEST_F(GatekeeperTest, OnlyRegisteredActiveCertificatesConnect) {
  policy("p", kAllowAll);
  ASSERT_TRUE(connect("d1").has_value());
  for (const char* status : {"INACTIVE", "REVOKED"}) {
    write(key::certificate(device_.facts.fingerprint),
          Certificate{.id = device_.facts.fingerprint, .pem = device_.certificate_pem, .status = status});
    EXPECT_EQ(connect("d1").error().kind, ErrorKind::denied) << status;
  }
  erase(key::certificate(device_.facts.fingerprint));
  EXPECT_EQ(connect("d1").error().kind, ErrorKind::denied);
}

TEST_F(GatekeeperTest, ChangesHoldFromTheNextPacket) {
  policy("p", kAllowAll);
  const auto who = connect("d1");
  ASSERT_TRUE(who.has_value());
  ASSERT_TRUE(gatekeeper_.may_publish(**who, "a", false));
  policy("p", R"({"Effect":"Allow","Action":"iot:Publish","Resource":"R:topic/b"})");
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "a", false));
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "b", false));
  erase(key::policy_target("p", target()));
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "b", false));
  attach("p", target());
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "b", false));
  write(key::certificate(device_.facts.fingerprint),
        Certificate{.id = device_.facts.fingerprint, .pem = device_.certificate_pem, .status = "INACTIVE"});
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "b", false));
}

TEST_F(GatekeeperTest, ThingVariablesNeedTheThingWhoseNameIsTheClientId) {
  policy("p", R"({"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
                 {"Effect":"Allow","Action":"iot:Publish",
                  "Resource":"R:topic/${iot:Connection.Thing.ThingName}/${iot:Connection.Thing.Attributes[site]}"},
                 {"Effect":"Allow","Action":"iot:Subscribe","Resource":"*",
                  "Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"},
                               "StringEquals":{"iot:Connection.Thing.ThingTypeName":"sensor"}}})");
  write(key::thing("d1"), Thing{.name = "d1", .id = "1", .type = "sensor", .attributes = {{"site", "east"}}});
  const auto stranger = connect("d1");
  ASSERT_TRUE(stranger.has_value());
  EXPECT_FALSE(gatekeeper_.may_publish(**stranger, "d1/east", false)) << "not attached to the certificate";
  EXPECT_FALSE(gatekeeper_.may_subscribe(**stranger, "x"));

  write(key::thing_principal("d1", target()), Link{});
  EXPECT_TRUE(gatekeeper_.may_publish(**stranger, "d1/east", false));
  EXPECT_TRUE(gatekeeper_.may_subscribe(**stranger, "x"));
  const auto other = connect("d2");
  ASSERT_TRUE(other.has_value());
  EXPECT_FALSE(gatekeeper_.may_publish(**other, "d1/east", false)) << "the client id is not the thing's name";

  write(key::thing_principal("d1", target()), Link{.exclusive = true});
  EXPECT_TRUE(gatekeeper_.may_publish(**other, "d1/east", false)) << "exclusive: the client id does not matter";
}

TEST_F(GatekeeperTest, PoliciesOfThingGroupsAndTheGroupsAboveCount) {
  erase(key::policy_target("p", target()));
  policy("p", kAllowAll);
  write(key::thing_group("site"), ThingGroup{.name = "site", .id = "1"});
  write(key::thing_group("roof"), ThingGroup{.name = "roof", .id = "2", .parent = "site"});
  write(key::thing("d1"), Thing{.name = "d1", .id = "3"});
  write(key::thing_principal("d1", target()), Link{});
  write(key::group_thing("roof", "d1"), Link{});
  EXPECT_FALSE(connect("d1").has_value());
  attach("p", "thinggroup/site");
  EXPECT_TRUE(connect("d1").has_value());
}

TEST_F(GatekeeperTest, ConditionsSeeTheConnectionAndTheCertificate) {
  policy("p", R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Condition":{
                   "IpAddress":{"aws:SourceIp":"10.0.0.0/8"},
                   "StringEquals":{"iot:Certificate.Subject.CommonName":"AWS IoT Certificate"},
                   "DateLessThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"}}})");
  const auto who = connect("d1");
  ASSERT_TRUE(who.has_value());
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "a", false));
  clock_.advance(std::chrono::hours(24 * 365));
  EXPECT_FALSE(gatekeeper_.may_publish(**who, "a", false));
}

TEST_F(GatekeeperTest, AnUnreadablePolicyAllowsNothing) {
  policy("p", kAllowAll);
  policy("q", R"({"Effect":"Maybe"})");
  attach("q", target());
  EXPECT_FALSE(connect("d1").has_value());
}

TEST_F(GatekeeperTest, BadClientsAreRefused) {
  policy("p", kAllowAll);
  EXPECT_EQ(connect(std::string(129, 'x')).error().kind, ErrorKind::invalid);
  mqtt::ConnectAttempt attempt = bare("127.0.0.1");
  attempt.peer_certificate_pem = "nonsense";
  EXPECT_EQ(gatekeeper_.connect(attempt).error().kind, ErrorKind::denied);
}

TEST_F(GatekeeperTest, AnonymousClientsAreLocalUnlessTheOptionsSayOtherwise) {
  const auto local = gatekeeper_.connect(bare("127.0.0.1"));
  ASSERT_TRUE(local.has_value());
  EXPECT_TRUE(gatekeeper_.may_publish(**local, "a", true));
  EXPECT_FALSE(gatekeeper_.connect(bare("10.0.0.7")).has_value());
  EXPECT_FALSE(gatekeeper_.connect(bare("127.0.0.1", true)).has_value());

  DeviceGatekeeper deny(*core_, *identities_, clock_, {.anonymous = "deny"});
  EXPECT_FALSE(deny.connect(bare("127.0.0.1")).has_value());

  DeviceGatekeeper named(*core_, *identities_, clock_, {.anonymous = "open"});
  EXPECT_FALSE(named.connect(bare("10.0.0.7")).has_value()) << "no such policy yet";
  policy("open", R"({"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
                    {"Effect":"Allow","Action":"iot:Publish","Resource":"R:topic/public/*"})");
  const auto guest = named.connect(bare("10.0.0.7"));
  ASSERT_TRUE(guest.has_value());
  EXPECT_TRUE(named.may_publish(**guest, "public/a", false));
  EXPECT_FALSE(named.may_publish(**guest, "private/a", false));
}

TEST_F(GatekeeperTest, AnAccessKeyIsGovernedByIam) {
  const iam::KeyPair root = must(run_sync(identities_->ensure_root_key(std::nullopt)));
  mqtt::ConnectAttempt attempt = bare("127.0.0.1");
  attempt.username = root.access_key_id;
  attempt.password = root.secret_access_key;
  const auto who = gatekeeper_.connect(attempt);
  ASSERT_TRUE(who.has_value()) << who.error().message;
  EXPECT_EQ((*who)->principal(), "arn:aws:iam::123456789012:root");
  EXPECT_TRUE(gatekeeper_.may_publish(**who, "a", true));

  attempt.remote_address = "10.0.0.7";
  EXPECT_FALSE(gatekeeper_.connect(attempt).has_value()) << "a secret in the clear over a network";
  attempt.secure = true;
  EXPECT_TRUE(gatekeeper_.connect(attempt).has_value());
  attempt.password = "wrong";
  EXPECT_EQ(gatekeeper_.connect(attempt).error().kind, ErrorKind::denied);
}

TEST(CertificateFacts, NamesAreSplitAndUnescaped) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(name_attributes(R"(CN=a\,b,O=c\2Bd+OU=e)"), (Pairs{{"CN", "a,b"}, {"O", "c+d"}, {"OU", "e"}}));
  EXPECT_EQ(name_attributes(""), Pairs{});
  EXPECT_EQ(name_attributes("CN=\\"), (Pairs{{"CN", "\\"}}));
  pki::CertificateFacts facts;
  facts.subject = "CN=one,CN=two,serialNumber=7";
  const auto variables = certificate_facts(facts);
  EXPECT_EQ(variables.at("iot:Certificate.Subject.CommonName"), std::vector<std::string>{"one"});
  EXPECT_EQ(variables.at("iot:Certificate.Subject.CommonName.1"), std::vector<std::string>{"two"});
  EXPECT_EQ(variables.at("iot:Certificate.Subject.SerialNumber"), std::vector<std::string>{"7"});
}

}  // namespace
}  // namespace penstock::services::iot
