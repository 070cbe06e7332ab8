#pragma once
/// A plant under a MultispeQ: makes the measurements that the instrument would send. The traces have the shapes of the
/// real ones, and the parameters are computed from the traces by the formulas that photosynthesis research uses, so
/// that an analysis of the stream finds what it expects. Threads: one at a time. Pure but for the Random given.

#include <cstdint>
#include <string>

#include "core/clock.h"
#include "core/random.h"

namespace penstock::cli {

class Multispeq {
 public:
  /// `number` tells the devices of a fleet apart; the same seed and number give the same device.
  Multispeq(std::string experiment_id, std::uint64_t seed, std::uint64_t number);

  /// "multispeq-0007"
  [[nodiscard]] const std::string& client_id() const { return client_id_; }
  /// experiment/data_ingest/v1/{experiment}/multispeq/v1.0/{sensor id}
  [[nodiscard]] const std::string& topic() const { return topic_; }

  /// With an open clip, daylight saturates the detector: what is computed from it makes no sense.
  enum class Clip : std::uint8_t { closed, open };
  /// One measurement as JSON, about 2 KB.
  [[nodiscard]] std::string measure(Timestamp now, Clip clip = Clip::closed);

 private:
  struct Leaf;
  [[nodiscard]] double uniform(double low, double high);
  [[nodiscard]] double noise(double sigma);
  [[nodiscard]] double light_at(Timestamp now);
  [[nodiscard]] Leaf look_at_leaf(double light);
  [[nodiscard]] std::string induction_trace(const Leaf& leaf);
  [[nodiscard]] std::string pulse_trace(const Leaf& leaf);

  SeededRandom random_;
  std::string experiment_id_;
  std::string client_id_;
  std::string device_id_;
  std::string topic_;
  double latitude_;
  double longitude_;
  double battery_percent_;
  double vigour_;  ///< of this plot's plants, around 1
  std::uint64_t count_ = 0;
};

}  // namespace penstock::cli
