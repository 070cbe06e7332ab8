#include "server/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include "catalog/sqlite/sqlite_catalog.h"
#include "consumers/event_source_mappings.h"
#include "core/clock.h"
#include "core/memory_budget.h"
#include "core/random.h"
#include "core/timers.h"
#include "framelog/embedded/embedded_store.h"
#include "functions/code_store.h"
#include "functions/function_store.h"
#include "gateway/gateway.h"
#include "iam/identity_store.h"
#include "logs/log_store.h"
#include "mqtt/broker/broker.h"
#include "mqtt/transport/listener.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "os/posix_file_system.h"
#include "server/boot_id.h"
#include "server/code_downloads.h"
#include "server/control.h"
#include "server/deletion_clock.h"
#include "server/function_delivery.h"
#include "server/function_runtime.h"
#include "server/function_urls.h"
#include "server/housekeeping.h"
#include "server/live_backup.h"
#include "server/master_key_files.h"
#include "server/metrics_page.h"
#include "server/output_permission.h"
#include "server/restore.h"
#include "server/root_key.h"
#include "server/tls_files.h"
#include "services/iam/service.h"
#include "services/iot/actions/action.h"
#include "services/iot/gatekeeper.h"
#include "services/iot/iot_core.h"
#include "services/iot/iot_service.h"
#include "services/iot/rule_engine.h"
#include "services/kinesis/resource_policies.h"
#include "services/kinesis/service.h"
#include "services/lambda/lambda_house.h"
#include "services/lambda/service.h"
#include "services/logs/service.h"
#include "services/sts/service.h"
#include "stream/streams.h"
#include "telemetry/log.h"

namespace penstock::server {

namespace {

constexpr std::size_t kLoopsMax = 8;
constexpr std::chrono::seconds kUpkeepInterval{5};
constexpr std::chrono::seconds kMappingsEnd{60};

std::size_t loop_count(const Settings& settings) {
  if (settings.threads > 0) return settings.threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kLoopsMax);
}

std::string url(std::string_view scheme, const net::HostPort& address) {
  return fmt::format("{}://{}", scheme, net::to_string(address));
}

/// Names the part in its error.
template <class T>
Result<T> named(std::string_view part, Result<T> result) {
  if (!result.has_value()) return fail(result.error().kind, fmt::format("{}: {}", part, result.error().message));
  return result;
}

/// What time brings about: records past their retention, sessions that slept too long, traffic of on-demand streams.
Task<void> keep_up(stream::Streams& streams, logs::LogStore& outputs, functions::EventQueue& invocations,
                   mqtt::Broker& broker, DeletionClock& clock) {
  broker.expire_sessions();
  const Result<void> invocations_trimmed = co_await invocations.trim();
  if (!invocations_trimmed.has_value()) {
    telemetry::log(telemetry::Level::warn, "trimming of asynchronous invocations failed",
                   {{"reason", std::string_view(invocations_trimmed.error().message)}});
  }
  const Result<void> outputs_trimmed = co_await outputs.trim_expired(clock.now());
  if (!outputs_trimmed.has_value()) {
    telemetry::log(telemetry::Level::warn, "trimming of log groups failed",
                   {{"reason", std::string_view(outputs_trimmed.error().message)}});
  }
  const Result<void> trimmed = co_await streams.trim_expired(clock.now());
  if (!trimmed.has_value()) {
    telemetry::log(telemetry::Level::warn, "trimming failed", {{"reason", std::string_view(trimmed.error().message)}});
  }
  const Result<void> followed = co_await streams.follow_traffic();
  if (!followed.has_value()) {
    telemetry::log(telemetry::Level::warn, "on-demand scaling failed",
                   {{"reason", std::string_view(followed.error().message)}});
  }
}

}  // namespace

/// In the order of construction; destroyed from the bottom up.
struct Server::Parts {
  explicit Parts(Settings the_settings) : settings(std::move(the_settings)) {}
  /// Functions call the gateway: they end before it does.
  ~Parts() {
    if (mappings) mappings->begin_stop();
    if (invoker) invoker->close();
    if (mappings) PENSTOCK_ASSERT(mappings->stop(kMappingsEnd));
  }

