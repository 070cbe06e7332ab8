#include "functions/outbound_destinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "codec/json.h"
#include "core/encoding/percent.h"
#include "net/http_client.h"

namespace penstock::functions {
namespace {

constexpr std::size_t kKeyFileBytesMax = 4096;
constexpr std::size_t kErrorShownBytesMax = 300;
constexpr std::chrono::milliseconds kEndpointTimeout{10'000};

/// arn:aws:service:region:account:rest
struct Arn {
  std::string_view service;
  std::string_view region;
  std::string_view account;
  std::string_view rest;
};

std::optional<Arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1] != "aws" || text.empty()) return std::nullopt;
  return Arn{.service = parts[2], .region = parts[3], .account = parts[4], .rest = text};
}

bool is_name(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.contains(c);
  });
}

/// Amazon S3 User Guide, "Bucket naming rules".
bool is_bucket(std::string_view name) {
  const bool is_lower = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  return name.size() >= 3 && name.size() <= 63 && is_lower && is_name(name, ".-") && !name.contains("..") &&
         name.front() != '.' && name.front() != '-';
}

std::unexpected<Error> invalid_arn(std::string_view arn, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("The destination ARN {} is invalid: {}.", arn, why));
}

struct Need {
  std::string_view action;
  std::string_view verb;  ///< as Lambda's message has it
  std::string resource;
};

/// What sending there takes. Errors: invalid.
Result<Need> need_of(std::string_view text, const Arn& arn, bool has_endpoint, std::string_view account,
                     std::string_view region) {
  const auto needs_endpoint = [&]() -> Result<void> {
    if (has_endpoint) return {};
    return invalid_arn(text, fmt::format("{} is reached through an AWS-compatible endpoint, and the setting "
                                         "lambda.destinations_endpoint names none",
                                         arn.service));
  };
  if (arn.service == "s3") {
    if (!is_bucket(arn.rest) || !arn.region.empty() || !arn.account.empty()) return invalid_arn(text, "no bucket");
    return Need{"s3:PutObject", "PutObject", fmt::format("{}/*", text)};
  }
  if (arn.service == "sqs" || arn.service == "sns") {
    if (arn.rest.ends_with(".fifo")) return invalid_arn(text, "FIFO queues and topics are not supported by Lambda");
    if (!is_name(arn.rest, "-_") || !is_name(arn.account, "") || !is_name(arn.region, "-")) {
      return invalid_arn(text, "no queue or topic");
    }
    PENSTOCK_TRY_VOID(needs_endpoint());
    if (arn.service == "sqs") return Need{"sqs:SendMessage", "SendMessage", std::string(text)};
    return Need{"sns:Publish", "Publish", std::string(text)};
  }
  if (arn.service == "lambda") {
    if (!arn.rest.starts_with("function:") || arn.account != account || arn.region != region) {
      return invalid_arn(text, "no function of this account and region");
    }
    return Need{"lambda:InvokeFunction", "InvokeFunction", std::string(text)};
  }
  if (arn.service == "events") return invalid_arn(text, "event buses are not supported by Penstock");
  return invalid_arn(text, "it is no bucket, queue, topic or function");
}

