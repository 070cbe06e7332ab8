#pragma once
/// IoT SQL: from text to a checked statement to a value. Pure: no clock, no random, no I/O of its own.
/// Source: AWS IoT Developer Guide, "AWS IoT SQL reference". Version 2016-03-23 (2015-10-08 where it differs).
/// Whatever is not supported is refused by compile(), naming it; nothing is ignored at run time.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"

namespace penstock::rules {

/// "AWS IoT Core rules engine limits": a rule has at most 256 KB.
inline constexpr std::size_t kSqlBytesMax = 256U << 10U;

/// What functions in the SQL may ask of a message.
struct EventView {
  std::string_view topic;
  std::string_view client_id;  ///< "n/a" is given by clientid() when there is none
  std::string_view payload;
  Timestamp received;
  std::function<std::string()> new_uuid;
  std::string_view principal{};
  std::string_view account{};
};

/// A checked statement. Immutable; used from any thread.
class Statement {
 public:
  virtual ~Statement() = default;
  /// The topic filter after FROM, unquoted.
  [[nodiscard]] virtual const std::string& topic_filter() const = 0;
  /// The message's outgoing payload, or nullopt when WHERE is not true. A payload that is not JSON is fine as long as
  /// the statement does not look into it (SELECT * passes the bytes as they are).
  /// Errors: invalid (the statement needs JSON and the payload is not).
  [[nodiscard]] virtual Result<std::optional<std::string>> evaluate(const EventView& event) const = 0;
};

/// Errors: invalid; the message is fit for SqlParseException and names line, column and what was found.
[[nodiscard]] Result<std::shared_ptr<const Statement>> compile(std::string_view sql, std::string_view version);

/// "${topic(3)}/x": text with ${expression} parts. Immutable; used from any thread.
class Template {
 public:
  virtual ~Template() = default;
  /// Errors: invalid when an expression is Undefined or the payload is not JSON though it is needed.
  [[nodiscard]] virtual Result<std::string> render(const EventView& event) const = 0;
};
[[nodiscard]] Result<std::shared_ptr<const Template>> compile_template(std::string_view text,
                                                                       std::string_view version = "2016-03-23");

/// MQTT topic filter matching as in MQTT 3.1.1 section 4.7 (a wildcard at the start does not match '$' topics).
[[nodiscard]] bool topic_matches(std::string_view filter, std::string_view topic);
/// 1 to 65,535 bytes, no NUL; '+' fills a level, '#' the last one (section 4.7.1).
[[nodiscard]] bool is_topic_filter(std::string_view filter);

}  // namespace penstock::rules
