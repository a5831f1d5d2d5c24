#include "control/replay_record.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice {

namespace {

std::uint64_t number(const boost::json::object& record, std::string_view name) {
    const auto* member = record.if_contains(name);
    if (member == nullptr) return 0;
    boost::system::error_code error;
    auto value = member->to_number<std::uint64_t>(error);
    return error ? 0 : value;
}

std::string text(const boost::json::object& record, std::string_view name) {
    const auto* member = record.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

std::string replay_record(const ReplayStatus& replay) {
    return boost::json::serialize(boost::json::object{{"id", replay.id},
                                                      {"from", replay.from.sequence},
                                                      {"to", replay.to.sequence},
                                                      {"position", replay.position.sequence},
                                                      {"delivered", replay.delivered},
                                                      {"refused", replay.refused},
                                                      {"running", replay.running},
                                                      {"ended", replay.ended}});
}

std::optional<ReplayStatus> parse_replay_record(std::string_view bytes) {
    boost::system::error_code error;
    auto value = boost::json::parse(boost::json::string_view(bytes.data(), bytes.size()), error);
    const auto* record = error ? nullptr : value.if_object();
    if (record == nullptr) return std::nullopt;
    ReplayStatus replay;
    replay.id = text(*record, "id");
    replay.from.sequence = number(*record, "from");
    replay.to.sequence = number(*record, "to");
    replay.position.sequence = number(*record, "position");
    replay.delivered = number(*record, "delivered");
    replay.refused = number(*record, "refused");
    replay.ended = text(*record, "ended");
    const auto* running = record->if_contains("running");
    if (running && running->is_bool() && running->get_bool())
        replay.ended = "Sluice ended without being stopped; what was sent after the last known position is not known";
    return replay;
}

}  // namespace sluice
