#include "control/secrets_json.hpp"

#include <boost/json/array.hpp>

namespace sluice {
namespace {

boost::json::array names(const std::vector<std::string>& all) {
    boost::json::array out;
    for (const auto& each : all) out.push_back(boost::json::string(each));
    return out;
}

boost::json::value or_null(const std::optional<std::string>& text) {
    return text ? boost::json::value(boost::json::string(*text)) : boost::json::value(nullptr);
}

}  // namespace

boost::json::object to_json(const SealedRecords::Status& status) {
    boost::json::object records;
    std::size_t total = 0, waiting = 0;
    for (const auto& [key, count] : status.records) {
        records[key.empty() ? "unnamed" : key] = count;
        total += count;
        waiting += key == status.keys.front() ? 0 : count;
    }
    return {{"source", status.source},           {"key", status.keys.front()},
            {"keys", names(status.keys)},        {"records", total},
            {"by_key", std::move(records)},      {"not_under_key", waiting},
            {"warning", or_null(status.warning)}};
}

boost::json::object to_json(const SealedRecords::Rotation& rotation) {
    return {
        {"key", rotation.key},          {"resealed", rotation.resealed},      {"resumed", rotation.resumed},
        {"kept", names(rotation.kept)}, {"dropped", names(rotation.dropped)}, {"warning", or_null(rotation.warning)}};
}

}  // namespace sluice
