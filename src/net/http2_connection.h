#pragma once
/// One HTTP/2 connection: moves bytes between a ByteStream and an Http2Session, and requests to the handler. Any number
/// of its requests are handled at the same time, up to kHandlersMax.
///
/// Back pressure: nothing is taken from the session before the last write is through; while kUnsentBytesMax of answers
///                wait for the client's window, no further request is handed to the handler; while kFramesWaitingMax
///                frames wait to be written, nothing is read.
/// Threads: everything on the connection's loop.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/connection.h"
#include "net/http2_session.h"

namespace penstock::net {

class Http2Connection final : public Connection, private Http2Session::Events {
 public:
  static constexpr std::size_t kHandlersMax = 256;
  static constexpr std::size_t kUnsentBytesMax = 16U << 20U;
  static constexpr std::size_t kFramesWaitingMax = 2000;

  /// `input`: what has been read of the stream already.
  Http2Connection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer, std::string input);

  Task<void> run() override;
  void finish() override;
  void cancel() override;
  void check_deadline(SteadyTime now) override;

 private:
  using StreamId = Http2Session::StreamId;

  struct Ready {
    HttpRequest request;
    BodyCharge charge;
  };
  /// An answer whose pieces are being sent. The one who pulls the next piece holds it too.
  struct Streamed {
    StreamId id;
    std::unique_ptr<BodyStream> pieces;
    bool gone = false;  ///< nobody wants further pieces
  };

  void on_request(StreamId stream, HttpRequest request, BodyCharge charge) override;
  void on_piece_wanted(StreamId stream) override;
  void on_gone(StreamId stream) override;

  Task<void> serve();
  Task<bool> read_and_feed();
  Task<void> say_goodbye();
  Task<void> write_out();
  Task<bool> write_all(std::string_view bytes);
  Task<void> handle(StreamId stream, Ready ready);
  Task<void> pull(std::shared_ptr<Streamed> answer);

  /// Hands requests out and writes what there is to write: after anything that happened.
  void go_on();
  /// The same, once, after what else is queued on the loop: what comes together leaves together.
  void go_on_later();
  Task<void> after_the_queued();
  void start_ready();
  void wake_writer();
  /// Runs a coroutine beside run(), which waits for its end.
  void beside(Task<void> work);
  /// Waits until nothing runs beside run().
  Task<void> wait_for_quiet();
  void drop_streamed();

  ConnectionHost host_;
  std::unique_ptr<ByteStream> stream_;
  std::string input_;  ///< held while streams are open
  std::string output_;
  Http2Session session_;
  std::map<StreamId, Ready> ready_;  ///< whole requests that wait for their turn; at most one for each open stream
  std::map<StreamId, std::shared_ptr<Streamed>> streamed_;
  Executor* executor_ = nullptr;
  std::size_t handling_ = 0;
  std::size_t beside_ = 0;
  std::optional<Completion<bool>> quiet_;
  std::optional<Completion<bool>> writer_done_;  ///< the reader waits for it
  SteadyTime write_deadline_ = SteadyTime::max();
  SteadyTime goodbye_deadline_ = SteadyTime::max();
  bool writing_ = false;
  bool going_on_later_ = false;
  bool ended_ = false;   ///< no further request is handed out
  bool broken_ = false;  ///< nothing more can be written
};

}  // namespace penstock::net