  Settings settings;
  SystemClock clock;
  DeletionClock deletion_clock{clock};
  SystemRandom random;
  std::unique_ptr<os::FileSystem> files = os::posix_file_system();
  std::optional<DataDirectory> directory;
  std::optional<TlsFiles> tls;
  ThreadTimers timers{clock};
  std::optional<MemoryBudget> answers;
  std::optional<MemoryBudget> events;
  std::optional<net::EventLoops> loops;
  std::unique_ptr<catalog::SqliteFileCatalog> catalog;
  std::unique_ptr<iam::IdentityStore> identities;
  std::unique_ptr<framelog::EmbeddedFrameLogs> logs;
  std::unique_ptr<stream::Streams> streams;
  std::unique_ptr<framelog::EmbeddedFrameLogs> output_frames;
  std::unique_ptr<logs::LogStore> outputs;
  std::unique_ptr<services::iot::IotCore> iot;
  std::optional<services::iot::StreamRecordSink> rule_records;
  std::optional<services::iot::RuleEngine> rules;
  std::optional<services::iot::DeviceGatekeeper> gatekeeper;
  std::optional<mqtt::Broker> broker;
  std::unique_ptr<functions::CodeStore> code;
  std::unique_ptr<functions::FunctionStore> functions;
  std::optional<CodeDownloads> downloads;
  std::optional<OutputPermission> output_permission;
  std::unique_ptr<functions::runtime::LocalInvoker> invoker;
  std::unique_ptr<FunctionDelivery> delivery;
  std::optional<MemoryBudget> mapped_records;
  std::atomic<std::size_t> next_loop = 0;
  std::unique_ptr<consumers::EventSourceMappings> mappings;
  std::optional<services::lambda::LambdaHouse> lambda;
  std::optional<services::House> house;
  std::optional<gateway::Gateway> gateway;
  std::optional<FunctionUrls> function_urls;
  std::optional<MetricsPage> metrics;
  std::optional<Housekeeping> upkeep;
  std::unique_ptr<net::HttpServer> api;
  std::unique_ptr<mqtt::Listener> mqtt;
  std::unique_ptr<mqtt::Listener> mqtts;
  std::optional<LiveBackup> backup;
  std::unique_ptr<Control> control;
  EndpointUrls endpoints;

  Result<void> open_storage(const std::optional<RootKey>& root);
  Result<void> open_services();
  Result<void> open_outputs();
  Result<void> open_devices();
  Result<void> open_functions();
  Result<void> open_mappings();
  void open_gateway();
  Result<void> open_metrics();
  Result<void> open_doors();
  void open_control();
  Task<net::HttpResponse> answer(net::HttpRequest request);
};

Result<void> Server::Parts::open_storage(const std::optional<RootKey>& root) {
  PENSTOCK_TRY_VOID(refuse_backups(*files, settings.data_dir));
  PENSTOCK_TRY(directory, DataDirectory::open(*files, settings.data_dir, {settings.account, settings.region}));
  PENSTOCK_TRY(tls, named("tls", open_tls_files(*directory, clock, random, settings.certificate_hosts)));
  PENSTOCK_TRY(catalog, named("catalog", catalog::open_sqlite_catalog(directory->path_of("catalog.sqlite3"))));
  PENSTOCK_TRY(std::string seal_key, open_seal_key(*directory, random));
  PENSTOCK_TRY(identities, named("iam", run_sync(iam::IdentityStore::open(*catalog, clock, random,
                                                                          {.account = directory->identity().account,
                                                                           .seal_key = std::move(seal_key)}))));
  PENSTOCK_TRY_VOID(settle_root_key(*directory, *identities, root));
  PENSTOCK_TRY_VOID(directory->make_folder("streams"));
  const MemorySettings& memory = settings.memory;
  answers.emplace(memory.answers_bytes_max, timers);
  events.emplace(memory.events_bytes_max, timers);
  logs = framelog::embedded_store(*files, directory->path_of("streams"), clock, random,
                                  {.waiting_bytes_max = memory.waiting_bytes_max / 2,
                                   .all_waiting_bytes_max = memory.waiting_bytes_max,
                                   .cache_bytes_max = memory.tip_cache_bytes_max,
                                   .index_cache_bytes_max = memory.index_cache_bytes_max,
                                   .sorts_segments = settings.storage.sorts_segments,
                                   .sort_bytes_per_second = settings.storage.sort_bytes_per_second});
  return {};
}

