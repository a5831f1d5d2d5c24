#include "destinations/file/factory.hpp"

#include "destination/settings_reader.hpp"
#include "destinations/file/config.hpp"
#include "destinations/file/destination.hpp"

namespace sluice {

DestinationKind file_kind() {
    DestinationKind kind;
    kind.type = "file";
    kind.check = [](const boost::json::object& settings, const DestinationContext& context) -> Result<void> {
        auto config = file_destination::parse_config(settings, context);
        if (!config) return config.error();
        return {};
    };
    // One pool, and one turn a path, for all file integrations; they live as long as the last of them.
    auto blocking = std::make_shared<BlockingPool>("file", 2);
    auto turns = std::make_shared<file_destination::PathTurns>();
    kind.make = [blocking, turns](const boost::json::object& settings,
                                  const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
        auto config = file_destination::parse_config(settings, context);
        if (!config) return config.error();
        return file_destination::make_destination(std::move(*config), blocking, turns);
    };
    kind.describe = [](const boost::json::object& settings) {
        SettingsReader reader(settings, "destination");
        std::vector<SettingsFact> facts;
        if (auto path = reader.text("path")) facts.push_back({"path", std::move(*path)});
        return facts;
    };
    return kind;
}

}  // namespace sluice
