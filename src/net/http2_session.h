#pragma once
/// HTTP/2 without sockets (RFC 9113): bytes in, whole requests out; answers in, bytes out. nghttp2 reads and writes the
/// frames and HPACK; this bounds what a client may do with them and turns streams into HttpRequest and HttpResponse.
///
/// Order:   whole requests come in the order in which they became whole; answers go in any order, their bytes in turns.
/// Threads: one at a time. Events are called from within feed() and collect(); they must not call this session back,
/// but
///          for give_piece().
/// Bounds:  streams at a time kStreamsMax; a head HttpLimits::head_bytes_max and kHeadersMax headers (over it 431), at
///          most 8 CONTINUATION frames; a body body_bytes_max (413); heads and bodies in memory the BodyBudget (503);
///          frames that carry nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA) kIdleFrameBytesMax and then
///          kIdleFrameBytesPerSecond; streams reset or broken kResetsMax and then kResetsPerSecond (CVE-2023-44487).
///          Over the last two the connection ends with GOAWAY.
/// Times:   a head head_max, a body body_stall_max and its minimal rate, an answer that the client's window holds up
///          write_stall_max: then the stream is reset. No stream for idle_max: GOAWAY.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/http_head.h"

struct nghttp2_session;

namespace penstock::net {

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class Http2Session {
 public:
  using StreamId = std::int32_t;

  static constexpr std::uint32_t kStreamsMax = 1000;
  static constexpr std::uint32_t kStreamWindowBytes = 1U << 20U;       ///< of a body, before we take it
  static constexpr std::uint32_t kConnectionWindowBytes = 16U << 20U;  ///< of all bodies
  static constexpr std::int64_t kIdleFrameBytesMax = 1 << 20;
  static constexpr std::int64_t kIdleFrameBytesPerSecond = 64 << 10;
  static constexpr std::int64_t kResetsMax = 1000;
  static constexpr std::int64_t kResetsPerSecond = 100;

  class Events {
   public:
    virtual ~Events() = default;
    /// A whole request. Answer it with answer(), unless on_gone comes first. The charge is for its bytes.
    virtual void on_request(StreamId stream, HttpRequest request, BodyCharge charge) = 0;
    /// The client can take the next piece of a streamed answer: give_piece(), now or later, once.
    virtual void on_piece_wanted(StreamId stream) = 0;
    /// A request that was handed out is over before all of its answer was taken. What comes for it is ignored.
    virtual void on_gone(StreamId stream) = 0;
  };

  Http2Session(ConnectionHost host, Peer peer, Events& events);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Bytes from the client, the preface included.
  void feed(std::string_view bytes);
  /// Appends what is to be sent, about `bytes_max` at most. Nothing: there is nothing to send now.
  void collect(std::string& out, std::size_t bytes_max);

  /// Gives back the stream of the answer when its pieces will be asked for, until give_piece(nullopt) or on_gone.
  [[nodiscard]] std::unique_ptr<BodyStream> answer(StreamId stream, HttpResponse response);
  /// nullopt: the end.
  void give_piece(StreamId stream, std::optional<std::string> piece);

  /// GOAWAY: no further requests; those under way finish.
  void shut_down();
  /// Resets what has taken too long. Then collect().
  void check_deadlines(SteadyTime now);

  /// False: all is said, the connection can be closed. When it is the client that said GOAWAY, closing is its part,
  /// too, until the connection has been idle for too long: Node.js drops what it received and has not read yet when the
  /// other side closes first.
  [[nodiscard]] bool alive() const;
  /// No stream is open.
  [[nodiscard]] bool idle() const { return streams_.empty(); }
  /// Of answers that were given and have not left.
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }
  /// Frames that wait to be collected: when they are many, the caller should not feed.
  [[nodiscard]] std::size_t frames_waiting() const;

 private:
  struct Stream;
  struct Callbacks;

  /// A bucket of what a client may do for nothing; it fills again with time.
  struct Allowance {
    std::int64_t left;
    std::int64_t max;
    std::int64_t per_second;
    SteadyTime since;
    [[nodiscard]] bool take(std::int64_t amount, SteadyTime now);
  };

  void begin_stream(StreamId id);
  void take_header(Stream& stream, std::string_view name, std::string_view value);
  void end_head(Stream& stream, bool no_body);
  [[nodiscard]] std::optional<HttpRefusal> judge_head(Stream& stream) const;
  void take_body(Stream& stream, std::string_view bytes);
  void end_request(Stream& stream);
  void end_stream(StreamId id);
  void refuse(Stream& stream, HttpRefusal why);
  long read_answer(Stream& stream, std::uint8_t* out, std::size_t size, std::uint32_t* flags);
  void after_sent(StreamId id, bool end_of_stream);
  void note_broken_stream();
  void reset(StreamId id, std::uint32_t code);
  void end_connection(std::uint32_t code);
  [[nodiscard]] Stream* find(StreamId id);
  [[nodiscard]] SteadyTime in(std::chrono::milliseconds time) const { return host_.clock.steady() + time; }

  ConnectionHost host_;
  Peer peer_;
  Events& events_;
  struct SessionFree {
    void operator()(nghttp2_session* session) const;
  };
  std::unique_ptr<nghttp2_session, SessionFree> session_;
  std::map<StreamId, std::unique_ptr<Stream>> streams_;
  std::size_t unsent_bytes_ = 0;
  Allowance idle_frames_;
  Allowance resets_;
  std::int64_t useful_bytes_ = 0;  ///< of the present feed
  SteadyTime head_deadline_;       ///< for the preface, and for a head of several frames
  SteadyTime idle_deadline_;       ///< while no stream is open
  bool client_said_goaway_ = false;
  bool said_goaway_ = false;
  bool failed_ = false;  ///< nghttp2 will not read on
  bool dead_ = false;    ///< nor write
};

}  // namespace penstock::net
