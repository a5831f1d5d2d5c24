#include "control/integration_record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice {
namespace {

constexpr std::string_view kOperatorMember = "_operator";
constexpr std::string_view kRevisionMember = "_revision";

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

std::string IntegrationRecord::org() const {
    return text_of(settings, "org");
}

std::string integration_record(IntegrationRecord record) {
    record.settings[kOperatorMember] = record.operator_owned;
    record.settings[kRevisionMember] = record.revision;
    return boost::json::serialize(record.settings);
}

Result<IntegrationRecord> parse_integration_record(std::string_view text) {
    boost::system::error_code error;
    auto value = boost::json::parse(text, error);
    if (error || !value.is_object()) return make_error(Errc::corrupt, "what is kept of it is not a JSON object");
    IntegrationRecord record;
    record.settings = std::move(value.get_object());
    const auto* by_operator = record.settings.if_contains(kOperatorMember);
    record.operator_owned = by_operator != nullptr && by_operator->is_bool() && by_operator->get_bool();
    record.revision = text_of(record.settings, kRevisionMember);
    // The order of what is left is the caller's.
    record.settings.stable_erase(kOperatorMember);
    record.settings.stable_erase(kRevisionMember);
    return record;
}

}  // namespace sluice