Result<void> Server::Parts::open_services() {
  const HouseIdentity& identity = directory->identity();
  const KinesisSettings& kinesis = settings.kinesis;
  PENSTOCK_TRY(auto master_keys, open_master_keys(*directory, *files, kinesis.master_key_file, random));
  PENSTOCK_TRY(streams,
               named("streams", stream::Streams::open({.account = identity.account,
                                                       .region = identity.region,
                                                       .creating = kinesis.creating,
                                                       .updating = kinesis.updating,
                                                       .deleting = kinesis.deleting,
                                                       .limits = kinesis.limits,
                                                       .on_demand_window = kinesis.on_demand_window,
                                                       .consumers = {.creating = kinesis.consumer_creating,
                                                                     .deleting = kinesis.consumer_deleting,
                                                                     .per_stream = kinesis.limits.consumers_per_stream},
                                                       .takeover = kinesis.takeover,
                                                       .subscription_life = kinesis.subscription_life,
                                                       .subscription_idle = kinesis.subscription_idle,
                                                       .iterator_life = kinesis.iterator_life,
                                                       .page_token_life = kinesis.page_token_life,
                                                       .master_keys = std::move(master_keys),
                                                       .answers = &*answers,
                                                       .events = &*events},
                                                      *catalog, *logs, clock, random)));
  PENSTOCK_TRY(iot, named("iot", services::iot::IotCore::open({.catalog = *catalog,
                                                               .clock = clock,
                                                               .random = random,
                                                               .account = identity.account,
                                                               .region = identity.region,
                                                               .authority = tls->authority})));
  return {};
}

/// The log groups: their frames are in a store of their own, sized for what is written seldom and read seldom.
Result<void> Server::Parts::open_outputs() {
  PENSTOCK_TRY_VOID(directory->make_folder("logs"));
  output_frames = framelog::embedded_store(*files, directory->path_of("logs"), clock, random,
                                           {.segment_bytes_max = 16U << 20U,
                                            .waiting_bytes_max = 16U << 20U,
                                            .all_waiting_bytes_max = 32U << 20U,
                                            .cache_bytes_max = 2U << 20U,
                                            .index_cache_bytes_max = 2U << 20U,
                                            .open_logs_wanted = 256,
                                            .sorts_segments = false,
                                            .committer_threads = 1,
                                            .reader_threads = 1});
  PENSTOCK_TRY(outputs, named("logs", logs::LogStore::open(*catalog, *output_frames, clock, random)));
  return {};
}

Result<void> Server::Parts::open_devices() {
  const HouseIdentity& identity = directory->identity();
  rule_records.emplace(*streams, *catalog);
  rules.emplace(services::iot::RuleEngine::Parts{.catalog = *catalog,
                                                 .authorizer = *identities,
                                                 .records = *rule_records,
                                                 .clock = clock,
                                                 .random = random,
                                                 .timers = timers,
                                                 .account = identity.account,
                                                 .region = identity.region});
  gatekeeper.emplace(*iot, *identities, clock, services::iot::GatekeeperOptions{.anonymous = settings.mqtt_anonymous});
  mqtt::BrokerOptions options;
  options.limits.all_inbound_bytes_max = settings.memory.mqtt_inbound_bytes_max;
  options.limits.all_outbound_bytes_max = settings.memory.mqtt_outbound_bytes_max;
  broker.emplace(clock, random, &*catalog, *gatekeeper, *rules, std::move(options));
  rules->set_publisher(*broker);
  rules->start();
  return named("mqtt", broker->load());
}

