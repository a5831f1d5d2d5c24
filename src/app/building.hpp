#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace sluice::app {

/// One thing that happens in a simulated building, as a call of the Share API.
struct BuildingAction {
    enum class Kind { create, update, remove };
    enum class Path { share, device, device_health };
    Kind kind = Kind::create;
    Path path = Path::share;
    std::string rec_type;
    std::vector<std::string> tags;
    std::string data;        ///< JSON object; empty for remove
    std::size_t device = 0;  ///< which device it is about: the caller remembers the id that its creation was given
};

/// A plausible building (or several): people counters, motion sensors, feedback buttons, climate, leak and rodent
/// sensors, their health reports, and devices being added, changed and removed. An endless sequence, the same for the
/// same seed. Not thread-safe.
class Building {
  public:
    struct Options {
        std::size_t buildings = 1;
        std::uint64_t seed = 1;
        /// Where the simulated time begins; it moves on by itself, quicker than the real one or not.
        Timestamp start = from_epoch_ms(1'767'596'400'000);  // Monday 2026-01-05 07:00 UTC
    };
    explicit Building(Options options);
    ~Building();

    BuildingAction next();
    Timestamp now() const noexcept { return now_; }

  private:
    enum class Sensor { people_counter, motion, feedback, climate, leak, rodent };
    static constexpr std::size_t kSensorKinds = 6;

    struct Device {
        Sensor sensor;
        std::size_t index;  ///< in the order of creation, never used again
        std::string serial;
        std::size_t building;
        int floor;
        std::string room;
        double battery = 100;
        std::uint64_t counter = 0;  ///< people passed, motions seen, catches
        double value = 0;           ///< the last temperature
        bool alarm = false;
        int firmware = 1;
    };

    Device make_device(Sensor sensor, std::size_t building);
    BuildingAction device_created(const Device& device);
    BuildingAction device_changed(Device& device);
    BuildingAction device_removed(std::size_t position);
    BuildingAction health(Device& device);
    BuildingAction reading(Device& device);
    std::string reading_json(Device& device);
    std::string describe(const Device& device) const;
    double busyness() const noexcept;

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    double unit() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }

    Options options_;
    std::mt19937_64 random_;
    Timestamp now_;
    std::vector<Device> devices_;
    std::vector<std::pair<Sensor, std::size_t>> to_install_;
    std::size_t next_index_ = 0;
};

}  // namespace sluice::app
