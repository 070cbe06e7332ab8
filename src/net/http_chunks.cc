#include "net/http_chunks.h"

#include <algorithm>
#include <charconv>

#include "net/http_text.h"

namespace penstock::net {

ChunkReader::Status ChunkReader::feed(std::string_view& in, std::string& out) {
  while (!in.empty()) {
    if (state_ == State::data) {
      const std::size_t take = std::min<std::uint64_t>(left_, in.size());
      out.append(in.substr(0, take));
      in.remove_prefix(take);
      left_ -= take;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const std::size_t feed_at = in.find('\n');
    const std::size_t take = feed_at == std::string_view::npos ? in.size() : feed_at + 1;
    if (line_.size() + take > kChunkLineBytesMax) return Status::malformed;
    line_.append(in.substr(0, take));
    in.remove_prefix(take);
    if (feed_at == std::string_view::npos) return Status::more;
    if (!line_.ends_with("\r\n")) return Status::malformed;
    const std::string line = std::move(line_);
    line_.clear();
    const Status status = on_line(std::string_view(line).substr(0, line.size() - 2));
    if (status != Status::more) return status;
  }
  return Status::more;
}

ChunkReader::Status ChunkReader::on_line(std::string_view line) {
  switch (state_) {
    case State::size_line: {
      const std::string_view digits = trim_blanks(line.substr(0, line.find(';')));
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
      if (problem != std::errc{} || end != digits.data() + digits.size()) return Status::malformed;
      if (!is_field_value(line)) return Status::malformed;
      if (left_ > room_) return Status::too_large;
      room_ -= left_;
      state_ = left_ == 0 ? State::trailers : State::data;
      return Status::more;
    }
    case State::data_end:
      if (!line.empty()) return Status::malformed;
      state_ = State::size_line;
      return Status::more;
    case State::trailers:
      if (line.empty()) return Status::done;
      trailer_bytes_ += line.size();
      return trailer_bytes_ > kTrailerBytesMax ? Status::malformed : Status::more;
    case State::data: break;
  }
  return Status::malformed;
}

}  // namespace penstock::net
