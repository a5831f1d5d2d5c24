#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "alerts/alert_directory.hpp"
#include "control/key_source.hpp"
#include "control/memory_control_store.hpp"
#include "control/sealed_records.hpp"

// What a directory of alerts is made from in tests.
namespace sluice {

/// What the webhook connector says of its secrets, as `app` registers it.
inline DestinationRegistry webhook_registry() {
    static constexpr std::string_view kSecretPaths[] = {"secret", "headers"};
    DestinationKind kind;
    kind.type = "webhook";
    kind.secret_paths = kSecretPaths;
    kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
    kind.make = [](const boost::json::object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
        return make_error(Errc::unsupported, "only its settings are of interest here");
    };
    DestinationRegistry registry;
    registry.add(std::move(kind));
    return registry;
}

inline std::unique_ptr<SealedRecords> sealed_for_test(ControlStore& store) {
    return SealedRecords::open(store, key_of_environment(Secret(std::string(64, 'a')))).value();
}

inline Principal tenant_for_test(const std::string& org = "com.acme") {
    Principal caller;
    caller.org = org;
    return caller;
}

inline Principal operator_for_test() {
    Principal caller;
    caller.org = "default";
    caller.is_operator = true;
    return caller;
}

}  // namespace sluice
