#include "iam/aws_managed.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace penstock::iam {
namespace {

struct Known {
  std::string_view path;
  std::string_view name;
  std::string_view statements;
};

constexpr std::array kKnown = {
    Known{
        "/", "AWSIoTDataAccess",
        R"([{"Effect":"Allow","Action":["iot:Connect","iot:Publish","iot:Subscribe","iot:Receive","iot:GetThingShadow","iot:UpdateThingShadow","iot:DeleteThingShadow","iot:ListNamedShadowsForThing"],"Resource":"*"}])"},
    Known{"/", "AWSIoTFullAccess", R"([{"Effect":"Allow","Action":["iot:*","iotjobsdata:*"],"Resource":"*"}])"},
    Known{
        "/service-role/", "AWSIoTLogging",
        R"([{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","logs:PutMetricFilter","logs:PutRetentionPolicy","logs:GetLogEvents","logs:DeleteLogStream"],"Resource":["*"]}])"},
    Known{
        "/service-role/", "AWSIoTRuleActions",
        R"([{"Effect":"Allow","Action":["dynamodb:PutItem","kinesis:PutRecord","iot:Publish","s3:PutObject","sns:Publish","sqs:SendMessage*","cloudwatch:SetAlarmState","cloudwatch:PutMetricData","es:ESHttpPut","firehose:PutRecord"],"Resource":"*"}])"},
    Known{
        "/service-role/", "AWSLambdaBasicExecutionRole",
        R"([{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}])"},
    Known{
        "/service-role/", "AWSLambdaKinesisExecutionRole",
        R"([{"Effect":"Allow","Action":["kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards","kinesis:ListStreams","kinesis:SubscribeToShard","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}])"},
    Known{"/service-role/", "AWSLambdaRole",
          R"([{"Effect":"Allow","Action":["lambda:InvokeFunction"],"Resource":["*"]}])"},
    Known{"/", "AdministratorAccess", R"([{"Effect":"Allow","Action":"*","Resource":"*"}])"},
    Known{"/", "AmazonKinesisFullAccess", R"([{"Effect":"Allow","Action":"kinesis:*","Resource":"*"}])"},
    Known{"/", "AmazonKinesisReadOnlyAccess",
          R"([{"Effect":"Allow","Action":["kinesis:Get*","kinesis:List*","kinesis:Describe*"],"Resource":"*"}])"},
    Known{
        "/", "IAMFullAccess",
        R"([{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}])"},
    Known{
        "/", "IAMReadOnlyAccess",
        R"([{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}])"},
    Known{
        "/", "PowerUserAccess",
        R"([{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}])"},
};

/// AWS's own ids are not worth knowing by heart, but an id must never change: it is drawn from the name.
std::string id_of(std::string_view name) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(ManagedPolicy::kIdPrefix);
  std::uint64_t state = 14695981039346656037ULL;
  for (std::size_t i = 0; i < 17; ++i) {
    for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    id += kAlphabet[(state >> 32U) % kAlphabet.size()];
  }
  return id;
}

}  // namespace

const std::vector<std::shared_ptr<const ManagedPolicy>>& all_aws_managed() {
  static const std::vector<std::shared_ptr<const ManagedPolicy>> all = [] {
    constexpr Timestamp kCreated = from_unix_ms(1'423'249'200'000);  // February 2015, when AWS made most of them
    std::vector<std::shared_ptr<const ManagedPolicy>> out;
    for (const Known& known : kKnown) {
      ManagedPolicy policy;
      policy.name = known.name;
      policy.path = known.path;
      policy.id = id_of(known.name);
      policy.arn = fmt::format("arn:aws:iam::aws:policy{}{}", known.path, known.name);
      policy.created = policy.updated = kCreated;
      policy.versions.push_back(
          PolicyVersion{.number = 1,
                        .document = fmt::format(R"({{"Version":"2012-10-17","Statement":{}}})", known.statements),
                        .created = kCreated});
      out.push_back(std::make_shared<const ManagedPolicy>(std::move(policy)));
    }
    return out;
  }();
  return all;
}

std::shared_ptr<const ManagedPolicy> find_aws_managed(std::string_view arn) {
  if (!arn.starts_with("arn:aws:iam::aws:policy/")) return nullptr;
  const auto& all = all_aws_managed();
  const auto found = std::ranges::find_if(all, [&](const auto& policy) { return policy->arn == arn; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace penstock::iam
