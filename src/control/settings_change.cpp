#include "control/settings_change.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <vector>

namespace sluice {

namespace {

using boost::json::object;
using boost::json::value;

/// Members of a destination that say where it, or whoever gives it tokens, is reached: the host, or what the host
/// follows from. One of `credentials` counts where those are an object.
constexpr std::string_view kHostMembers[] = {"endpoint",
                                             "url",
                                             "queue_url",
                                             "proxy",
                                             "region",
                                             "stream_arn",
                                             "namespace",
                                             "credentials.authority",
                                             "credentials.token_uri"};
/// What an answer has beside the settings: sent back, it is not a setting.
constexpr std::string_view kAnswerMembers[] = {"source", "state", "reason", "stats", "replay", "warning"};

std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

bool is_redacted(const value& of) {
    return of.is_string() && view_of(of.get_string()) == kRedacted;
}

/// A member's place in a destination: names from the outside in. A name may have dots (a recType pattern).
using Path = std::vector<std::string>;
using PathView = std::span<const std::string>;

struct SecretPath {
    Path path;
    bool one_of_many = false;  ///< stood as `*` in the kind's list: leaving it out removes it
};

PathView parent_of(const Path& path) {
    return PathView(path).first(path.size() - 1);
}

const value* find_path(const object& in, PathView path) {
    const value* member = in.if_contains(path.front());
    if (member == nullptr || path.size() == 1) return member;
    return member->is_object() ? find_path(member->get_object(), path.subspan(1)) : nullptr;
}

object* find_object(object& in, PathView path) {
    if (path.empty()) return &in;
    value* member = in.if_contains(path.front());
    return member && member->is_object() ? find_object(member->get_object(), path.subspan(1)) : nullptr;
}

const object* find_object(const object& in, PathView path) {
    if (path.empty()) return &in;
    const value* member = find_path(in, path);
    return member ? member->if_object() : nullptr;
}

void add_paths(std::vector<SecretPath>& out, const object& in, std::string_view pattern, SecretPath so_far) {
    auto dot = pattern.find('.');
    std::string_view name = pattern.substr(0, dot);
    bool last = dot == std::string_view::npos;
    auto go_on = [&](std::string_view member, const value* of) {
        SecretPath next = so_far;
        next.path.emplace_back(member);
        next.one_of_many |= name == "*";
        if (last) {
            out.push_back(std::move(next));
        } else if (of && of->is_object()) {
            add_paths(out, of->get_object(), pattern.substr(dot + 1), std::move(next));
        }
    };
    if (name == "*") {
        for (const auto& member : in) go_on({member.key().data(), member.key().size()}, &member.value());
    } else if (const value* member = in.if_contains(name)) {
        go_on(name, member);
    }
}

/// Where `in` has secrets, by its kind's list.
std::vector<SecretPath> secrets_of(const object& in, const DestinationKind& kind) {
    std::vector<SecretPath> all;
    for (std::string_view pattern : kind.secret_paths) add_paths(all, in, pattern, {});
    return all;
}

std::string name_of(const Path& path) {
    return fmt::format("{}", fmt::join(path, "."));
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
        auto dot = name.find('.');
        const object* holder = &in;
        if (dot != std::string_view::npos) {
            const value* outer = in.if_contains(name.substr(0, dot));
            holder = outer ? outer->if_object() : nullptr;
        }
        const value* member =
            holder ? holder->if_contains(name.substr(dot == std::string_view::npos ? 0 : dot + 1)) : nullptr;
        return member ? authority_of(*member) : std::string();
    };
    for (std::string_view name : kHostMembers)
        if (text(before, name) != text(after, name)) return name;
    return {};
}

bool any_given_in(const object& destination, PathView parent, const DestinationKind& kind) {
    auto secrets = secrets_of(destination, kind);
    return std::any_of(secrets.begin(), secrets.end(), [&](const SecretPath& each) {
        PathView its = parent_of(each.path);
        return std::equal(its.begin(), its.end(), parent.begin(), parent.end()) &&
               !is_redacted(*find_path(destination, each.path));
    });
}

/// Whether `given` is of the same form as `kept`: keys by id are not completed with what a pasted CSV had.
bool is_same_form(const object& given, const object& kept) {
    return std::all_of(given.begin(), given.end(), [&](const auto& member) { return kept.contains(member.key()); });
}

/// Whether a secret that `given` does not name at all is kept.
bool keeps_omitted(const object& kept, const object& given, const SecretPath& secret, const DestinationKind& kind) {
    PathView parent = parent_of(secret.path);
    if (parent.empty()) return true;
    const object* holder = find_object(given, parent);
    if (holder == nullptr || secret.one_of_many) return false;
    return !any_given_in(given, parent, kind) && is_same_form(*holder, *find_object(kept, parent));
}

/// The outermost member on the way to a secret that `given` leaves out, and that holds it; empty when there is none.
PathView left_out(const object& given, const Path& path) {
    for (std::size_t depth = 1; depth < path.size(); ++depth)
        if (find_path(given, PathView(path).first(depth)) == nullptr) return PathView(path).first(depth);
    return {};
}

/// Takes over from `kept` what `given` omits or has redacted; the paths taken over.
std::vector<std::string> carry(const object& kept, object& given, const DestinationKind& kind) {
    std::vector<std::string> carried;
    const object as_given = given;
    for (const SecretPath& secret : secrets_of(kept, kind)) {
        const value* now = find_path(as_given, secret.path);
        if (now && !is_redacted(*now)) continue;
        if (PathView whole = left_out(as_given, secret.path); !whole.empty()) {
            // All of `credentials`, say, was left out.
            object* above = find_object(given, whole.first(whole.size() - 1));
            if (above == nullptr) continue;
            (*above)[whole.back()] = *find_path(kept, whole);
        } else if (now || keeps_omitted(kept, as_given, secret, kind)) {
            (*find_object(given, parent_of(secret.path)))[secret.path.back()] = *find_path(kept, secret.path);
        } else {
            continue;
        }
        carried.push_back(name_of(secret.path));
    }
    return carried;
}

Result<void> check_carried(std::vector<std::string> names, std::string_view changed) {
    if (names.empty() || changed.empty()) return {};
    std::sort(names.begin(), names.end());
    return make_error(Errc::invalid_argument,
                      fmt::format("destination.{} must be given again, since destination.{} changed",
                                  fmt::join(names, ", destination."), changed),
                      "a kept secret goes only to the host it was given for");
}

Result<void> check_nothing_redacted(const object& destination, const DestinationKind& kind) {
    for (const SecretPath& secret : secrets_of(destination, kind)) {
        if (is_redacted(*find_path(destination, secret.path)))
            return make_error(
                Errc::invalid_argument,
                fmt::format("destination.{} is \"{}\", and there is none to keep", name_of(secret.path), kRedacted),
                "give the secret itself");
    }
    return {};
}

/// Whether a patch leaves something of an object there was: it is merged, and its other members stay.
bool leaves_some_of(const value& had, const value& patch) {
    const object* before = had.if_object();
    const object* given = patch.if_object();
    if (before == nullptr || given == nullptr) return false;
    return std::any_of(before->begin(), before->end(), [given](const auto& member) {
        const value* now = given->if_contains(member.key());
        return now == nullptr || leaves_some_of(member.value(), *now);
    });
}

/// A URL up to its query; all of one that has none.
std::string_view without_query(std::string_view url) {
    return url.substr(0, url.find('?'));
}

std::string with_redacted_query(std::string_view url) {
    return fmt::format("{}?{}", without_query(url), kRedacted);
}

/// Puts back the queries that `given` has redacted, where the URL is otherwise what was kept; their members.
Result<std::vector<std::string>> carry_queries(const object* kept, object& given, const DestinationKind& kind) {
    std::vector<std::string> carried;
    for (std::string_view name : kind.secret_queries) {
        value* now = given.if_contains(name);
        if (now == nullptr || !now->is_string()) continue;
        std::string_view text = view_of(now->get_string());
        if (text != with_redacted_query(text)) continue;
        const value* had = kept ? kept->if_contains(name) : nullptr;
        bool same = had && had->is_string() && without_query(view_of(had->get_string())) == without_query(text);
        if (!same)
            return make_error(Errc::invalid_argument,
                              fmt::format("destination.{} has a query that is \"{}\", and there is none to keep for "
                                          "this address",
                                          name, kRedacted),
                              "give the whole address again");
        *now = *had;
        carried.emplace_back(name);
    }
    return carried;
}

void remove_answer_members(object& settings) {
    for (std::string_view name : kAnswerMembers) settings.stable_erase(name);
}

}  // namespace

