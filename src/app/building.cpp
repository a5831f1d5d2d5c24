#include "app/building.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

struct SensorModel {
    std::string_view rec_type;
    std::string_view use;
    std::string_view maker;
    std::size_t per_building;
};

constexpr std::array<SensorModel, 6> kModels{{{"io.microshare.peoplecounter.unpacked", "People counting", "Terabee", 6},
                                              {"io.microshare.motion.unpacked", "Room occupancy", "Tektelic", 24},
                                              {"io.microshare.feedback.unpacked", "Feedback", "SKIPLY", 4},
                                              {"io.microshare.environment.unpacked", "Indoor climate", "ERS", 16},
                                              {"io.microshare.leak.unpacked", "Leak detection", "Elsys", 6},
                                              {"io.microshare.trap.unpacked", "Rodent monitoring", "Talpa", 4}}};

constexpr std::array<std::string_view, 5> kSites{"Dublin", "Philadelphia", "London", "Singapore", "Toronto"};
constexpr std::array<std::string_view, 8> kRooms{"Lobby",    "Boardroom", "Café",       "Open plan east",
                                                 "Washroom", "Kitchen",   "Plant room", "Loading dock"};
constexpr std::string_view kDeviceRecType = "io.microshare.device.registration";
constexpr std::string_view kHealthRecType = "io.microshare.device.health";

}  // namespace

Building::Building(Options options) : options_(options), random_(options.seed), now_(options.start) {
    for (std::size_t building = 0; building < options_.buildings; ++building)
        for (std::size_t kind = 0; kind < kSensorKinds; ++kind)
            for (std::size_t i = 0; i < kModels[kind].per_building; ++i)
                to_install_.emplace_back(static_cast<Sensor>(kind), building);
    std::shuffle(to_install_.begin(), to_install_.end(), random_);
}

Building::~Building() = default;

/// 0 at night, up to 1 in the middle of a working day.
double Building::busyness() const noexcept {
    auto day = std::chrono::floor<std::chrono::days>(now_);
    double hour = static_cast<double>((now_ - day).count()) / 3.6e6;
    std::chrono::weekday weekday{day};
    double people = std::max(0.0, std::sin((hour - 6.5) / 12.0 * 3.14159265358979));
    bool weekend = weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
    return people * (weekend ? 0.15 : 1.0);
}

Building::Device Building::make_device(Sensor sensor, std::size_t building) {
    Device device{};
    device.sensor = sensor;
    device.index = next_index_++;
    device.serial =
        fmt::format("{:08X}{:08X}", 0x70B3D500u + static_cast<unsigned>(sensor), static_cast<std::uint32_t>(random_()));
    device.building = building;
    device.floor = static_cast<int>(below(6));
    device.room = kRooms[below(kRooms.size())];
    device.value = 20.5 + unit() * 2;
    device.battery = 80 + unit() * 20;
    return device;
}

std::string Building::describe(const Device& device) const {
    const auto& model = kModels[static_cast<std::size_t>(device.sensor)];
    return fmt::format(
        R"("device":{{"id":"{}","maker":"{}","use":"{}","firmware":"1.{}"}},"location":{{"site":"{}","building":"B{}","floor":{},"room":"{}"}})",
        device.serial, model.maker, model.use, device.firmware, kSites[device.building % kSites.size()],
        device.building + 1, device.floor, device.room);
}

BuildingAction Building::device_created(const Device& device) {
    return {BuildingAction::Kind::create,
            BuildingAction::Path::device,
            std::string(kDeviceRecType),
            {std::string(kSites[device.building % kSites.size()])},
            fmt::format(R"({{{},"status":"active","installed":"{}"}})", describe(device), format_rfc3339(now_)),
            device.index};
}

BuildingAction Building::device_changed(Device& device) {
    if (below(2) == 0)
        ++device.firmware;
    else
        device.room = kRooms[below(kRooms.size())];
    auto action = device_created(device);
    action.kind = BuildingAction::Kind::update;
    return action;
}

BuildingAction Building::device_removed(std::size_t position) {
    Device gone = devices_[position];
    devices_[position] = devices_.back();
    devices_.pop_back();
    // Its successor is put up some time later.
    to_install_.emplace_back(gone.sensor, gone.building);
    return {
        BuildingAction::Kind::remove, BuildingAction::Path::device, std::string(kDeviceRecType), {}, {}, gone.index};
}

