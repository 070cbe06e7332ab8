#include "framelog/embedded/segment_sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/index_cache.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kWindowBytes = 1U << 20U;
constexpr std::uint32_t kNumberMax = std::numeric_limits<std::uint32_t>::max();

}  // namespace

SegmentSort::SegmentSort(os::FileSystem& files, std::string directory, const Segment& sealed, Options options)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      source_path_(sealed.path),
      index_bytes_(sealed.index_bytes),
      segment_(std::make_shared<Segment>()) {
  segment_->number = sealed.number;
  segment_->seed = sealed.seed;
  segment_->path = directory_ + "/" + sorted_segment_name(sealed.number);
  segment_->data_end = sealed.data_end;
  segment_->next_sequence = sealed.next_sequence;
  segment_->next_position = sealed.next_position;
  segment_->index = std::make_unique<SegmentIndex>();
  segment_->sorted = true;
}

SegmentSort::~SegmentSort() {
  if (out_ == nullptr || is_named_) return;
  static_cast<void>(files_.unlink(segment_->path + std::string(kSortingSuffix)));
}

bool SegmentSort::pays(std::uint64_t data_end, std::uint64_t index_bytes, std::uint64_t shard_count,
                       std::uint64_t gain_min) {
  const std::uint64_t data = data_end - kDataStart;
  std::uint64_t read = SegmentIndex::entry_count(index_bytes, shard_count) * kIndexChunkBytes;
  if (shard_count > 0) read = std::min(read, shard_count * data);
  return data > 0 && shard_count != 1 && read >= gain_min * data;
}

std::uint64_t SegmentSort::take_bytes_moved() {
  if (window_.has_value()) {
    const std::uint64_t read = window_->bytes_read();
    bytes_moved_ += read - std::exchange(bytes_read_noted_, read);
  }
  return std::exchange(bytes_moved_, 0);
}

void SegmentSort::refuse(std::uint64_t offset, std::string_view why) {
  state_ = State::unfit;
  reason_ = fmt::format("segment {} at offset {}: {}", source_path_, offset, why);
}

Result<SegmentSort::State> SegmentSort::step() {
  if (source_ == nullptr) PENSTOCK_TRY_VOID(begin());
  if (state_ == State::measuring) {
    PENSTOCK_TRY_VOID(measure_some());
  } else if (state_ == State::copying) {
    PENSTOCK_TRY_VOID(copy_some());
  }
  return state_;
}

/// A segment that a repair wrote may begin with something else than a mark: it stays as it is.
Result<void> SegmentSort::begin() {
  PENSTOCK_TRY(source_, files_.open(source_path_, os::OpenMode::read));
  window_.emplace(*source_, kWindowBytes);
  window_->want_until(segment_->data_end);
  PENSTOCK_TRY(const auto group, read_group(*window_, segment_->seed, kDataStart));
  if (!group.has_value() || group->header.kind != GroupKind::mark) {
    refuse(kDataStart, "it does not begin with a mark");
    return {};
  }
  mark_header_ = group->header;
  PENSTOCK_TRY(mark_, window_->view(kDataStart, group->end - kDataStart));
  cursor_ = {.at = group->end, .group_end = group->end, .frames_left = 0, .position = mark_header_.first_position};
  return {};
}

Result<bool> SegmentSort::next_group() {
  PENSTOCK_TRY(const auto bytes, window_->view(cursor_.at, kGroupHeaderBytes));
  const auto header = decode_group_header(segment_->seed, bytes);
  if (!header.has_value() || header->kind != GroupKind::frames || header->count == 0 ||
      header->first_position != cursor_.position || group_end(cursor_.at, *header) > segment_->data_end) {
    refuse(cursor_.at, header.has_value() ? "a group that is lost or out of place" : "no group header");
    return false;
  }
  cursor_.group_end = group_end(cursor_.at, *header);
  cursor_.frames_left = header->count;
  cursor_.at += kGroupHeaderBytes;
  return true;
}

Result<std::optional<FrameHeader>> SegmentSort::next_frame() {
  if (cursor_.frames_left == 0) {
    cursor_.at = cursor_.group_end;
    if (cursor_.at >= segment_->data_end) return std::nullopt;
    PENSTOCK_TRY(const bool is_good, next_group());
    if (!is_good) return std::nullopt;
  }
  PENSTOCK_TRY(const auto bytes, window_->view(cursor_.at, kFrameHeaderBytes));
  const auto frame = decode_frame_header(segment_->seed, bytes);
  if (!frame.has_value() || frame->lost || frame->position != cursor_.position ||
      frame->last_of_group != (cursor_.frames_left == 1) ||
      cursor_.at + frame_bytes(frame->length) > cursor_.group_end) {
    refuse(cursor_.at, frame.has_value() ? "a frame that is lost or out of place" : "frame header checksum");
    return std::nullopt;
  }
  return frame;
}

