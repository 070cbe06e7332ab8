#include "functions/outbound_destinations.h"

#include <gtest/gtest.h>

#include <span>

#include "core/mutex.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "os/sim_file_system.h"

namespace penstock::functions {
namespace {

constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/r";
constexpr std::string_view kQueue = "arn:aws:sqs:us-east-1:000000000000:failed";
constexpr std::string_view kTopic = "arn:aws:sns:us-east-1:000000000000:failed";

class Recorder final : public AsyncInvocations {
 public:
  Task<Result<void>> enqueue(Invocation invocation) override {
    invocations.push_back(std::move(invocation));
    co_return Result<void>{};
  }
  std::vector<Invocation> invocations;
};

class OutboundDestinationsTest : public ::testing::Test {
 protected:
  OutboundDestinationsTest() {
    (void)files_.make_directories("/data");
    (void)files_.sync_directory("/");
  }

  std::unique_ptr<OutboundDestinations> open(std::optional<DestinationEndpoint> endpoint = std::nullopt) {
    return std::make_unique<OutboundDestinations>(OutboundDestinations::Parts{
        .files = files_,
        .clock = clock_,
        .random = random_,
        .buckets_folder = "/data/buckets",
        .endpoint = std::move(endpoint),
        .authorize = [this](std::string_view, std::string_view action, std::string_view resource) -> Result<void> {
          asked_ = std::string(action) + " " + std::string(resource);
          if (denied_) return fail(ErrorKind::denied, "no");
          return {};
        },
        .account = "000000000000",
        .region = "us-east-1"});
  }
  std::string refusal(const OutboundDestinations& destinations, std::string_view arn) {
    const auto checked = destinations.check(arn, kRole);
    EXPECT_FALSE(checked.has_value()) << arn;
    return checked ? "" : checked.error().message;
  }
  std::string contents(const std::string& path) {
    const auto file = files_.open(path, os::OpenMode::read);
    if (!file) return file.error().message;
    std::string text(1000, '\0');
    text.resize((*file)->pread(std::span(text), 0).value_or(0));
    return text;
  }

