#include "cli/commands/simulate_multispeq.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace penstock::cli {
namespace {

constexpr std::string_view kFirmware = "2.345";
/// Share of the light that a leaf absorbs and that reaches photosystem II: the usual 0.45 of LEF = Phi2 * PAR * 0.45.
constexpr double kAbsorbed = 0.45;
/// Fv/Fm of a healthy dark-adapted leaf enters NPQt as 4.88 (Tietz et al. 2017, Plant, Cell and Environment 40).
constexpr double kNpqt = 4.88;
constexpr double kDetectorMax = 65'535;

/// 2026-11-23T06:05:12.345Z
std::string iso(Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

void append_number(std::string& list, double value) {
  if (!list.empty()) list += ',';
  list += fmt::format("{}", static_cast<long>(std::lround(std::clamp(value, 0.0, kDetectorMax))));
}

}  // namespace

/// The fluorescence levels of one leaf, in detector counts, and what follows from them.
struct Multispeq::Leaf {
  double f0_prime, fs, fm_prime, spad, temperature;
  [[nodiscard]] double phi2() const { return (fm_prime - fs) / fm_prime; }
  [[nodiscard]] double fv_fm() const { return (fm_prime - f0_prime) / fm_prime; }
  [[nodiscard]] double npqt() const { return std::max(0.0, kNpqt / (fm_prime / f0_prime - 1) - 1); }
  [[nodiscard]] double ql() const { return (fm_prime - fs) / (fm_prime - f0_prime) * f0_prime / fs; }
  [[nodiscard]] double phi_no() const { return std::min(1 - phi2(), 1 / (npqt() + 1 + ql() * kNpqt)); }
};

Multispeq::Multispeq(std::string experiment_id, std::uint64_t seed, std::uint64_t number)
    : random_(seed * 1'000'003 + number), experiment_id_(std::move(experiment_id)) {
  client_id_ = fmt::format("multispeq-{:04}", number);
  const auto id = random_.hex(4);
  device_id_ = fmt::format("{}:{}:{}:{}", id.substr(0, 2), id.substr(2, 2), id.substr(4, 2), id.substr(6, 2));
  topic_ = fmt::format("experiment/data_ingest/v1/{}/multispeq/v1.0/{}", experiment_id_, client_id_);
  // Plots of a field trial near Wageningen, some ten metres apart.
  latitude_ = 51.9869 + static_cast<double>(number % 40) * 0.0001;
  longitude_ = 5.6630 + static_cast<double>(number / 40) * 0.00015;
  battery_percent_ = uniform(60, 100);
  vigour_ = uniform(0.85, 1.1);
}

double Multispeq::uniform(double low, double high) {
  return low + (high - low) * static_cast<double>(random_.u64() >> 11U) * 0x1p-53;
}

/// Nearly normal: the sum of twelve uniforms.
double Multispeq::noise(double sigma) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform(0, 1);
  return sum * sigma;
}

/// Glasshouse lamps, and the sun of a June day with passing clouds above them; in umol m-2 s-1.
double Multispeq::light_at(Timestamp now) {
  const auto of_day = now - std::chrono::floor<std::chrono::days>(now);
  const double hour = std::chrono::duration<double, std::ratio<3600>>(of_day).count() + longitude_ / 15;
  const double sun = std::max(0.0, std::sin((hour - 5) / 16 * std::numbers::pi)) * 1500;
  const double clouds = 0.6 + 0.4 * std::sin(std::chrono::duration<double>(now.time_since_epoch()).count() / 97);
  return std::max(2.0, 180 + sun * clouds + noise(15));
}

Multispeq::Leaf Multispeq::look_at_leaf(double light) {
  Leaf leaf{};
  leaf.f0_prime = 4200 * (1 + noise(0.02));
  const double fv_fm = std::clamp(0.80 * vigour_ - 0.00009 * light + noise(0.01), 0.35, 0.83);
  leaf.fm_prime = leaf.f0_prime / (1 - fv_fm);
  // Open centres close as light grows; a saturating curve.
  const double open = std::clamp(vigour_ * 700 / (700 + light) + noise(0.02), 0.08, 0.97);
  leaf.fs = leaf.f0_prime + (leaf.fm_prime - leaf.f0_prime) * (1 - open);
  leaf.spad = std::clamp(42 * vigour_ + noise(2.5), 12.0, 70.0);
  return leaf;
}