void SegmentSort::advance(const FrameHeader& header) {
  cursor_.at += frame_bytes(header.length);
  ++cursor_.position;
  --cursor_.frames_left;
}

Result<void> SegmentSort::measure_some() {
  const std::uint64_t began = cursor_.at;
  while (state_ == State::measuring && cursor_.at - began < options_.step_bytes) {
    PENSTOCK_TRY(const auto frame, next_frame());
    if (!frame.has_value()) {
      if (state_ == State::measuring) return lay_out();
      break;
    }
    Run& run = runs_[frame->shard];
    run.bytes += frame_bytes(frame->length);
    ++run.frames_left;
    advance(*frame);
  }
  return {};
}

/// All is counted: begins the new file. The frames need less than they do in groups, so that they fit.
Result<void> SegmentSort::lay_out() {
  if (runs_.empty() || !pays(segment_->data_end, index_bytes_, runs_.size(), options_.gain_min)) {
    state_ = State::unfit;
    return {};
  }
  const std::uint64_t group_at = kDataStart + mark_.size();
  std::uint64_t at = group_at + kGroupHeaderBytes;
  const std::uint64_t body_bytes = segment_->data_end - at;
  const std::uint64_t count = segment_->next_position - mark_header_.first_position;
  for (auto& [shard, run] : runs_) run.offset = std::exchange(at, at + run.bytes);
  if (cursor_.position != segment_->next_position || at > segment_->data_end ||
      std::max(body_bytes, count) > kNumberMax) {
    refuse(cursor_.at, "it ends elsewhere than its trailer says");
    return {};
  }
  const std::string path = segment_->path + std::string(kSortingSuffix);
  if (auto gone = files_.unlink(path); !gone.has_value() && gone.error().kind != ErrorKind::missing) return gone;
  PENSTOCK_TRY(out_, files_.open(path, os::OpenMode::create_new));
  std::string start = encode_segment_header(segment_->seed, segment_->number);
  start.resize(kDataStart, '\0');
  start += mark_;
  start.resize(start.size() + kGroupHeaderBytes, '\0');
  encode_group_header(segment_->seed,
                      {.sequence = segment_->next_sequence - 1,
                       .first_position = mark_header_.first_position,
                       .proven_segment = segment_->number,
                       .proven_end = group_at,
                       .body_bytes = static_cast<std::uint32_t>(body_bytes),
                       .count = static_cast<std::uint32_t>(count),
                       .kind = GroupKind::sorted},
                      start.data() + group_at);
  cursor_ = {.at = group_at, .group_end = group_at, .frames_left = 0, .position = mark_header_.first_position};
  state_ = State::copying;
  const std::array<std::string_view, 1> parts = {start};
  return write(parts, 0);
}

Result<void> SegmentSort::copy_some() {
  buffer_.reserve(options_.step_bytes);
  while (state_ == State::copying && buffer_.size() < options_.step_bytes) {
    PENSTOCK_TRY(const auto frame, next_frame());
    if (!frame.has_value()) {
      if (state_ == State::copying) return finish();
      return {};
    }
    const auto run = runs_.find(frame->shard);
    if (run == runs_.end() || run->second.frames_left == 0) {
      refuse(cursor_.at, "it reads otherwise than before");
      return {};
    }
    FrameHeader header = *frame;
    header.last_of_group = std::next(run) == runs_.end() && run->second.frames_left == 1;
    --run->second.frames_left;
    const std::uint64_t bytes = frame_bytes(header.length);
    if (bytes > std::min(options_.step_bytes, kWindowBytes)) {
      PENSTOCK_TRY_VOID(copy_in_pieces(header));
    } else {
      if (buffer_.size() + bytes > options_.step_bytes) PENSTOCK_TRY_VOID(write_held());
      PENSTOCK_TRY_VOID(hold(header));
    }
    advance(*frame);
  }
  return write_held();
}

Result<void> SegmentSort::hold(FrameHeader header) {
  PENSTOCK_TRY(const auto payload, window_->view(cursor_.at + kFrameHeaderBytes, header.length));
  if (payload.size() != header.length || crc32c(payload) != header.payload_crc) {
    refuse(cursor_.at, "frame checksum");
    return {};
  }
  const std::size_t begin = buffer_.size();
  held_.push_back({.shard = header.shard, .begin = static_cast<std::uint32_t>(begin)});
  buffer_.resize(begin + frame_bytes(header.length), '\0');
  encode_frame_header(segment_->seed, header, buffer_.data() + begin);
  payload.copy(buffer_.data() + begin + kFrameHeaderBytes, payload.size());
  return {};
}

