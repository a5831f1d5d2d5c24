#include "destination/registry.hpp"

#include <utility>

#include "base/assert.hpp"
#include "destination/secret_files.hpp"

namespace sluice {

void DestinationRegistry::add(DestinationKind kind) {
    SLUICE_ASSERT(kind.check && kind.make, "a destination kind can check and make");
    // Whoever gives settings may name files for the secrets in them: no kind has to know.
    kind.check = [check = std::move(kind.check), paths = kind.secret_paths](const boost::json::object& settings,
                                                                            const DestinationContext& context) {
        auto whole = with_secret_files(settings, paths, context.operator_owned);
        return whole ? check(*whole, context) : Result<void>(whole.error());
    };
    kind.make = [make = std::move(kind.make), paths = kind.secret_paths](
                    const boost::json::object& settings,
                    const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
        auto whole = with_secret_files(settings, paths, context.operator_owned);
        if (!whole) return whole.error();
        return make(*whole, context);
    };
    auto type = kind.type;
    bool is_new = kinds_.emplace(type, std::move(kind)).second;
    SLUICE_ASSERT(is_new, "each destination kind is registered once");
}

const DestinationKind* DestinationRegistry::find(std::string_view type) const {
    auto found = kinds_.find(type);
    return found == kinds_.end() ? nullptr : &found->second;
}

std::vector<const DestinationKind*> DestinationRegistry::all() const {
    std::vector<const DestinationKind*> kinds;
    for (const auto& [type, kind] : kinds_) kinds.push_back(&kind);
    return kinds;
}

std::string DestinationRegistry::known_types() const {
    std::string names;
    for (const auto& [type, kind] : kinds_) {
        if (!names.empty()) names += ", ";
        names += type;
    }
    return names;
}

}  // namespace sluice
