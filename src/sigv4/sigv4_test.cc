#include "sigv4/sigv4.h"

#include <gtest/gtest.h>

#include "sigv4/amz_date.h"
#include "sigv4/canonical.h"

namespace penstock::sigv4 {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kKeyId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

Timestamp at(std::string_view text) { return *parse_amz_date(text); }
const Timestamp kNow = at("20150830T123600Z");

std::optional<Secret> one_key(std::string_view id) {
  if (id != kKeyId) return std::nullopt;
  return Secret{std::string(kSecret), std::nullopt};
}
Credentials me() { return {std::string(kKeyId), std::string(kSecret), std::nullopt}; }

/// A request that owns its parts.
struct Sent {
  std::string method = "POST";
  std::string target = "/";
  HeaderList headers = {{"Host", "kinesis.us-east-1.amazonaws.com"}, {"Content-Type", "application/x-amz-json-1.1"}};
  std::string body = "{}";

  [[nodiscard]] Request view() const { return {method, target, headers, body}; }
  void sign_it(const Credentials& who = me(), Timestamp when = kNow) {
    const HeaderList added = sign(view(), who, "us-east-1", "kinesis", when);
    headers.insert(headers.end(), added.begin(), added.end());
  }
  std::string& header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (same_name(key, name)) return value;
    }
    ADD_FAILURE() << "no header " << name;
    return headers.emplace_back(name, "").second;
  }
};

std::string outcome(const Sent& sent, Timestamp now = kNow) {
  const auto result = verify(sent.view(), now, one_key);
  return result.has_value() ? "ok" : result.error().code + ": " + result.error().message;
}