/// A frame as large as the buffer. Its checksum is known only when it is written; if it is wrong the file is dropped.
Result<void> SegmentSort::copy_in_pieces(FrameHeader header) {
  PENSTOCK_TRY_VOID(write_held());
  Run& run = runs_[header.shard];
  std::string bytes(kFrameHeaderBytes, '\0');
  encode_frame_header(segment_->seed, header, bytes.data());
  const std::array<std::string_view, 1> first = {bytes};
  PENSTOCK_TRY_VOID(write(first, run.offset));
  std::uint32_t crc = 0;
  for (std::size_t done = 0; done < header.length;) {
    const std::uint64_t at = kFrameHeaderBytes + done;
    PENSTOCK_TRY(const auto piece,
                 window_->view(cursor_.at + at, std::min<std::size_t>(kWindowBytes, header.length - done)));
    if (piece.empty()) break;
    crc = crc32c(piece, crc);
    const std::array<std::string_view, 1> parts = {piece};
    PENSTOCK_TRY_VOID(write(parts, run.offset + at));
    done += piece.size();
  }
  if (crc != header.payload_crc) {
    refuse(cursor_.at, "frame checksum");
    return {};
  }
  segment_->index->add({.shard = ShardIndex(header.shard),
                        .position = Position(header.position),
                        .time = from_unix_ms(header.time_ms),
                        .offset = run.offset,
                        .length = header.length});
  run.offset += frame_bytes(header.length);
  return {};
}

Result<void> SegmentSort::write_held() {
  std::ranges::sort(held_);
  for (std::size_t begin = 0; begin < held_.size();) {
    PENSTOCK_TRY(begin, write_run(begin));
  }
  held_.clear();
  buffer_.clear();
  return {};
}

/// Writes the held frames of one shard; gives where the next shard's begin.
Result<std::size_t> SegmentSort::write_run(std::size_t begin) {
  Run& run = runs_[held_[begin].shard];
  std::vector<std::string_view> parts;
  std::size_t end = begin;
  std::uint64_t offset = run.offset;
  for (; end < held_.size() && held_[end].shard == held_[begin].shard; ++end) {
    const std::string_view bytes = std::string_view(buffer_).substr(held_[end].begin);
    const auto header = decode_frame_header(segment_->seed, bytes.substr(0, kFrameHeaderBytes));
    if (!header.has_value()) return fail(ErrorKind::corrupt, "a frame changed in memory");
    parts.push_back(bytes.substr(0, frame_bytes(header->length)));
    segment_->index->add({.shard = ShardIndex(header->shard),
                          .position = Position(header->position),
                          .time = from_unix_ms(header->time_ms),
                          .offset = offset,
                          .length = header->length});
    offset += parts.back().size();
  }
  PENSTOCK_TRY_VOID(write(parts, run.offset));
  run.offset = offset;
  return end;
}

Result<void> SegmentSort::write(std::span<const std::string_view> parts, std::uint64_t offset) {
  for (const std::string_view part : parts) bytes_moved_ += part.size();
  return out_->pwritev(parts, offset);
}

Result<void> SegmentSort::finish() {
  PENSTOCK_TRY_VOID(write_held());
  if (std::ranges::any_of(runs_, [](const auto& run) { return run.second.frames_left > 0; })) {
    refuse(cursor_.at, "it reads otherwise than before");
    return {};
  }
  PENSTOCK_TRY_VOID(seal_segment(*out_, *segment_));
  segment_->index_bytes = segment_->index->encoded_bytes();
  segment_->summary = summarize(*segment_->index);
  segment_->index = nullptr;
  bytes_moved_ += segment_->index_bytes;
  buffer_ = {};
  held_ = {};
  state_ = State::written;
  return {};
}

Result<void> SegmentSort::put_in_place() {
  PENSTOCK_TRY_VOID(files_.rename(segment_->path + std::string(kSortingSuffix), segment_->path));
  is_named_ = true;
  auto synced = files_.sync_directory(directory_);
  if (!synced.has_value()) static_cast<void>(files_.unlink(segment_->path));
  return synced;
}

std::shared_ptr<Segment> SegmentSort::take_segment() { return std::move(segment_); }

}  // namespace penstock::framelog