Result<void> Server::Parts::open_functions() {
  const HouseIdentity& identity = directory->identity();
  PENSTOCK_TRY_VOID(directory->make_folder("functions"));
  // Functions run in another working directory.
  const std::string absolute = std::filesystem::absolute(directory->path()).lexically_normal().string();
  PENSTOCK_TRY(code, named("functions", functions::CodeStore::open({.files = *files,
                                                                    .random = random,
                                                                    .folder = absolute + "/functions",
                                                                    .stamp = boot_id(*files, random)})));
  PENSTOCK_TRY(functions, named("functions", functions::FunctionStore::open({.catalog = *catalog,
                                                                             .clock = clock,
                                                                             .random = random,
                                                                             .code = *code,
                                                                             .account = identity.account,
                                                                             .region = identity.region})));
  downloads.emplace(
      CodeDownloadParts{.code = *code, .answers = *answers, .clock = clock, .random = random, .api_url = [this] {
                          return endpoints.api;
                        }});
  output_permission.emplace(OutputPermissionParts{.identities = *identities,
                                                  .outputs = *outputs,
                                                  .clock = clock,
                                                  .account = identity.account,
                                                  .region = identity.region});
  PENSTOCK_TRY(invoker,
               named("functions",
                     open_invoker({.functions = *functions,
                                   .logs = *outputs,
                                   .identities = *identities,
                                   .may_log =
                                       [this](std::string_view role, std::string_view group, std::string_view stream) {
                                         return output_permission->may_write(role, group, stream);
                                       },
                                   .clock = clock,
                                   .random = random,
                                   .settings = settings,
                                   .folder = absolute + "/functions/runtime",
                                   .region = identity.region,
                                   .api =
                                       [this](net::HttpRequest request) {
                                         if (CodeDownloads::is_at(request)) {
                                           return downloads->answer(std::move(request));
                                         }
                                         return gateway->handle(std::move(request));
                                       }})));
  PENSTOCK_TRY(delivery, named("functions", FunctionDelivery::open({.files = *files,
                                                                    .catalog = *catalog,
                                                                    .frames = *output_frames,
                                                                    .identities = *identities,
                                                                    .functions = *functions,
                                                                    .invoker = *invoker,
                                                                    .clock = clock,
                                                                    .random = random,
                                                                    .timers = timers,
                                                                    .settings = settings.lambda,
                                                                    .buckets_folder = absolute + "/buckets"})));
  lambda.emplace(services::lambda::LambdaHouse{
      .functions = *functions,
      .invoker = *invoker,
      .async = delivery->queue(),
      .destinations = delivery->destinations(),
      .check_runtime = [this](std::string_view runtime) { return invoker->check_runtime(runtime); },
      .buckets_folder = absolute + "/buckets",
      .concurrent_executions = static_cast<int>(settings.lambda.concurrency_max),
      .code_bytes_max = static_cast<std::int64_t>(settings.lambda.code_bytes_max),
      .warm_environments =
          [this](std::string_view name, std::string_view qualifier) {
            const auto resolved = functions->resolve(name, qualifier);
            return resolved.has_value() ? static_cast<int>(invoker->ready_environments(*resolved->version)) : 0;
          },
      .code_link = [this](std::string_view sha256_hex) { return downloads->link(sha256_hex); },
      .function_url =
          [this](std::string_view id) {
            return fmt::format("http://{}.lambda-url.{}.localhost:{}/", id, directory->identity().region,
                               api == nullptr ? settings.api.port : api->address().port);
          }});
  return {};
}

/// They begin to run when the doors are open, and with them the loops.
Result<void> Server::Parts::open_mappings() {
  const HouseIdentity& identity = directory->identity();
  mapped_records.emplace(settings.memory.mapped_records_bytes_max, timers);
  PENSTOCK_TRY(mappings,
               named("event source mappings",
                     consumers::EventSourceMappings::open(
                         {.catalog = *catalog,
                          .streams = *streams,
                          .authorizer = *identities,
                          .functions = *functions,
                          .invoker = *invoker,
                          .destinations = delivery->destinations(),
                          .clock = clock,
                          .random = random,
                          .timers = timers,
                          .account = identity.account,
                          .region = identity.region,
                          .resource_policy =
                              [this](std::string_view arn) {
                                const auto name = services::kinesis::parse_resource_arn(*streams, arn);
                                return name ? services::kinesis::resource_policy(*streams, *catalog, *name)
                                            : std::string();
                              },
                          .next_executor = [this]() -> Executor& { return loops->at(next_loop++ % loops->size()); },
                          .records = &*mapped_records})));
  lambda->mappings = mappings.get();
  return {};
}

