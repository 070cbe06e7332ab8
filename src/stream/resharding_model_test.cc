// Random splits, merges, scalings, restarts and puts against a model that knows ranges and records only.
#include <gmock/gmock.h>

#include "stream/stream_fixture.h"

namespace penstock::stream {
namespace {

struct ModelShard {
  HashKey last = kHashKeyMax;
  std::uint32_t index = 0;
};

class ReshardingModel : public StreamFixture {
 protected:
  using Open = std::map<HashKey, ModelShard>;  // by the first key

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return chance_->below(bound); }
  [[nodiscard]] HashKey any_key() { return HashKey{chance_->u64()} << 64U | chance_->u64(); }
  [[nodiscard]] Open::iterator any_shard() {
    return std::next(open_.begin(), static_cast<std::ptrdiff_t>(below(open_.size())));
  }
  static std::string id(std::uint32_t index) { return format_shard_id(ShardIndex{index}); }

  void begin(std::uint64_t seed) {
    chance_ = std::make_unique<SeededRandom>(seed);
    open_ = {{0, {}}};
    next_index_ = 1;
    by_shard_.clear();
    by_key_.clear();
    create("s");
  }

  void split() {
    const auto lower = any_shard();
    const auto [first, shard] = *lower;
    const HashKey width = shard.last - first;
    // A key now and then that AWS refuses: the shard's ends, and what lies outside.
    const HashKey at = below(4) == 0 ? any_key() : first + (width == 0 ? 0 : any_key() % width);
    const bool allowed = at > first && at - first > 1 && at < shard.last;
    const auto done = run_sync(streams_->split("s", id(shard.index), format_hash_key(at)));
    ASSERT_EQ(done.has_value(), allowed);
    if (!allowed) {
      EXPECT_EQ(done.error().kind, ErrorKind::invalid);
      return;
    }
    lower->second = {.last = at - 1, .index = next_index_++};
    open_[at] = {.last = shard.last, .index = next_index_++};
    closed_.push_back(shard.index);
  }

  void merge() {
    const auto a = any_shard();
    const auto b = below(3) == 0 || std::next(a) == open_.end() ? any_shard() : std::next(a);
    const ModelShard lower = a->second;
    const ModelShard upper = b->second;
    const bool allowed = std::next(a) == b;
    const auto done = run_sync(streams_->merge("s", id(lower.index), id(upper.index)));
    ASSERT_EQ(done.has_value(), allowed);
    if (!allowed) return;
    a->second = {.last = upper.last, .index = next_index_++};
    open_.erase(b);
    closed_.push_back(lower.index);
    closed_.push_back(upper.index);
  }

  void scale() {
    const auto target = static_cast<std::uint32_t>(1 + below(open_.size() * 3));
    const bool allowed = target <= open_.size() * 2 && target * 2 >= open_.size();
    const auto done = run_sync(streams_->scale("s", target));
    ASSERT_EQ(done.has_value(), allowed);
    if (!allowed) return;
    open_.clear();
    const auto info = streams_->find("s")->info;
    for (std::uint32_t i = 0; i < target; ++i) {
      const HashKey first = uniform_range_start(i, target);
      const HashKey last = i + 1 == target ? kHashKeyMax : uniform_range_start(i + 1, target) - 1;
      open_[first] = {.last = last, .index = info->route(first).index.get()};
    }
    next_index_ = info->next_shard_index;
  }

  void touch_closed_shard() {
    if (closed_.empty()) return;
    const std::string shard = id(closed_[below(closed_.size())]);
    EXPECT_EQ(run_sync(streams_->split("s", shard, format_hash_key(any_key()))).error().kind, ErrorKind::invalid);
    EXPECT_EQ(run_sync(streams_->merge("s", shard, id(open_.begin()->second.index))).error().kind, ErrorKind::invalid);
  }

  void put_some() {
    std::vector<PutEntry> entries;
    std::vector<std::uint32_t> wanted;
    for (std::uint64_t i = below(8); i < 8; ++i) {
      const std::string key = "key" + std::to_string(below(12));
      const std::string data = std::to_string(sent_++);
      const std::uint32_t shard = std::prev(open_.upper_bound(hash_partition_key(key)))->second.index;
      wanted.push_back(shard);
      by_shard_[shard].push_back(data);
      by_key_[key].push_back(data);
      entries.push_back({.partition_key = key, .data = data});
    }
    const PutOutcomes outcomes = put("s", entries);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_TRUE(outcomes[i].has_value());
      EXPECT_EQ(outcomes[i]->shard_id, id(wanted[i]));
    }
  }

  void expect_same_shards() {
    const auto info = streams_->find("s")->info;
    EXPECT_EQ(info->next_shard_index, next_index_);
    ASSERT_EQ(info->open_shard_count(), open_.size());
    for (const auto& [first, shard] : open_) {
      const Shard* real = info->shard(ShardIndex{shard.index});
      ASSERT_TRUE(real != nullptr && real->is_open());
      EXPECT_TRUE(real->range.first == first && real->range.last == shard.last);
    }
    for (const Shard& shard : info->shards) {
      for (const auto& parent : {shard.parent, shard.adjacent_parent}) {
        if (!parent) continue;
        EXPECT_FALSE(info->shard(*parent)->is_open());
        EXPECT_LT(ending_sequence_number(*info->shard(*parent)), starting_sequence_number(shard));
      }
    }
  }

  /// Every record once, in the order of its shard; and each key's in the order of the puts, parents before children
  /// (a child's index is always greater).
  void expect_same_records() {
    std::map<std::string, std::vector<std::string>> seen_by_key;
    const auto info = streams_->find("s")->info;
    for (const Shard& shard : info->shards) {
      std::vector<std::string> seen;
      auto at = iterator("s", format_shard_id(shard.index));
      while (at.has_value()) {
        const RecordPage page = read(*at, 5);
        for (const ReadRecord& record : page.records) {
          seen.emplace_back(record.data);
          seen_by_key[std::string(record.partition_key)].emplace_back(record.data);
        }
        EXPECT_TRUE(page.next.has_value() || !shard.is_open()) << "an open shard has no end";
        EXPECT_EQ(page.next.has_value(), page.children.empty());
        if (!page.next || (shard.is_open() && page.millis_behind_latest == 0)) break;
        at = *page.next;
      }
      EXPECT_EQ(seen, by_shard_[shard.index.get()]) << format_shard_id(shard.index);
    }
    EXPECT_EQ(seen_by_key, by_key_);
  }

  std::unique_ptr<SeededRandom> chance_;
  Open open_;
  std::uint32_t next_index_ = 0;
  std::vector<std::uint32_t> closed_;
  std::map<std::uint32_t, std::vector<std::string>> by_shard_;
  std::map<std::string, std::vector<std::string>> by_key_;
  int sent_ = 0;
};

TEST_F(ReshardingModel, RandomSplitsMergesScalingsAndPutsAgreeWithAModel) {
  settings_.limits.scalings_per_day.choice = Limit::Choice::off;
  reopen();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    closed_.clear();
    begin(seed);
    for (int step = 0; step < 120 && !HasFatalFailure(); ++step) {
      switch (below(10)) {
        case 0:
        case 1:
        case 2: split(); break;
        case 3:
        case 4: merge(); break;
        case 5: scale(); break;
        case 6: touch_closed_shard(); break;
        case 7: reopen(); break;
        default: put_some(); break;
      }
      clock_.advance(std::chrono::milliseconds(below(50)));
      expect_same_shards();
    }
    expect_same_records();
    run_sync(streams_->remove("s")).value();
  }
}

}  // namespace
}  // namespace penstock::stream
