#include "control/settings_change.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace sluice {

namespace {

using boost::json::object;
using boost::json::value;

/// Members of a destination that say where it is reached: its host, or what its host follows from.
constexpr std::string_view kHostMembers[] = {"endpoint", "url", "queue_url", "proxy", "region", "stream_arn"};
/// What an answer has beside the settings: sent back, it is not a setting.
constexpr std::string_view kAnswerMembers[] = {"source", "state", "reason", "stats", "replay"};

std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

bool is_redacted(const value& of) {
    return of.is_string() && view_of(of.get_string()) == kRedacted;
}

const value* find_path(const object& in, std::string_view path) {
    auto dot = path.find('.');
    const value* member = in.if_contains(path.substr(0, dot));
    if (member == nullptr || dot == std::string_view::npos) return member;
    return member->is_object() ? find_path(member->get_object(), path.substr(dot + 1)) : nullptr;
}

object* find_object(object& in, std::string_view path) {
    if (path.empty()) return &in;
    auto dot = path.find('.');
    value* member = in.if_contains(path.substr(0, dot));
    if (member == nullptr || !member->is_object()) return nullptr;
    return dot == std::string_view::npos ? &member->get_object()
                                         : find_object(member->get_object(), path.substr(dot + 1));
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
    auto dot = path.rfind('.');
    if (dot == std::string_view::npos) return {{}, path};
    return {path.substr(0, dot), path.substr(dot + 1)};
}

void redact_path(object& in, std::string_view path) {
    auto [parent, name] = split_path(path);
    object* holder = find_object(in, parent);
    if (value* member = holder ? holder->if_contains(name) : nullptr) *member = boost::json::string(kRedacted);
}

const object* destination_of(const object& settings) {
    const value* destination = settings.if_contains("destination");
    return destination ? destination->if_object() : nullptr;
}

const DestinationKind* kind_of(const object* destination, const DestinationRegistry& registry) {
    const value* type = destination ? destination->if_contains("type") : nullptr;
    return type && type->is_string() ? registry.find(view_of(type->get_string())) : nullptr;
}

/// Scheme, host and port of a URL; another text as it is.
std::string authority_of(const value& member) {
    if (!member.is_string()) return member.is_object() || member.is_array() ? "?" : std::string();
    std::string text(view_of(member.get_string()));
    auto scheme = text.find("://");
    if (scheme != std::string::npos) text.resize(std::min(text.find_first_of("/?#", scheme + 3), text.size()));
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// The member by which the two are reached elsewhere; empty when they are not.
std::string_view changed_host(const object& before, const object& after) {
    auto text = [](const object& in, std::string_view name) {
        const value* member = in.if_contains(name);
        return member ? authority_of(*member) : std::string();
    };
    for (std::string_view name : kHostMembers)
        if (text(before, name) != text(after, name)) return name;
    return {};
}

bool any_given_in(const object& destination, std::string_view parent, const DestinationKind& kind) {
    return std::any_of(kind.secret_paths.begin(), kind.secret_paths.end(), [&](std::string_view path) {
        const value* member = split_path(path).first == parent ? find_path(destination, path) : nullptr;
        return member && !is_redacted(*member);
    });
}

/// Whether `given` is of the same form as `kept`: keys by id are not completed with what a pasted CSV had.
bool is_same_form(const object& given, const object& kept) {
    return std::all_of(given.begin(), given.end(), [&](const auto& member) { return kept.contains(member.key()); });
}

/// Takes over from `kept` what `given` omits or has redacted; the paths taken over.
std::vector<std::string_view> carry(const object& kept, object& given, const DestinationKind& kind) {
    std::vector<std::string_view> carried;
    const object as_given = given;
    for (std::string_view path : kind.secret_paths) {
        const value* before = find_path(kept, path);
        if (before == nullptr) continue;
        auto [parent, name] = split_path(path);
        if (const value* now = find_path(given, path); now && !is_redacted(*now)) continue;
        object* holder = find_object(given, parent);
        if (holder == nullptr && find_path(given, parent) == nullptr) {
            // The whole of `credentials` was left out.
            auto [grandparent, parent_name] = split_path(parent);
            object* above = find_object(given, grandparent);
            if (above == nullptr) continue;
            (*above)[parent_name] = *find_path(kept, parent);
            for (std::string_view each : kind.secret_paths)
                if (each.starts_with(std::string(parent) + ".") && find_path(kept, each)) carried.push_back(each);
            continue;
        }
        if (holder == nullptr) continue;
        bool redacted = holder->contains(name);
        if (!redacted && !parent.empty()) {
            const object& form = find_path(as_given, parent)->get_object();
            if (any_given_in(as_given, parent, kind) || !is_same_form(form, find_path(kept, parent)->get_object()))
                continue;
        }
        (*holder)[name] = *before;
        carried.push_back(path);
    }
    return carried;
}

Result<void> check_carried(const std::vector<std::string_view>& carried, std::string_view changed) {
    if (carried.empty() || changed.empty()) return {};
    std::vector<std::string_view> names = carried;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return make_error(Errc::invalid_argument,
                      fmt::format("destination.{} must be given again, since destination.{} changed",
                                  fmt::join(names, ", destination."), changed),
                      "a kept secret goes only to the host it was given for");
}

Result<void> check_nothing_redacted(const object& destination, const DestinationKind& kind) {
    for (std::string_view path : kind.secret_paths) {
        const value* member = find_path(destination, path);
        if (member && is_redacted(*member))
            return make_error(Errc::invalid_argument,
                              fmt::format("destination.{} is \"{}\", and there is none to keep", path, kRedacted),
                              "give the secret itself");
    }
    return {};
}

void remove_answer_members(object& settings) {
    for (std::string_view name : kAnswerMembers) settings.stable_erase(name);
}

}  // namespace

object redact_settings(const object& settings, const DestinationRegistry& registry) {
    object out = settings;
    const DestinationKind* kind = kind_of(destination_of(out), registry);
    if (kind == nullptr) return out;
    for (std::string_view path : kind->secret_paths) redact_path(out["destination"].get_object(), path);
    return out;
}

object merge_patch(object target, const object& patch) {
    for (const auto& [name, change] : patch) {
        if (change.is_null()) {
            target.stable_erase(name);
        } else if (const object* inner = change.if_object()) {
            value* before = target.if_contains(name);
            object from = before && before->is_object() ? before->get_object() : object();
            target[name] = merge_patch(std::move(from), *inner);
        } else {
            target[name] = change;
        }
    }
    return target;
}

Result<object> replaced_settings(const object& kept, object given, const DestinationRegistry& registry) {
    remove_answer_members(given);
    const object* before = destination_of(kept);
    const DestinationKind* kind = kind_of(destination_of(given), registry);
    if (kind == nullptr || before == nullptr) return given;  // what is wrong with it is told when it is parsed
    object& after = given["destination"].get_object();
    if (kind_of(before, registry) == kind) {
        std::vector<std::string_view> carried = carry(*before, after, *kind);
        if (auto checked = check_carried(carried, changed_host(*before, after)); !checked) return checked.error();
    }
    if (auto checked = check_nothing_redacted(after, *kind); !checked) return checked.error();
    return given;
}

Result<object> patched_settings(const object& kept, object patch, const DestinationRegistry& registry) {
    remove_answer_members(patch);
    const object* before = destination_of(kept);
    object merged = merge_patch(kept, patch);
    const DestinationKind* kind = kind_of(destination_of(merged), registry);
    if (kind == nullptr || before == nullptr) return merged;
    object& after = merged["destination"].get_object();
    bool same_kind = kind_of(before, registry) == kind;
    const object* touched = destination_of(patch);
    std::vector<std::string_view> carried;
    for (std::string_view path : kind->secret_paths) {
        const value* given = touched ? find_path(*touched, path) : nullptr;
        if (given && is_redacted(*given)) {
            auto [parent, name] = split_path(path);
            const value* secret = same_kind ? find_path(*before, path) : nullptr;
            if (secret) (*find_object(after, parent))[name] = *secret;
            given = nullptr;
        }
        if (!given && find_path(after, path)) carried.push_back(path);
    }
    std::string_view changed = same_kind ? changed_host(*before, after) : std::string_view("type");
    if (auto checked = check_carried(carried, changed); !checked) return checked.error();
    if (auto checked = check_nothing_redacted(after, *kind); !checked) return checked.error();
    return merged;
}

}  // namespace sluice