void Server::Parts::open_gateway() {
  const HouseIdentity& identity = directory->identity();
  house.emplace(services::House{.clock = clock,
                                .random = random,
                                .timers = timers,
                                .catalog = *catalog,
                                .iam = *identities,
                                .streams = *streams,
                                .iot = *iot,
                                .account = identity.account,
                                .region = identity.region,
                                .logs = outputs.get(),
                                .lambda = &*lambda});
  gateway.emplace(
      *house,
      gateway::Identities{
          .authorizer = *identities,
          .find_credential = [this](std::string_view id, std::optional<std::string_view> token,
                                    Timestamp now) { return identities->find_credential(id, token, now); },
          .note_key_use = [this](std::string_view id, std::string_view service, std::string_view region,
                                 Timestamp at) { identities->note_key_use(id, service, region, at); }},
      std::array{&services::iam_api::service(), &services::iot::iot_service(), &services::kinesis::service(),
                 &services::lambda::service(), &services::logs_api::service(), &services::sts_api::service()});
  function_urls.emplace(FunctionUrlParts{.functions = *functions,
                                         .invoker = *invoker,
                                         .gateway = *gateway,
                                         .authorizer = *identities,
                                         .clock = clock,
                                         .random = random});
}

Result<void> Server::Parts::open_metrics() {
  PENSTOCK_TRY(MetricsAccess access, named("metrics", read_metrics_access(settings.metrics)));
  if (access.mode == MetricsAccess::Mode::everyone) {
    telemetry::log(telemetry::Level::warn, "everyone who reaches the API port may read /metrics");
  }
  metrics.emplace(
      std::move(access), settings.metrics.series_max,
      MetricsSources{
          .clock = clock,
          .streams = *streams,
          .rules = *rules,
          .broker = *broker,
          .lambda = {.invoker = *invoker, .queue = delivery->queue(), .outputs = *outputs, .mappings = *mappings},
          .gateway = *gateway,
          .http_connections = [this] { return api->connection_count(); },
          .answers = *answers,
          .events = *events});
  return {};
}

Task<net::HttpResponse> Server::Parts::answer(net::HttpRequest request) {
  if (const auto id = FunctionUrls::id_of(request); id.has_value()) {
    co_return co_await function_urls->answer(std::move(request), *id);
  }
  if (CodeDownloads::is_at(request)) co_return co_await downloads->answer(std::move(request));
  if (metrics->is_at(request)) co_return metrics->answer(request);
  co_return co_await gateway->handle(std::move(request));
}

/// A server without it serves all the same; only what it is asked for there is not to be had.
void Server::Parts::open_control() {
  backup.emplace(*files, clock, directory->path(), *catalog, *logs, *output_frames);
  auto opened = Control::open(directory->path(), [this](const ControlRequest& request, const ControlSay& say) {
    return backup->run(request, say);
  });
  if (opened.has_value()) {
    control = *std::move(opened);
  } else {
    telemetry::log(telemetry::Level::warn, "no control socket: `penstock backup` works with the server stopped only",
                   {{"reason", std::string_view(opened.error().message)}});
  }
}