/// Keys are made by the server, of function names and identifiers; nothing else gets to the disk.
bool is_safe_key(std::string_view key) {
  if (key.empty() || key.size() > 1024 || key.front() == '/' || key.back() == '/') return false;
  while (!key.empty()) {
    const std::size_t slash = std::min(key.find('/'), key.size());
    const std::string_view part = key.substr(0, slash);
    if (part == "." || part == ".." || part.size() > 255 || !is_name(part, "-_.:$=")) return false;
    key.remove_prefix(std::min(slash + 1, key.size()));
  }
  return true;
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<DestinationEndpoint> read_destination_endpoint(os::FileSystem& files, std::string_view url,
                                                      const std::string& key_file) {
  const auto named = [](std::string_view setting, const Error& error) {
    return fail(error.kind, fmt::format("lambda.{}: {}", setting, error.message));
  };
  const auto address = net::parse_http_url(url);
  if (!address) return named("destinations_endpoint", address.error());
  const auto bad_key = [&] {
    return fail(ErrorKind::invalid,
                R"(lambda.destinations_key_file: it must hold {"access_key_id": "...", "secret_access_key": "..."})");
  };
  if (key_file.empty()) return bad_key();
  const auto file = files.open(key_file, os::OpenMode::read);
  if (!file) return named("destinations_key_file", file.error());
  std::string text(kKeyFileBytesMax, '\0');
  const auto got = (*file)->pread(std::span(text), 0);
  if (!got) return named("destinations_key_file", got.error());
  const auto parsed = codec::parse_json(std::string_view(text).substr(0, *got));
  if (!parsed || !parsed->is_object()) return bad_key();
  const auto* id = parsed->get_object().if_contains("access_key_id");
  const auto* secret = parsed->get_object().if_contains("secret_access_key");
  if (id == nullptr || secret == nullptr || !id->is_string() || !secret->is_string()) return bad_key();
  return DestinationEndpoint{.address = *address,
                             .credentials = {.access_key_id = std::string(id->get_string()),
                                             .secret_access_key = std::string(secret->get_string()),
                                             .session_token = std::nullopt}};
}

Result<void> OutboundDestinations::check(std::string_view destination_arn, std::string_view role_arn) const {
  const auto arn = parse_arn(destination_arn);
  if (!arn) return invalid_arn(destination_arn, "it is not an ARN");
  PENSTOCK_TRY(const Need need,
               need_of(destination_arn, *arn, parts_.endpoint.has_value(), parts_.account, parts_.region));
  const auto allowed = parts_.authorize(role_arn, need.action, need.resource);
  if (allowed) return {};
  return fail(ErrorKind::denied, fmt::format("The function's execution role does not have permissions to call {} on {}",
                                             need.verb, destination_arn));
}

Task<Result<void>> OutboundDestinations::send(std::string destination_arn, std::string role_arn,
                                              DestinationRecord record) {
  PENSTOCK_CO_TRY_VOID(check(destination_arn, role_arn));
  if (record.document.size() > kRecordBytesMax) co_return fail(ErrorKind::invalid, "the record is too large");
  if (waiting_.fetch_add(1) >= kWaitingMax) {
    --waiting_;
    co_return fail(ErrorKind::throttled, "too many records wait to be sent to destinations");
  }
  auto sent = co_await deliver(std::move(destination_arn), std::move(record));
  --waiting_;
  co_return sent;
}

Task<Result<void>> OutboundDestinations::deliver(std::string destination_arn, DestinationRecord record) {
  const auto arn = parse_arn(destination_arn);
  if (arn->service == "lambda") co_return co_await invoke(arn->rest, std::move(record.document));
  if (arn->service == "s3") {
    const std::function<Result<void>()> write = [this, bucket = std::string(arn->rest), &record] {
      return write_object(bucket, record);
    };
    co_return co_await file_lane_.call(write);
  }
  const bool is_queue = arn->service == "sqs";
  const std::string body = percent_encode(record.document);
  std::string target = is_queue ? fmt::format("/{}/{}", arn->account, arn->rest) : std::string("/");
  std::string form;
  if (is_queue) {
    const std::string url = fmt::format("http://{}{}", net::to_string(parts_.endpoint->address), target);
    form = fmt::format("Action=SendMessage&Version=2012-11-05&QueueUrl={}&MessageBody={}", percent_encode(url), body);
  } else {
    form =
        fmt::format("Action=Publish&Version=2010-03-31&TopicArn={}&Message={}", percent_encode(destination_arn), body);
  }
  const std::string service = is_queue ? "sqs" : "sns";
  const std::function<Result<void>()> post = [this, service, target, form] {
    return post_to_endpoint(service, target, form);
  };
  co_return co_await network_lane_.call(post);
}

Result<void> OutboundDestinations::write_object(const std::string& bucket, const DestinationRecord& record) const {
  if (!is_safe_key(record.object_key)) return fail(ErrorKind::invalid, "the object's key cannot be a file's name");
  os::FileSystem& files = parts_.files;
  const std::string path = fmt::format("{}/{}/{}", parts_.buckets_folder, bucket, record.object_key);
  const std::string folder(parent_of(path));
  const std::string unfinished = fmt::format("{}/.{}.part", folder, parts_.random.hex(8));
  PENSTOCK_TRY_VOID(files.make_directories(folder));
  {
    PENSTOCK_TRY(const auto file, files.open(unfinished, os::OpenMode::create_new));
    const std::array<std::string_view, 1> parts{record.document};
    PENSTOCK_TRY_VOID(file->pwritev(parts, 0));
    PENSTOCK_TRY_VOID(file->sync());
  }
  PENSTOCK_TRY_VOID(files.rename(unfinished, path));
  // The folders may be new, up to the one that holds the buckets.
  for (std::string_view at = folder; at.size() >= parts_.buckets_folder.size(); at = parent_of(at)) {
    PENSTOCK_TRY_VOID(files.sync_directory(std::string(at)));
  }
  return files.sync_directory(std::string(parent_of(parts_.buckets_folder)));
}

Result<void> OutboundDestinations::post_to_endpoint(std::string_view service, std::string_view target,
                                                    const std::string& form) const {
  const DestinationEndpoint& endpoint = *parts_.endpoint;
  net::HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.headers.add("host", net::to_string(endpoint.address));
  request.headers.add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = form;
  auto signature = sigv4::sign(
      {.method = request.method, .target = request.target, .headers = request.headers.all(), .body = request.body},
      endpoint.credentials, parts_.region, service, parts_.clock.now());
  for (auto& [name, value] : signature) request.headers.add(std::move(name), std::move(value));
  net::HttpClient client(endpoint.address, {.timeout = kEndpointTimeout, .body_bytes_max = 1U << 20U});
  PENSTOCK_TRY(const net::HttpResponse response, client.send(request));
  if (response.status >= 200 && response.status < 300) return {};
  const ErrorKind kind = response.status == 403 ? ErrorKind::denied : ErrorKind::unavailable;
  return fail(kind, fmt::format("the endpoint for {} answered {}: {}", service, response.status,
                                response.body.substr(0, kErrorShownBytesMax)));
}

/// `rest`: "function:NAME" or "function:NAME:QUALIFIER".
Task<Result<void>> OutboundDestinations::invoke(std::string_view rest, std::string payload) {
  if (functions_ == nullptr) co_return fail(ErrorKind::unavailable, "functions cannot be invoked yet");
  std::string_view name = rest.substr(rest.find(':') + 1);
  const std::size_t colon = std::min(name.find(':'), name.size());
  Invocation invocation{.function = std::string(name.substr(0, colon)),
                        .qualifier = std::string(name.substr(std::min(colon + 1, name.size()))),
                        .payload = std::move(payload),
                        .request_id = parts_.random.uuid()};
  co_return co_await functions_->enqueue(std::move(invocation));
}

}  // namespace penstock::functions
