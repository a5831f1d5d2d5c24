#include "event/filter.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

EventView event(std::string_view org, std::string_view rec_type, std::string_view tags = {}) {
    EventView view;
    view.org = org;
    view.rec_type = rec_type;
    view.tags = tags;
    return view;
}

TEST(EventFilter, WantsEverythingOfItsOrgByDefault) {
    EventFilter filter{.orgs = {"com.acme"}, .rec_types = {}, .tags = {}};
    EXPECT_TRUE(filter.matches(event("com.acme", "a.b")));
    EXPECT_FALSE(filter.matches(event("com.other", "a.b")));
    EXPECT_FALSE(filter.matches(event("com.acme.sub", "a.b")));
}

TEST(EventFilter, WithoutAnOrgWantsNothing) {
    EXPECT_FALSE(EventFilter{}.matches(event("com.acme", "a.b")));
}

TEST(EventFilter, WantsAnyOfItsRecTypePatterns) {
    EventFilter filter{.orgs = {"**"}, .rec_types = {"io.*.event", "x.**"}, .tags = {}};
    EXPECT_TRUE(filter.wants_stream("com.acme", "io.contact.event"));
    EXPECT_TRUE(filter.wants_stream("com.acme", "x.y.z"));
    EXPECT_FALSE(filter.wants_stream("com.acme", "io.contact.unpacked.event"));
}

TEST(EventFilter, WantsOnlyTheTypesInItsMasks) {
    EventFilter filter{.orgs = {"**"},
                       .rec_types = {},
                       .event_types = 1 << static_cast<int>(EventType::remove),
                       .object_types = 1 << static_cast<int>(ObjectType::health),
                       .tags = {}};
    EventView view = event("com.acme", "a.b");
    view.event_type = EventType::remove;
    view.object_type = ObjectType::health;
    EXPECT_TRUE(filter.matches(view));
    view.event_type = EventType::create;
    EXPECT_FALSE(filter.matches(view));
    view.event_type = EventType::remove;
    view.object_type = ObjectType::objs;
    EXPECT_FALSE(filter.matches(view));
}

TEST(EventFilter, WantsAllOfItsTags) {
    std::string tags = encode_tags(std::vector<std::string>{"Dublin", "L4"});
    EventFilter filter{.orgs = {"**"}, .rec_types = {}, .tags = {"L4", "Dublin"}};
    EXPECT_TRUE(filter.matches(event("o", "r", tags)));
    filter.tags.push_back("Cork");
    EXPECT_FALSE(filter.matches(event("o", "r", tags)));
}

}  // namespace
}  // namespace sluice