Result<void> Server::Parts::open_doors() {
  loops.emplace(loop_count(settings));
  upkeep.emplace(loops->at(0), timers, kUpkeepInterval,
                 [this] { return keep_up(*streams, *outputs, delivery->queue(), *broker, deletion_clock); });
  // Zips travel inside their requests; as much as Lambda itself takes (RequestEntityTooLargeException names the
  // number).
  net::HttpLimits limits = settings.http;
  limits.upload_paths = {"/2015-03-31/functions", "/2018-10-31/layers"};
  limits.upload_bytes_max = 70'167'210;
  PENSTOCK_TRY(api, net::HttpServer::listen(
                        *loops, clock,
                        {.listen = settings.api,
                         .limits = std::move(limits),
                         .tls = net::TlsIdentity{.certificate_chain_pem = tls->server_chain_pem,
                                                 .private_key_pem = tls->server_key_pem},
                         .answers = &*answers},
                        [this](net::HttpRequest request) { return answer(std::move(request)); },
                        [this](int status, std::string_view message, const net::HttpRequest* head) {
                          return gateway->refuse(status, message, head);
                        }));
  PENSTOCK_TRY(mqtt, mqtt::Listener::start(*loops, *broker, settings.mqtt,
                                           {.tls = std::nullopt, .connections_max = settings.mqtt_connections_max}));
  PENSTOCK_TRY(mqtts, mqtt::Listener::start(*loops, *broker, settings.mqtts,
                                            {.tls = mqtt::TlsIdentity{.certificate_chain_pem = tls->server_chain_pem,
                                                                      .private_key_pem = tls->server_key_pem},
                                             .connections_max = settings.mqtt_connections_max}));
  iot->set_endpoints({.mqtts = net::to_string(mqtts->address())});
  endpoints = {.api = url("http", api->address()),
               .api_tls = url("https", api->address()),
               .mqtt = url("mqtt", mqtt->address()),
               .mqtts = url("mqtts", mqtts->address())};
  open_control();
  return directory->write_volatile(kEndpointsFile, render(endpoints));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Settings settings, std::optional<RootKey> root) {
  telemetry::set_level(settings.log_level);
  auto parts = std::make_unique<Parts>(std::move(settings));
  PENSTOCK_TRY_VOID(parts->open_storage(root));
  PENSTOCK_TRY_VOID(parts->open_services());
  PENSTOCK_TRY_VOID(parts->open_outputs());
  PENSTOCK_TRY_VOID(parts->open_devices());
  PENSTOCK_TRY_VOID(parts->open_functions());
  PENSTOCK_TRY_VOID(parts->open_mappings());
  parts->open_gateway();
  PENSTOCK_TRY_VOID(parts->open_metrics());
  PENSTOCK_TRY_VOID(parts->open_doors());
  parts->delivery->queue().start();
  parts->mappings->start();
  telemetry::log(telemetry::Level::info, "started",
                 {{"api", std::string_view(parts->endpoints.api)},
                  {"mqtt", std::string_view(parts->endpoints.mqtt)},
                  {"mqtts", std::string_view(parts->endpoints.mqtts)},
                  {"data_dir", std::string_view(parts->directory->path())},
                  {"account", std::string_view(parts->directory->identity().account)},
                  {"region", std::string_view(parts->directory->identity().region)}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

const EndpointUrls& Server::endpoints() const { return parts_->endpoints; }
const HouseIdentity& Server::identity() const { return parts_->directory->identity(); }
bool Server::is_new() const { return parts_->directory->is_new(); }

bool Server::stop(std::chrono::milliseconds grace) {
  Parts& parts = *parts_;
  if (auto removed = parts.directory->remove(kEndpointsFile); !removed.has_value()) {
    telemetry::log(telemetry::Level::warn, "endpoints.json stays",
                   {{"reason", std::string_view(removed.error().message)}});
  }
  if (parts.control != nullptr) parts.control->stop();
  parts.delivery->queue().stop();
  parts.mappings->begin_stop();
  parts.invoker->stop_after(grace);
  const bool mqtt_done = parts.mqtt->stop(grace);
  const bool mqtts_done = parts.mqtts->stop(grace);
  if (!parts.api->stop(grace) || !mqtt_done || !mqtts_done) return false;
  if (!parts.mappings->stop(grace)) return false;
  parts.invoker->close();
  parts.upkeep->stop();
  telemetry::log(telemetry::Level::info, "stopped");
  return true;
}

}  // namespace penstock::server
