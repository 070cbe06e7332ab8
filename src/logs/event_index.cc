#include "logs/event_index.h"

#include <algorithm>

namespace penstock::logs {
namespace {

StreamSpan* find_span(Block& block, StreamId stream) {
  const auto at = std::ranges::lower_bound(block.streams, stream, {}, &StreamSpan::stream);
  return at != block.streams.end() && at->stream == stream ? &*at : nullptr;
}

void add_span(Block& block, const StreamSpan& span) {
  if (StreamSpan* known = find_span(block, span.stream)) {
    known->first = std::min(known->first, span.first);
    known->last = std::max(known->last, span.last);
    known->taken = std::max(known->taken, span.taken);
    return;
  }
  block.streams.insert(std::ranges::lower_bound(block.streams, span.stream, {}, &StreamSpan::stream), span);
}

bool holds_any(const Block& block, const std::vector<StreamId>& streams) {
  if (streams.empty()) return true;
  return std::ranges::any_of(streams, [&](StreamId stream) {
    return std::ranges::binary_search(block.streams, stream, {}, &StreamSpan::stream);
  });
}

}  // namespace

void EventIndex::note_stream(const StreamSpan& span) {
  const auto [at, is_new] =
      streams_.try_emplace(span.stream, StreamTimes{.first = span.first, .last = span.last, .taken = span.taken});
  if (is_new) return;
  StreamTimes& times = at->second;
  times.first = std::min(times.first, span.first);
  times.last = std::max(times.last, span.last);
  times.taken = std::max(times.taken, span.taken);
}

void EventIndex::note(const Frame& frame) {
  const StreamSpan span{.stream = frame.stream, .first = frame.first, .last = frame.last, .taken = frame.taken};
  if (!open_) {
    open_ = Block{.after = last_position(),
                  .first_position = frame.position,
                  .last_position = frame.position,
                  .first = frame.first,
                  .last = frame.last,
                  .taken = frame.taken,
                  .bytes = 0,
                  .streams = {}};
  }
  open_->first_position = std::min(open_->first_position, frame.position);
  open_->last_position = std::max(open_->last_position, frame.position);
  open_->first = std::min(open_->first, frame.first);
  open_->last = std::max(open_->last, frame.last);
  open_->taken = std::max(open_->taken, frame.taken);
  open_->bytes += frame.bytes;
  bytes_ += frame.bytes;
  add_span(*open_, span);
  note_stream(span);
}

std::optional<Block> EventIndex::complete() {
  if (!open_ || open_->bytes < block_bytes_) return std::nullopt;
  complete_.push_back(*std::exchange(open_, std::nullopt));
  return complete_.back();
}

bool EventIndex::restore(Block block) {
  if (open_ || (!complete_.empty() && block.after != complete_.back().last_position)) return false;
  for (const StreamSpan& span : block.streams) note_stream(span);
  bytes_ += block.bytes;
  complete_.push_back(std::move(block));
  return true;
}

void EventIndex::trim_before(Timestamp time) {
  while (!complete_.empty() && complete_.front().taken < time) {
    bytes_ -= complete_.front().bytes;
    // What was known of a stream that has nothing younger goes too.
    for (const StreamSpan& span : complete_.front().streams) {
      const auto at = streams_.find(span.stream);
      if (at != streams_.end() && at->second.taken < time) streams_.erase(at);
    }
    complete_.pop_front();
  }
}

std::vector<Block> EventIndex::find(const std::vector<StreamId>& streams, Timestamp first, Timestamp last) const {
  std::vector<Block> found;
  const auto look = [&](const Block& block) {
    if (block.last < first || block.first > last || !holds_any(block, streams)) return;
    found.push_back({.after = block.after,
                     .first_position = block.first_position,
                     .last_position = block.last_position,
                     .first = block.first,
                     .last = block.last,
                     .taken = block.taken,
                     .bytes = block.bytes,
                     .streams = {}});
  };
  for (const Block& block : complete_) look(block);
  if (open_) look(*open_);
  return found;
}

std::optional<StreamTimes> EventIndex::times_of(StreamId stream) const {
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return std::nullopt;
  return at->second;
}

std::uint64_t EventIndex::last_position() const {
  if (open_) return open_->last_position;
  return complete_.empty() ? 0 : complete_.back().last_position;
}

}  // namespace penstock::logs
