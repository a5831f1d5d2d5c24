#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.hpp"
#include "event/filter.hpp"

namespace sluice {

/// Which integrations of a shard want an event. Remembers for each stream (org and recType) who wants it, so that an
/// event costs a look-up and what it matches, however many integrations there are. Thread: its shard's.
class Router {
  public:
    using Subscriber = std::uint32_t;

    void add(Subscriber subscriber, EventFilter filter);
    void remove(Subscriber subscriber);
    bool empty() const noexcept { return entries_.empty(); }

    /// Those that want the event, in no particular order. Valid until the next call.
    std::span<const Subscriber> match(const EventView& event);

    std::size_t remembered_streams() const noexcept { return stream_count_; }

  private:
    struct Entry {
        Subscriber subscriber = 0;
        EventFilter filter;
        bool any_org = false;  ///< some of its org patterns have wildcards
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    template <class Value>
    using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
    using Stream = std::vector<const Entry*>;
    struct Org {
        std::vector<const Entry*> entries;  ///< that name exactly this org
        ByText<Stream> streams;
    };

    const Stream* stream(const EventView& event);
    void forget_streams(Org& org);
    void forget_all_streams();

    std::unordered_map<Subscriber, std::unique_ptr<Entry>> entries_;
    std::vector<const Entry*> any_org_;
    ByText<Org> orgs_;
    std::size_t stream_count_ = 0;
    std::vector<Subscriber> matched_;
};

}  // namespace sluice