const object* destination_of(const object& settings) {
    const value* destination = settings.if_contains("destination");
    return destination ? destination->if_object() : nullptr;
}

object redact_settings(const object& settings, const DestinationRegistry& registry) {
    object out = settings;
    const DestinationKind* kind = kind_of(destination_of(out), registry);
    if (kind == nullptr) return out;
    object& destination = out["destination"].get_object();
    for (const SecretPath& secret : secrets_of(destination, *kind))
        (*find_object(destination, parent_of(secret.path)))[secret.path.back()] = boost::json::string(kRedacted);
    for (std::string_view name : kind->secret_queries) {
        value* url = destination.if_contains(name);
        if (url == nullptr || !url->is_string()) continue;
        std::string_view text = view_of(url->get_string());
        if (text.find('?') != std::string_view::npos) *url = boost::json::string(with_redacted_query(text));
    }
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
    const object* same = kind_of(before, registry) == kind ? before : nullptr;
    auto queries = carry_queries(same, after, *kind);
    if (!queries) return queries.error();
    if (same != nullptr) {
        std::vector<std::string> carried = carry(*before, after, *kind);
        carried.insert(carried.end(), queries->begin(), queries->end());
        if (auto checked = check_carried(std::move(carried), changed_host(*before, after)); !checked)
            return checked.error();
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
    auto queries = carry_queries(same_kind ? before : nullptr, after, *kind);
    if (!queries) return queries.error();
    const object* touched = destination_of(patch);
    std::vector<std::string> carried = std::move(*queries);
    for (std::string_view name : kind->secret_queries) {
        const value* url = after.if_contains(name);
        bool given = touched && touched->contains(name);
        if (!given && url && url->is_string() && view_of(url->get_string()).find('?') != std::string_view::npos)
            carried.emplace_back(name);
    }
    for (const SecretPath& secret : secrets_of(after, *kind)) {
        const value* given = touched ? find_path(*touched, secret.path) : nullptr;
        const value* had = find_path(*before, secret.path);
        if (given && !is_redacted(*given) && !(had && leaves_some_of(*had, *given))) continue;
        if (given && is_redacted(*given) && had && same_kind)
            (*find_object(after, parent_of(secret.path)))[secret.path.back()] = *had;
        carried.push_back(name_of(secret.path));
    }
    std::string_view changed = same_kind ? changed_host(*before, after) : std::string_view("type");
    if (auto checked = check_carried(std::move(carried), changed); !checked) return checked.error();
    if (auto checked = check_nothing_redacted(after, *kind); !checked) return checked.error();
    return merged;
}

}  // namespace sluice