  os::SimFileSystem files_{1};
  SystemClock clock_;
  SeededRandom random_{1};
  std::string asked_;
  bool denied_ = false;
};

TEST_F(OutboundDestinationsTest, ABucketIsAFolderAndWhatIsSentThereSurvivesPowerLoss) {
  const auto destinations = open();
  const auto sent = run_sync(destinations->send("arn:aws:s3:::failed-events", std::string(kRole),
                                                {.document = "{}", .object_key = "a/b/c-1"}));
  ASSERT_TRUE(sent.has_value()) << sent.error().message;
  EXPECT_EQ(asked_, "s3:PutObject arn:aws:s3:::failed-events/*");
  files_.lose_power();
  files_.restore_power();
  EXPECT_EQ(contents("/data/buckets/failed-events/a/b/c-1"), "{}");
}

TEST_F(OutboundDestinationsTest, KeysAndNamesThatLeadElsewhereAreRefused) {
  const auto destinations = open();
  for (const char* key : {"../x", "a/../../x", "/etc/x", "a//b", "", "a/", "a\nb"}) {
    EXPECT_FALSE(
        run_sync(destinations->send("arn:aws:s3:::bucket", std::string(kRole), {.document = "{}", .object_key = key}))
            .has_value())
        << key;
  }
  for (const char* arn :
       {"arn:aws:s3:::..", "arn:aws:s3:::a/b", "arn:aws:s3:::UPPER", "arn:aws:s3:eu:1:bucket", "x",
        "arn:aws:dynamodb:us-east-1:000000000000:table/t", "arn:aws:sqs:us-east-1:000000000000:q.fifo",
        "arn:aws:lambda:us-east-1:111111111111:function:f"}) {
    EXPECT_NE(refusal(*destinations, arn), "") << arn;
  }
  EXPECT_TRUE(refusal(*destinations, "arn:aws:events:us-east-1:000000000000:event-bus/b").contains("not supported"));
}

TEST_F(OutboundDestinationsTest, ARoleThatMayNotIsRefusedAndSaidSo) {
  denied_ = true;
  EXPECT_EQ(refusal(*open(), "arn:aws:s3:::bucket"),
            "The function's execution role does not have permissions to call PutObject on arn:aws:s3:::bucket");
}

TEST_F(OutboundDestinationsTest, QueuesAndTopicsNeedAnEndpoint) {
  EXPECT_TRUE(refusal(*open(), kQueue).contains("lambda.destinations_endpoint"));
  EXPECT_TRUE(refusal(*open(), kTopic).contains("lambda.destinations_endpoint"));
}

TEST_F(OutboundDestinationsTest, AFunctionIsInvokedWithTheRecord) {
  const auto destinations = open();
  Recorder recorder;
  destinations->set_functions(recorder);
  ASSERT_TRUE(run_sync(destinations->send("arn:aws:lambda:us-east-1:000000000000:function:g:live", std::string(kRole),
                                          {.document = "{\"a\":1}", .object_key = "k"}))
                  .has_value());
  ASSERT_EQ(recorder.invocations.size(), 1U);
  EXPECT_EQ(recorder.invocations[0].function, "g");
  EXPECT_EQ(recorder.invocations[0].qualifier, "live");
  EXPECT_EQ(recorder.invocations[0].payload, "{\"a\":1}");
}

struct Endpoint {
  Mutex mutex;
  std::vector<net::HttpRequest> requests GUARDED_BY(mutex);
  int status GUARDED_BY(mutex) = 200;
};

Task<net::HttpResponse> answer(std::shared_ptr<Endpoint> endpoint, net::HttpRequest request) {
  const MutexLock lock(endpoint->mutex);
  endpoint->requests.push_back(std::move(request));
  net::HttpResponse response;
  response.status = endpoint->status;
  response.body = "<said/>";
  co_return response;
}

TEST_F(OutboundDestinationsTest, QueuesAndTopicsAreAskedAtTheEndpointWithASignature) {
  auto endpoint = std::make_shared<Endpoint>();
  net::EventLoops loops(1);
  auto server = net::HttpServer::listen(
      loops, clock_, {.listen = {"127.0.0.1", 0}, .limits = {}},
      [endpoint](net::HttpRequest request) { return answer(endpoint, std::move(request)); },
      [](int status, std::string_view, const net::HttpRequest*) {
        net::HttpResponse response;
        response.status = status;
        return response;
      });
  ASSERT_TRUE(server.has_value());
  const sigv4::Credentials key{.access_key_id = "AKID", .secret_access_key = "secret", .session_token = std::nullopt};
  const auto destinations = open(DestinationEndpoint{.address = (*server)->address(), .credentials = key});
  const DestinationRecord record{.document = R"({"a":"& ="})", .object_key = "k"};
  const auto to_queue = run_sync(destinations->send(std::string(kQueue), std::string(kRole), record));
  ASSERT_TRUE(to_queue.has_value()) << to_queue.error().message;
  ASSERT_TRUE(run_sync(destinations->send(std::string(kTopic), std::string(kRole), record)).has_value());
  {
    const MutexLock lock(endpoint->mutex);
    ASSERT_EQ(endpoint->requests.size(), 2U);
    const net::HttpRequest& queue = endpoint->requests[0];
    EXPECT_EQ(queue.target, "/000000000000/failed");
    EXPECT_TRUE(queue.body.contains("Action=SendMessage")) << queue.body;
    EXPECT_TRUE(queue.body.ends_with("MessageBody=%7B%22a%22%3A%22%26%20%3D%22%7D")) << queue.body;
    const auto verified = sigv4::verify(
        {.method = queue.method, .target = queue.target, .headers = queue.headers.all(), .body = queue.body},
        clock_.now(),
        [](std::string_view) { return sigv4::Secret{.secret_access_key = "secret", .session_token = {}}; });
    ASSERT_TRUE(verified.has_value()) << verified.error().message;
    EXPECT_EQ(verified->scope.service, "sqs");
    EXPECT_TRUE(endpoint->requests[1].body.contains("Action=Publish")) << endpoint->requests[1].body;
    endpoint->status = 500;
  }
  const auto failed = run_sync(destinations->send(std::string(kQueue), std::string(kRole), record));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE((*server)->stop(std::chrono::seconds(5)));
}

TEST_F(OutboundDestinationsTest, TheEndpointsKeyIsReadFromItsFileAndMistakesNameTheSetting) {
  const auto write = [&](std::string_view text) {
    (void)files_.unlink("/data/key");
    const auto file = files_.open("/data/key", os::OpenMode::create_new);
    const std::array<std::string_view, 1> parts{text};
    (void)(*file)->pwritev(parts, 0);
  };
  write(R"({"access_key_id": "A", "secret_access_key": "S"})");
  const auto endpoint = read_destination_endpoint(files_, "http://127.0.0.1:9324", "/data/key");
  ASSERT_TRUE(endpoint.has_value()) << endpoint.error().message;
  EXPECT_EQ(endpoint->address.port, 9324);
  EXPECT_EQ(endpoint->credentials.access_key_id, "A");
  EXPECT_TRUE(read_destination_endpoint(files_, "x", "/data/key").error().message.contains("destinations_endpoint"));
  EXPECT_TRUE(read_destination_endpoint(files_, "http://127.0.0.1:9324", "/data/none")
                  .error()
                  .message.contains("destinations_key_file"));
  write("{}");
  EXPECT_TRUE(read_destination_endpoint(files_, "http://127.0.0.1:9324", "/data/key")
                  .error()
                  .message.contains("destinations_key_file"));
}

}  // namespace
}  // namespace penstock::functions