TEST(SigV4, TheDocumentedSigningKeyAndSignature) {
  // AWS General Reference, "Examples of how to derive a signing key", and the GET ListUsers example beside it.
  const Scope scope{std::string(kKeyId), "20150830", "us-east-1", "iam"};
  const HeaderList headers = {{"Host", "iam.amazonaws.com"},
                              {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  const Request request{"GET", "/?Action=ListUsers&Version=2010-05-08", headers, ""};
  const auto added = sign(request, me(), "us-east-1", "iam", kNow);
  EXPECT_EQ(added.back().second,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(SigV4, AcceptsWhatItSigns) {
  Sent sent;
  sent.target = "/things/a%2Fb/x%3Ay?b=2&a=1&a=0&empty&space=%20&plus=%2B";
  sent.sign_it();
  EXPECT_EQ(outcome(sent), "ok");
  const auto scope = claimed_scope(sent.view());
  ASSERT_TRUE(scope.has_value());
  EXPECT_EQ(scope->service, "kinesis");
  EXPECT_EQ(scope->access_key_id, kKeyId);
}

TEST(SigV4, RefusesEveryChange) {
  const auto changed = [](const std::function<void(Sent&)>& change) {
    Sent sent;
    sent.sign_it();
    change(sent);
    return outcome(sent).substr(0, 21);
  };
  EXPECT_EQ(changed([](Sent& s) { s.body += " "; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.target = "/?x=1"; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.method = "GET"; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.header("Content-Type") = "x"; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.header("Host") = "x"; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.header("x-amz-date") = "20150830T123601Z"; }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) { s.headers.emplace_back("Host", "second"); }), "SignatureDoesNotMatch");
  EXPECT_EQ(changed([](Sent& s) {
              std::string& header = s.header("authorization");
              header.back() = header.back() == '0' ? '1' : '0';
            }),
            "SignatureDoesNotMatch");
}

TEST(SigV4, RefusesAZeroSignatureOfAKnownKey) {
  Sent sent;
  sent.sign_it();
  std::string& header = sent.header("authorization");
  header.replace(header.size() - 64, 64, std::string(64, '0'));
  EXPECT_EQ(
      outcome(sent),
      "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check "
      "your AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

TEST(SigV4, SkewIsFifteenMinutesBothWays) {
  Sent sent;
  sent.sign_it();
  EXPECT_EQ(outcome(sent, at("20150830T125100Z")), "ok");
  EXPECT_EQ(outcome(sent, at("20150830T122100Z")), "ok");
  EXPECT_EQ(outcome(sent, at("20150830T125101Z")),
            "SignatureDoesNotMatch: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
            "(20150830T125101Z - 15 min.)");
  EXPECT_EQ(outcome(sent, at("20150830T122059Z")),
            "SignatureDoesNotMatch: Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
            "(20150830T122059Z + 15 min.)");
}

TEST(SigV4, MissingOrBrokenAuthentication) {
  Sent sent;
  EXPECT_EQ(outcome(sent), "MissingAuthenticationToken: Missing Authentication Token");
  EXPECT_FALSE(claimed_scope(sent.view()).has_value());
  sent.headers.emplace_back("Authorization", "Basic abc");
  EXPECT_TRUE(outcome(sent).starts_with(
      "IncompleteSignature: Authorization header requires 'Credential' parameter. Authorization header requires "
      "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires "
      "existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) "
      "Authorization="))
      << outcome(sent);
  EXPECT_EQ(outcome(sent).find("Basic"), std::string::npos);
  sent.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  sent.header("Authorization") = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00";
  EXPECT_EQ(outcome(sent),
            "IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, got 'a/b'");
  sent.header("Authorization") = "AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00";
  EXPECT_EQ(outcome(sent), "IncompleteSignature: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.");
  sent.header("X-Amz-Date") = "yesterday";
  sent.header("Authorization") =
      "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request,SignedHeaders=host,Signature=00";
  EXPECT_EQ(outcome(sent),
            "IncompleteSignature: Date must be in ISO-8601 'basic format'. Got 'yesterday'. See "
            "http://en.wikipedia.org/wiki/ISO_8601");
}

TEST(SigV4, ScopeDateMustBeTheDateOfTheRequest) {
  Sent sent;
  sent.sign_it();
  std::string& header = sent.header("authorization");
  header.replace(header.find("20150830"), 8, "20150829");
  EXPECT_EQ(
      outcome(sent),
      "SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
      "HTTP: '20150829' != '20150830', from '20150830T123600Z'.");
}

TEST(SigV4, HostAndAmzHeadersMustBeSigned) {
  Sent sent;
  sent.sign_it();
  sent.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.DeleteStream");
  EXPECT_EQ(outcome(sent), "SignatureDoesNotMatch: 'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  Sent hostless;
  hostless.headers.erase(hostless.headers.begin());
  hostless.sign_it();
  EXPECT_EQ(outcome(hostless),
            "SignatureDoesNotMatch: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(SigV4, AuthorityStandsForHost) {
  Sent sent;
  sent.headers[0].first = ":authority";
  sent.sign_it();
  EXPECT_EQ(outcome(sent), "ok");
  sent.headers[0].first = "host";
  EXPECT_EQ(outcome(sent), "ok");
}

TEST(SigV4, UnknownKeysAndWrongTokens) {
  Sent sent;
  sent.sign_it({"AKIDOTHER", std::string(kSecret), std::nullopt});
  const std::string invalid = "InvalidClientTokenId: The security token included in the request is invalid.";
  EXPECT_EQ(outcome(sent), invalid);

  const auto with_token = [](std::string_view) { return std::optional<Secret>(Secret{std::string(kSecret), "token"}); };
  const auto code = [&](const Sent& s) {
    const auto result = verify(s.view(), kNow, with_token);
    return result.has_value() ? "ok" : result.error().code;
  };
  Sent temporary;
  temporary.sign_it({std::string(kKeyId), std::string(kSecret), "token"});
  EXPECT_EQ(code(temporary), "ok");
  EXPECT_EQ(outcome(temporary), invalid);  // a permanent key with a token
  Sent wrong;
  wrong.sign_it({std::string(kKeyId), std::string(kSecret), "other"});
  EXPECT_EQ(code(wrong), "InvalidClientTokenId");
  Sent none;
  none.sign_it();
  EXPECT_EQ(code(none), "InvalidClientTokenId");
}

TEST(SigV4, ACachedKeyDoesNotOutliveItsSecret) {
  Sent sent;
  sent.sign_it();
  EXPECT_EQ(outcome(sent), "ok");
  EXPECT_EQ(outcome(sent), "ok");
  const auto changed = [](std::string_view) { return std::optional<Secret>(Secret{"another", std::nullopt}); };
  EXPECT_FALSE(verify(sent.view(), kNow, changed).has_value());
  EXPECT_EQ(outcome(sent), "ok");
}

TEST(SigV4, PayloadHashes) {
  const auto with_hash = [](std::string hash) {
    Sent sent;
    sent.headers.emplace_back("X-Amz-Content-Sha256", std::move(hash));
    sent.sign_it();
    return outcome(sent);
  };
  EXPECT_EQ(with_hash("UNSIGNED-PAYLOAD"), "ok");
  EXPECT_EQ(with_hash(sha256_hex("{}")), "ok");
  EXPECT_EQ(with_hash(sha256_hex("{ }")),
            "SignatureDoesNotMatch: The provided 'x-amz-content-sha256' header does not match what was computed.");
  EXPECT_TRUE(with_hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").starts_with("NotImplemented: "));
  EXPECT_TRUE(with_hash("nonsense").starts_with("IncompleteSignature: "));
}

}  // namespace
}  // namespace penstock::sigv4
