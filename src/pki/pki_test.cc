#include "pki/pki.h"

#include <gmock/gmock.h>

#include "core/task.h"

namespace penstock::pki {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Fixture : testing::Test {
  SystemClock clock;
  SystemRandom random;
  std::shared_ptr<const Authority> authority = Authority::create(clock, random, {}).value();
};

using AuthorityTest = Fixture;

TEST_F(AuthorityTest, IsACertificateAuthorityThatCanBeLoadedAgain) {
  const auto facts = read_certificate(authority->certificate_pem()).value();
  EXPECT_TRUE(facts.is_authority);
  EXPECT_EQ(facts.common_name, "Penstock Local CA");
  EXPECT_EQ(facts.subject, facts.issuer);
  const auto again = Authority::load(clock, random, authority->certificate_pem(), authority->private_key_pem()).value();
  const auto server = again->issue_server({}).value();
  EXPECT_TRUE(verify_chain(server.certificate.certificate_pem, authority->certificate_pem(), clock.now()).has_value());
}

TEST_F(AuthorityTest, RefusesToLoadAKeyThatIsNotItsOwn) {
  const auto other = Authority::create(clock, random, {}).value();
  const auto loaded = Authority::load(clock, random, authority->certificate_pem(), other->private_key_pem());
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().kind, ErrorKind::invalid);
}

TEST_F(AuthorityTest, ServerCertificateHasItsKeyAndChain) {
  const auto server = authority->issue_server({"penstock.example", "10.1.2.3"}).value();
  EXPECT_TRUE(key_matches(server.certificate.certificate_pem, server.keys.private_key_pem).value());
  EXPECT_FALSE(server.certificate.facts.is_authority);
  EXPECT_FALSE(authority->issue_server({"bad,DNS:evil.example"}).has_value());
}

TEST_F(AuthorityTest, DeviceCertificateIsAsAwsIotMakesIt) {
  const auto keys = generate_key(KeyKind::rsa_2048).value();
  EXPECT_THAT(keys.private_key_pem, StartsWith("-----BEGIN RSA PRIVATE KEY-----\n"));
  EXPECT_THAT(keys.public_key_pem, StartsWith("-----BEGIN PUBLIC KEY-----\n"));
  const auto device = authority->issue_device(keys.public_key_pem).value();
  EXPECT_EQ(device.facts.subject, "CN=AWS IoT Certificate");
  EXPECT_EQ(device.facts.issuer, "CN=Penstock Local CA");
  EXPECT_EQ(to_unix_ms(device.facts.not_after), 2'524'607'999'000);  // 2049-12-31T23:59:59Z
  EXPECT_EQ(device.facts.public_key_pem, keys.public_key_pem);
  EXPECT_EQ(device.facts.fingerprint.size(), 64u);
  EXPECT_TRUE(key_matches(device.certificate_pem, keys.private_key_pem).value());
  EXPECT_TRUE(verify_chain(device.certificate_pem, authority->certificate_pem(), clock.now()).has_value());
}

TEST_F(AuthorityTest, ChainFailsForAnotherAuthorityAndAfterTheEnd) {
  const auto keys = generate_key(KeyKind::ec_p256).value();
  const auto device = authority->issue_device(keys.public_key_pem).value();
  const auto other = Authority::create(clock, random, {}).value();
  const auto wrong = verify_chain(device.certificate_pem, other->certificate_pem(), clock.now());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind, ErrorKind::denied);
  EXPECT_FALSE(verify_chain(device.certificate_pem, authority->certificate_pem(),
                            device_certificate_end() + std::chrono::hours(24))
                   .has_value());
}

TEST_F(AuthorityTest, SignsARequestAndKeepsItsSubject) {
  const auto keys = generate_key(KeyKind::ec_p256).value();
  const auto request = make_request(keys.private_key_pem, "multispeq-7").value();
  const auto device = authority->sign_request(request).value();
  EXPECT_EQ(device.facts.common_name, "multispeq-7");
  EXPECT_EQ(device.facts.public_key_pem, keys.public_key_pem);
}

TEST_F(AuthorityTest, RefusesRequestsThatAreNone) {
  for (const std::string_view bad : {"", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"}) {
    const auto signed_one = authority->sign_request(bad);
    ASSERT_FALSE(signed_one.has_value());
    EXPECT_EQ(signed_one.error().kind, ErrorKind::invalid);
  }
}

TEST(ReadCertificate, RefusesWhatIsNone) {
  EXPECT_FALSE(read_certificate("").has_value());
  EXPECT_FALSE(read_certificate(std::string(kPemBytesMax + 1, 'x')).has_value());
  EXPECT_FALSE(read_certificate_der("\x30\x03junk").has_value());
}

TEST(WorkshopTest, MakesKeysOnItsOwnThread) {
  Workshop workshop;
  const auto keys = run_sync(workshop.generate_key(KeyKind::rsa_2048));
  ASSERT_TRUE(keys.has_value());
  EXPECT_THAT(keys->private_key_pem, HasSubstr("RSA PRIVATE KEY"));
}

}  // namespace
}  // namespace penstock::pki
