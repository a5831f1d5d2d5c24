#include "destinations/event_hubs/hub_creation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::event_hubs {

Failure hub_missing(Refusal why, std::string_view code, std::string_view told, std::string_view hub) {
    Failure failure;
    failure.error_class = ErrorClass::missing_target;
    failure.code = code;
    failure.target = hub;
    switch (why) {
        case Refusal::none_asked:
            failure.message = fmt::format("the namespace has no event hub “{}”, and create_hubs is false", hub);
            failure.hint =
                "Create the event hub in the namespace, or use a namespace policy with Manage and create_hubs: true.";
            break;
        case Refusal::no_right:
            failure.message = fmt::format(
                "the namespace has no event hub “{}”, and the policy may not create it (no Manage): {}", hub, told);
            failure.hint =
                "Create the event hub by hand, or give a connection string of a namespace policy with the Manage claim "
                "(it is the permission that creating hubs takes).";
            break;
        case Refusal::no_room:
            failure.message =
                fmt::format("the namespace has no event hub “{}”, and would not create it: {}", hub, told);
            failure.hint =
                "Is the namespace's number of event hubs used up (10 on Basic and Standard), or are there more "
                "partitions than its tier allows? Create the hub by hand, or delete others.";
            break;
    }
    return failure;
}

void CreationPause::refused(std::shared_ptr<const Failure> why, Time now) {
    pause_ = std::clamp(pause_ * 2, kFirst, kLongest);
    not_before_ = now + pause_;
    refusal_ = std::move(why);
}

void CreationPause::cleared() {
    *this = CreationPause();
}

}  // namespace sluice::event_hubs