BuildingAction Building::health(Device& device) {
    device.battery = std::max(0.0, device.battery - unit() * 0.2);
    return {BuildingAction::Kind::create,
            BuildingAction::Path::device_health,
            std::string(kHealthRecType),
            {std::string(kSites[device.building % kSites.size()])},
            fmt::format(R"({{{},"battery":{:.1f},"rssi":{},"snr":{:.1f},"status":"{}","seen":"{}"}})", describe(device),
                        device.battery, -60 - static_cast<int>(below(55)), 10 - unit() * 14,
                        device.battery < 15 ? "battery low" : "online", format_rfc3339(now_)),
            device.index};
}

std::string Building::reading_json(Device& device) {
    switch (device.sensor) {
        case Sensor::people_counter: {
            auto in = below(1 + static_cast<std::uint64_t>(busyness() * 30));
            auto out = below(1 + static_cast<std::uint64_t>(busyness() * 30));
            device.counter += in;
            return fmt::format(R"("people":{{"in":{},"out":{},"total":{}}})", in, out, device.counter);
        }
        case Sensor::motion: {
            auto events = below(1 + static_cast<std::uint64_t>(busyness() * 40));
            device.counter += events;
            return fmt::format(R"("motion":{{"events":{},"total":{},"occupied":{}}})", events, device.counter,
                               events > 3);
        }
        case Sensor::feedback: {
            constexpr std::array<std::string_view, 4> kButtons{"very happy", "happy", "unhappy", "needs cleaning"};
            ++device.counter;
            auto button = below(4);
            return fmt::format(R"("feedback":{{"button":{},"meaning":"{}","presses":{}}})", 1 + button,
                               kButtons[button], device.counter);
        }
        case Sensor::climate: {
            device.value += (unit() - 0.5) * 0.4 + (21.5 - device.value) * 0.02;
            double co2 = 420 + busyness() * 600 * (0.5 + unit());
            return fmt::format(
                R"("environment":{{"temperature":{:.2f},"humidity":{:.1f},"co2":{:.0f},"light":{:.0f},"tvoc":{:.0f}}})",
                device.value, 35 + unit() * 20, co2, busyness() * 500 + unit() * 20, 50 + unit() * 200);
        }
        case Sensor::leak:
            device.alarm = device.alarm ? below(4) != 0 : below(200) == 0;
            return fmt::format(R"("leak":{{"detected":{},"resistance":{}}})", device.alarm,
                               device.alarm ? 1200 + below(800) : 1'000'000);
        case Sensor::rodent:
            device.alarm = below(60) == 0;
            if (device.alarm) ++device.counter;
            return fmt::format(R"("trap":{{"triggered":{},"catches":{},"armed":{}}})", device.alarm, device.counter,
                               !device.alarm);
    }
    return {};
}

BuildingAction Building::reading(Device& device) {
    const auto& model = kModels[static_cast<std::size_t>(device.sensor)];
    return {BuildingAction::Kind::create,
            BuildingAction::Path::share,
            std::string(model.rec_type),
            {std::string(kSites[device.building % kSites.size()]), "live"},
            fmt::format(R"({{{},{},"meta":{{"time":"{}","battery":{:.1f},"dataRate":"SF{}BW125"}}}})", describe(device),
                        reading_json(device), format_rfc3339(now_), device.battery, 7 + below(6)),
            device.index};
}

BuildingAction Building::next() {
    now_ += std::chrono::milliseconds(200 + below(4000) / std::max<std::size_t>(1, options_.buildings));
    // Devices are put up quickly at first, and one by one as others are taken down.
    bool installing = !to_install_.empty() && (devices_.empty() || below(devices_.size() < 8 ? 1 : 6) == 0);
    if (installing) {
        auto [sensor, building] = to_install_.back();
        to_install_.pop_back();
        devices_.push_back(make_device(sensor, building));
        return device_created(devices_.back());
    }
    std::size_t position = below(devices_.size());
    auto chance = below(1000);
    if (chance < 4 && devices_.size() > 4) return device_removed(position);
    if (chance < 20) return device_changed(devices_[position]);
    if (chance < 90) return health(devices_[position]);
    return reading(devices_[position]);
}

}  // namespace sluice::app
