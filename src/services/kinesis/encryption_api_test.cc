// StartStreamEncryption, StopStreamEncryption, and what puts, reads and descriptions say of it.
#include <gmock/gmock.h>

#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kUuid = "1234abcd-12ab-34cd-56ef-1234567890ab";

class EncryptionApi : public KinesisFixture {
 protected:
  EncryptionApi() {
    give_key("m1");
    ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  }
  void give_key(const std::string& id) {
    settings_.master_keys = std::make_shared<stream::MasterKeys>(std::vector<stream::MasterKey>{
        {.id = id, .key = stream::SecretBytes(std::string(stream::kAeadKeyBytes, id.back()))}});
    reopen();
  }
  static std::string body(std::string_view key_id, std::string_view type = "KMS") {
    return fmt::format(R"({{"StreamName":"s","EncryptionType":"{}","KeyId":"{}"}})", type, key_id);
  }
  boost::json::value put() { return ok("PutRecord", R"({"StreamName":"s","Data":"YQ==","PartitionKey":"k"})"); }
  std::string described(std::string_view operation) {
    const auto answer = ok(operation, R"({"StreamName":"s"})");
    const auto& stream = answer.as_object().begin()->value();
    const auto* key_id = stream.as_object().if_contains("KeyId");
    return str(stream.at("EncryptionType")) + " " + (key_id == nullptr ? "-" : str(*key_id));
  }
  static std::string type_of(const boost::json::value& object) {
    const auto* found = object.as_object().if_contains("EncryptionType");
    return found == nullptr ? "-" : str(*found);
  }
};

TEST_F(EncryptionApi, AnswersAndRecordsSayWhetherTheyAreEncrypted) {
  EXPECT_EQ(type_of(put()), "-");
  EXPECT_EQ(described("DescribeStream"), "NONE -");
  ok("StartStreamEncryption", body("alias/aws/kinesis"));
  EXPECT_THAT(touched_, ElementsAre("arn:aws:kinesis:eu-central-1:123456789012:stream/s"));
  EXPECT_EQ(described("DescribeStream"), "KMS alias/aws/kinesis");
  EXPECT_EQ(described("DescribeStreamSummary"), "KMS alias/aws/kinesis");
  EXPECT_EQ(type_of(put()), "KMS");
  const auto many = ok("PutRecords", R"({"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"}]})");
  EXPECT_EQ(type_of(many), "KMS");
  EXPECT_EQ(type_of(many.at("Records").at(0)), "-");
  ok("StopStreamEncryption", body("alias/aws/kinesis"));
  EXPECT_EQ(described("DescribeStreamSummary"), "NONE -");
  EXPECT_EQ(type_of(put()), "-");
  std::vector<std::string> types;
  const auto read = ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s")));
  for (const auto& record : read.at("Records").as_array()) types.push_back(type_of(record));
  EXPECT_THAT(types, ElementsAre("-", "KMS", "KMS", "-"));
  ok("StopStreamEncryption", body("alias/aws/kinesis"));  // it is off already
}

TEST_F(EncryptionApi, EveryFormOfAKeysNameIsTaken) {
  for (const std::string& key_id :
       {std::string(kUuid), "mrk-" + std::string(32, 'a'), std::string("alias/a"), std::string("alias/Team_1/key-2"),
        fmt::format("arn:aws:kms:eu-central-1:123456789012:key/{}", kUuid),
        fmt::format("arn:aws:kms:eu-central-1:999999999999:key/{}", kUuid),
        std::string("arn:aws-us-gov:kms:eu-central-1:123456789012:alias/a")}) {
    ok("StartStreamEncryption", body(key_id));
    EXPECT_EQ(described("DescribeStream"), "KMS " + key_id);
    EXPECT_EQ(type_of(put()), "KMS");
  }
  for (const std::string_view key_id :
       {"nonsense", "alias/", "alias/a b", "alias", "1234abcd-12ab-34cd-56ef-1234567890a", "mrk-1",
        "arn:", "arn:aws:kms", "arn:aws:kms:eu-central-1:123456789012:key/alias/a",
        "arn:aws:kms:eu-central-1:12345678901:alias/a", "arn:aws:s3:eu-central-1:123456789012:alias/a",
        "arn:aws:kms:eu-central-1:123456789012:alias/a:b"}) {
    EXPECT_THAT(error("StartStreamEncryption", body(key_id)), HasSubstr("KMSNotFoundException: Invalid ")) << key_id;
  }
  EXPECT_EQ(error("StartStreamEncryption", body("arn:aws:kms:us-east-1:123456789012:alias/a")),
            "KMSNotFoundException: Invalid arn us-east-1");
}

TEST_F(EncryptionApi, ErrorsAreThoseOfTheReference) {
  for (const auto* operation : {"StartStreamEncryption", "StopStreamEncryption"}) {
    EXPECT_THAT(error(operation, body("alias/a", "NONE")), HasSubstr("InvalidArgumentException: EncryptionType NONE"));
    EXPECT_THAT(error(operation, R"({"StreamName":"no","EncryptionType":"KMS","KeyId":"alias/a"})"),
                HasSubstr("ResourceNotFoundException: Stream no under account 123456789012 not found."));
  }
  settings_.updating = std::chrono::seconds(5);
  reopen();
  ok("StartStreamEncryption", body("alias/a"));
  EXPECT_THAT(error("StartStreamEncryption", body("alias/b")), HasSubstr("ResourceInUseException: Stream s under"));
  EXPECT_THAT(error("StopStreamEncryption", body("alias/a")), HasSubstr("ResourceInUseException: Stream s under"));
  for (int i = 0; i < 24; ++i) {
    clock_.advance(std::chrono::seconds(5));
    ok("StartStreamEncryption", body(fmt::format("alias/{}", i)));
  }
  clock_.advance(std::chrono::seconds(5));
  EXPECT_THAT(error("StartStreamEncryption", body("alias/a")), HasSubstr("LimitExceededException: "));
}

TEST_F(EncryptionApi, WithoutTheMasterKeyEveryCallNamesIt) {
  ok("StartStreamEncryption", body("alias/a"));
  put();
  give_key("m2");
  ASSERT_EQ(type_of(put()), "KMS") << "what comes now has a key";
  const auto get = [this] { return error("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s"))); };
  EXPECT_THAT(get(), HasSubstr("KMSAccessDeniedException: Data key 1 of stream s is wrapped by the master key m1"));
  settings_.master_keys = nullptr;
  reopen();
  for (const auto& [operation, text] : {std::pair{"PutRecord", R"("Data":"YQ==","PartitionKey":"k")"},
                                        {"PutRecords", R"("Records":[{"Data":"YQ==","PartitionKey":"k"}])"}}) {
    EXPECT_THAT(error(operation, fmt::format(R"({{"StreamName":"s",{}}})", text)),
                HasSubstr("KMSAccessDeniedException: The master key m2"));
  }
  EXPECT_THAT(get(), HasSubstr("KMSAccessDeniedException: "));
  EXPECT_THAT(error("StartStreamEncryption", body("alias/b")), HasSubstr("KMSAccessDeniedException: The master key m"));
}

}  // namespace
}  // namespace penstock::services::kinesis
