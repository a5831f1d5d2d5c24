#include "delivery/router.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace sluice {

namespace {

/// Streams are made by whoever writes; what is remembered of them is bounded.
constexpr std::size_t kMaxStreams = 200'000;

bool has_wildcard(std::string_view pattern) {
    return pattern.find('*') != std::string_view::npos;
}

}  // namespace

void Router::add(Subscriber subscriber, EventFilter filter) {
    auto entry = std::make_unique<Entry>(Entry{subscriber, std::move(filter), false});
    const std::vector<std::string>& orgs = entry->filter.orgs;
    entry->any_org = orgs.empty() || std::any_of(orgs.begin(), orgs.end(), has_wildcard);
    if (entry->any_org) {
        any_org_.push_back(entry.get());
        forget_all_streams();
    } else {
        for (const std::string& name : orgs) {
            Org& org = orgs_[name];
            forget_streams(org);
            if (std::find(org.entries.begin(), org.entries.end(), entry.get()) == org.entries.end())
                org.entries.push_back(entry.get());
        }
    }
    bool is_new = entries_.emplace(subscriber, std::move(entry)).second;
    SLUICE_ASSERT(is_new, "an integration is routed to once");
}

void Router::remove(Subscriber subscriber) {
    auto found = entries_.find(subscriber);
    if (found == entries_.end()) return;
    const Entry* entry = found->second.get();
    if (entry->any_org) {
        std::erase(any_org_, entry);
        forget_all_streams();
    } else {
        for (const std::string& name : entry->filter.orgs) {
            auto org = orgs_.find(name);
            if (org == orgs_.end()) continue;
            forget_streams(org->second);
            std::erase(org->second.entries, entry);
            if (org->second.entries.empty()) orgs_.erase(org);
        }
    }
    entries_.erase(found);
}

void Router::forget_streams(Org& org) {
    stream_count_ -= org.streams.size();
    org.streams.clear();
}

void Router::forget_all_streams() {
    for (auto at = orgs_.begin(); at != orgs_.end();) {
        forget_streams(at->second);
        at = at->second.entries.empty() ? orgs_.erase(at) : std::next(at);
    }
}

const Router::Stream* Router::stream(const EventView& event) {
    auto org = orgs_.find(event.org);
    if (org == orgs_.end()) {
        if (any_org_.empty()) return nullptr;  // nobody asks for this org: nothing to remember
        org = orgs_.try_emplace(std::string(event.org)).first;
    }
    auto found = org->second.streams.find(event.rec_type);
    if (found != org->second.streams.end()) return &found->second;

    if (stream_count_ >= kMaxStreams) {
        forget_all_streams();
        return stream(event);
    }
    Stream wanted;
    for (const std::vector<const Entry*>* entries : {&std::as_const(org->second.entries), &std::as_const(any_org_)})
        for (const Entry* entry : *entries)
            if (entry->filter.wants_stream(event.org, event.rec_type)) wanted.push_back(entry);
    ++stream_count_;
    return &org->second.streams.emplace(std::string(event.rec_type), std::move(wanted)).first->second;
}

std::span<const Router::Subscriber> Router::match(const EventView& event) {
    matched_.clear();
    if (const Stream* wanted = stream(event)) {
        for (const Entry* entry : *wanted) {
            const EventFilter& filter = entry->filter;
            if (filter.wants_types(event.event_type, event.object_type) &&
                (filter.tags.empty() || has_all_tags(event.tags, filter.tags)))
                matched_.push_back(entry->subscriber);
        }
    }
    return matched_;
}

}  // namespace sluice