/// The OJIP rise of a dark-adapted leaf: O, then J after 2 ms, I after 30 ms, P after some 300 ms; 40 points spaced
/// evenly in the logarithm of time.
std::string Multispeq::induction_trace(const Leaf& leaf) {
  constexpr std::array kStepsMs = {0.7, 11.0, 90.0};
  constexpr std::array kShares = {0.45, 0.30, 0.25};
  const double variable = leaf.f0_prime * 3.9;
  std::string out;
  for (int i = 0; i < 40; ++i) {
    const double at_ms = 0.02 * std::pow(10.0, i * 0.115);
    double rise = 0;
    for (std::size_t step = 0; step < kStepsMs.size(); ++step)
      rise += kShares[step] * (1 - std::exp(-at_ms / kStepsMs[step]));
    append_number(out, leaf.f0_prime + variable * rise + noise(25));
  }
  return out;
}

/// A PAM measurement: 20 pulses at steady state, 50 under a saturating flash, 20 after it in far-red light.
std::string Multispeq::pulse_trace(const Leaf& leaf) {
  std::string out;
  for (int i = 0; i < 20; ++i) append_number(out, leaf.fs + noise(30));
  for (int i = 0; i < 50; ++i)
    append_number(out, leaf.fm_prime - (leaf.fm_prime - leaf.fs) * std::exp(-i / 3.5) + noise(40));
  for (int i = 0; i < 20; ++i) {
    append_number(out, leaf.f0_prime + (leaf.fm_prime - leaf.f0_prime) * std::exp(-i / 4.0) + noise(30));
  }
  return out;
}

std::string Multispeq::measure(Timestamp now, Clip clip) {
  const double light = light_at(now);
  Leaf leaf = look_at_leaf(light);
  if (clip == Clip::open) leaf.fm_prime = kDetectorMax;
  const double air = 18 + 0.006 * light + noise(0.3);
  battery_percent_ = std::max(5.0, battery_percent_ - 0.01);
  ++count_;
  std::string out;
  out.reserve(2048);
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 R"({{"device_name":"MultispeQ","device_version":"2","device_id":"{}","device_battery":{:.0f},)"
                 R"("device_firmware":"{}","experiment_id":"{}","measurement":{},"timestamp":"{}",)",
                 device_id_, battery_percent_, kFirmware, experiment_id_, count_, iso(now));
  fmt::format_to(to, R"("location":{{"latitude":{:.6f},"longitude":{:.6f},"altitude":{:.1f}}},)",
                 latitude_ + noise(0.000004), longitude_ + noise(0.000006), 9 + noise(0.4));
  fmt::format_to(to, R"("sample":[{{"protocol_id":"rides-2.0","time":{},"light_intensity":{:.1f},)", to_unix_ms(now),
                 light);
  fmt::format_to(
      to,
      R"("ambient_temperature":{:.2f},"leaf_temperature":{:.2f},"ambient_humidity":{:.1f},"ambient_pressure":{:.2f},)",
      air, air - 1.5 + 0.001 * light + noise(0.2), std::clamp(72 - 0.02 * light + noise(1), 15.0, 99.0),
      1013.2 + noise(0.5));
  fmt::format_to(to, R"("leaf_thickness":{:.2f},"leaf_angle":{:.1f},"compass_direction":{:.0f},)", 0.31 + noise(0.03),
                 std::abs(noise(12)), uniform(0, 360));
  fmt::format_to(to, R"("SPAD":{:.2f},"Phi2":{:.4f},"PhiNO":{:.4f},"PhiNPQ":{:.4f},"NPQt":{:.3f},"qL":{:.4f},)",
                 leaf.spad, leaf.phi2(), leaf.phi_no(), std::max(0.0, 1 - leaf.phi2() - leaf.phi_no()), leaf.npqt(),
                 leaf.ql());
  fmt::format_to(to, R"("FvP_over_FmP":{:.4f},"LEF":{:.3f},"Fs":{:.0f},"FmPrime":{:.0f},"FoPrime":{:.0f},)",
                 leaf.fv_fm(), leaf.phi2() * light * kAbsorbed, leaf.fs, leaf.fm_prime, leaf.f0_prime);
  fmt::format_to(to, R"("set":[{{"label":"OJIP","protocol_id":"ojip","data_raw":[{}]}},)", induction_trace(leaf));
  fmt::format_to(to, R"({{"label":"PAM","protocol_id":"pam","data_raw":[{}]}}]}}]}})", pulse_trace(leaf));
  return out;
}

}  // namespace penstock::cli
