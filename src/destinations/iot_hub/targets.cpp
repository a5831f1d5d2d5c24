#include "destinations/iot_hub/targets.hpp"

#include <fmt/format.h>

#include "destinations/iot_hub/request.hpp"

namespace sluice::iot_hub {

Result<void> append_target(const Config& config, const Event& event, std::string& out) {
    auto device = config.device_for(event->rec_type);
    if (!device) {
        return make_error(Errc::not_found, fmt::format("no device takes the recType {}", event->rec_type),
                          "add a pattern for it to devices, or a connection_string for what no pattern matches");
    }
    if (auto fine = check_properties(config, event); !fine) return fine;
    out += config.device_names[*device];
    return {};
}

std::shared_ptr<const Failure> unsendable_message(const Error& error, std::string_view target) {
    auto error_class = error.code == Errc::too_large ? ErrorClass::too_large : ErrorClass::rejected;
    return std::make_shared<const Failure>(
        Failure{error_class, "invalid_properties", error.message, std::string(target), error.hint, std::nullopt});
}

std::shared_ptr<const Failure> unknown_target(std::string_view target) {
    return std::make_shared<const Failure>(Failure{
        ErrorClass::rejected, "unknown_device", fmt::format("there is no device {} in the settings any more", target),
        std::string(target), "redeliver it under the present settings", std::nullopt});
}

Verdict too_late(std::string_view target) {
    return Verdict::retry(
        std::make_shared<const Failure>(Failure{ErrorClass::transient, "timeout", "no time was left to send",
                                                std::string(target), "it is tried again by itself", std::nullopt}),
        false);
}

}  // namespace sluice::iot_hub
