#pragma once
/// Services are tables of operations. A row cannot exist without its IAM action and the function that names the
/// resources it touches, so authorisation cannot be forgotten.
///
///     constexpr Operation kOperations[] = {   // sorted by name
///         operation<&put_record>("PutRecord", "kinesis:PutRecord", &stream_resource<PutRecordInput>),
///     };
///     Task<ApiResult<PutRecordOutput>> put_record(CallContext& call, PutRecordInput input);   // put_record.cc
///
/// The gateway decodes, validates, authorises, calls and renders; a handler sees only typed values.

#include <coroutine>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/shape.h"
#include "core/memory_budget.h"
#include "core/task.h"
#include "iam/authorizer.h"

namespace penstock::services {

struct House;  // services/house.h: what handlers may use

/// An error as AWS documents it.
struct ApiError {
  std::string code;
  std::string message;
  int http_status = 400;
  /// What else the error's document says, in REST-JSON: ("Reason", "CallerRateLimitExceeded").
  std::vector<std::pair<std::string_view, std::string_view>> members{};
};
template <class T>
using ApiResult = std::expected<T, ApiError>;

[[nodiscard]] inline std::unexpected<ApiError> api_fail(std::string_view code, std::string message,
                                                        int http_status = 400) {
  return std::unexpected(ApiError{std::string(code), std::move(message), http_status});
}

/// A value of a type that only its operation knows.
using Erased = std::unique_ptr<void, void (*)(void*)>;

/// One event of an answer that is an event stream.
struct Event {
  std::string_view type;  ///< the member of the stream's union: "SubscribeToShardEvent"
  const codec::Shape* shape = nullptr;
  Erased value{nullptr, nullptr};
};

/// The events that follow an operation's output, in order; see net::BodyStream for threads and for what cancel means.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// The next event; an ApiError is sent as an exception event and ends the stream; nullopt ends it.
  virtual Task<std::optional<ApiResult<Event>>> next() = 0;
  virtual void cancel() = 0;
};

/// One call. Lives until its answer is rendered.
struct CallContext {
  House& house;
  iam::Principal principal;
  std::string request_id;
  std::string source_ip;
  std::string region;   ///< of the credential scope
  std::string account;  ///< of the house
  bool secure = false;
  std::unique_ptr<EventSource> events{};  ///< set by handlers of event-stream operations; taken over by the answer
  MemoryCharge memory{};                  ///< for a large answer; held until it is sent
};

/// What a call touches. `conditions` are the service's own condition keys for it.
struct Touched {
  std::vector<std::string> resources;  ///< ARNs, or "*"; every one must be allowed
  iam::Conditions conditions;
  /// Resource policies, parallel to `resources`, where the service has them (may be shorter).
  std::vector<std::string> resource_policies;
  /// IAM actions that the caller needs beside the operation's own, on the same resources (tags given to a new stream).
  std::vector<std::string_view> more_actions{};
  /// What the decision needs could not be read: the call fails with this, whoever calls.
  std::optional<ApiError> failure{};
};

/// cbor11 is the other form of a json11 service: the request's Content-Type picks it.
enum class Protocol : std::uint8_t { json11, cbor11, query, rest_json };

/// REST-JSON: "PUT", "/target-policies/{policyName}". Longest literal match wins. Unused by the other protocols.
struct HttpBinding {
  std::string_view method{};
  std::string_view path{};
  int success_status = 200;
};

struct Operation {
  std::string_view name;
  std::string_view action;  ///< "kinesis:PutRecord"; empty only for operations that AWS lets every caller do
  Touched (*touched)(const CallContext& call, const void* input);
  const codec::Shape& (*input_shape)();
  const codec::Shape& (*output_shape)();
  Erased (*make_input)();
  Task<ApiResult<Erased>> (*invoke)(CallContext& call, Erased input);
  HttpBinding http{};
  /// Hand-tuned codecs for the hot operations, tested to equal the generic ones; null for all others.
  bool (*fast_decode)(std::string_view body, void* input) = nullptr;  ///< false: let the generic codec say why
  std::string (*fast_encode)(const void* output) = nullptr;
  bool (*fast_decode_cbor)(std::string_view body, void* input) = nullptr;
  std::string (*fast_encode_cbor)(const void* output) = nullptr;
  /// The fast decoders accept only what codec::validate would pass (and may leave described members empty).
  bool fast_is_valid = false;
  bool event_stream = false;  ///< the output is followed by CallContext::events (application/vnd.amazon.eventstream)
};

struct Service {
  std::string_view name;  ///< credential scope: "kinesis"
  Protocol protocol;
  std::string_view target_prefix;  ///< json11: "Kinesis_20131202"
  std::string_view api_version;    ///< query: "2010-05-08"
  std::string_view xml_namespace;  ///< query
  std::span<const Operation> operations;
  std::span<const std::string_view> known_operations;  ///< sorted: what AWS has and Penstock does not (yet)
  /// The service's names for the errors that the gateway finds.
  std::string_view malformed_code;   ///< e.g. SerializationException
  std::string_view validation_code;  ///< e.g. ValidationException
  std::string_view denied_code;      ///< e.g. AccessDeniedException
  int denied_status = 400;
  /// Signed for whatever region the client has (IAM, STS); the others only for the house's own.
  bool global = false;
  /// REST-JSON: where the known_operations lie, in the same order, so that they too are answered by name.
  std::span<const HttpBinding> known_bindings{};
};

namespace detail {

template <class T>
Erased erase(T value) {
  return Erased(new T(std::move(value)), [](void* p) { delete static_cast<T*>(p); });
}

/// A handler's coroutine, its types forgotten: one coroutine (run) serves every operation, so that a row of a table
/// costs little to compile.
struct ErasedCall {
  std::coroutine_handle<> handle;
  penstock::detail::PromiseBase* promise;
  ApiResult<Erased> (*take)(std::coroutine_handle<>);

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) const noexcept {
    promise->executor = parent.promise().executor;
    promise->continuation = parent;
    return handle;
  }
  [[nodiscard]] ApiResult<Erased> await_resume() const { return take(handle); }
};
/// Runs the call and destroys its coroutine.
Task<ApiResult<Erased>> run(ErasedCall call);

template <auto handler>
struct Traits;
template <class In, class Out, Task<ApiResult<Out>> (*handler)(CallContext&, In)>
struct Traits<handler> {
  using Input = In;
  using Output = Out;
  using Promise = typename Task<ApiResult<Out>>::promise_type;

  static ApiResult<Erased> take(std::coroutine_handle<> handle) {
    ApiResult<Out> result = std::coroutine_handle<Promise>::from_address(handle.address()).promise().take();
    if (!result.has_value()) return std::unexpected(std::move(result).error());
    return erase<Out>(std::move(*result));
  }
  static Task<ApiResult<Erased>> invoke(CallContext& call, Erased input) {
    const auto handle = handler(call, std::move(*static_cast<In*>(input.get()))).release();
    return run({.handle = handle, .promise = &handle.promise(), .take = &take});
  }
};

}  // namespace detail

template <auto handler>
constexpr Operation operation(std::string_view name, std::string_view action,
                              Touched (*touched)(const CallContext&, const void*), HttpBinding http = {}) {
  using T = detail::Traits<handler>;
  return {.name = name,
          .action = action,
          .touched = touched,
          .input_shape = &codec::shape_of<typename T::Input>,
          .output_shape = &codec::shape_of<typename T::Output>,
          .make_input = [] { return detail::erase(typename T::Input{}); },
          .invoke = &T::invoke,
          .http = http};
}

}  // namespace penstock::services
