#include "delivery/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sluice {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

EventView event(std::string_view org, std::string_view rec_type, EventType type = EventType::create,
                std::string_view tags = {}) {
    EventView view;
    view.org = org;
    view.rec_type = rec_type;
    view.event_type = type;
    view.object_type = ObjectType::objs;
    view.tags = tags;
    return view;
}

EventFilter filter(std::vector<std::string> orgs, std::vector<std::string> rec_types = {}) {
    EventFilter made;
    made.orgs = std::move(orgs);
    made.rec_types = std::move(rec_types);
    return made;
}

TEST(Router, FindsThoseThatAskForTheStream) {
    Router router;
    router.add(1, filter({"com.a"}, {"io.x.*"}));
    router.add(2, filter({"com.a"}, {"io.**"}));
    router.add(3, filter({"com.b"}));
    EXPECT_THAT(router.match(event("com.a", "io.x.y")), UnorderedElementsAre(1, 2));
    EXPECT_THAT(router.match(event("com.a", "io.z")), UnorderedElementsAre(2));
    EXPECT_THAT(router.match(event("com.b", "io.z")), UnorderedElementsAre(3));
    EXPECT_THAT(router.match(event("com.c", "io.z")), IsEmpty());
}

TEST(Router, LooksAtTypesAndTagsOfEachEvent) {
    Router router;
    EventFilter deletes = filter({"com.a"});
    deletes.event_types = 1u << static_cast<int>(EventType::remove);
    router.add(1, deletes);
    EventFilter tagged = filter({"com.a"});
    tagged.tags = {"Dublin"};
    router.add(2, tagged);
    EXPECT_THAT(router.match(event("com.a", "x")), IsEmpty());
    EXPECT_THAT(router.match(event("com.a", "x", EventType::remove)), UnorderedElementsAre(1));
    std::vector<std::string> tags{"Cork", "Dublin"};
    std::string encoded = encode_tags(tags);
    EXPECT_THAT(router.match(event("com.a", "x", EventType::create, encoded)), UnorderedElementsAre(2));
}

TEST(Router, AnOrgPatternAndAnExactOrgMeet) {
    Router router;
    router.add(1, filter({"com.**"}));
    router.add(2, filter({"com.a"}));
    EXPECT_THAT(router.match(event("com.a", "x")), UnorderedElementsAre(1, 2));
    EXPECT_THAT(router.match(event("com.b", "x")), UnorderedElementsAre(1));
    router.remove(1);
    EXPECT_THAT(router.match(event("com.a", "x")), UnorderedElementsAre(2));
    EXPECT_THAT(router.match(event("com.b", "x")), IsEmpty());
}

TEST(Router, WhatIsAddedOrRemovedLaterCountsForStreamsAlreadySeen) {
    Router router;
    router.add(1, filter({"com.a"}));
    EXPECT_THAT(router.match(event("com.a", "x")), UnorderedElementsAre(1));
    router.add(2, filter({"com.a"}));
    EXPECT_THAT(router.match(event("com.a", "x")), UnorderedElementsAre(1, 2));
    router.remove(1);
    EXPECT_THAT(router.match(event("com.a", "x")), UnorderedElementsAre(2));
}

TEST(Router, AnOrgNobodyAsksForLeavesNothingBehind) {
    Router router;
    router.add(1, filter({"com.a"}));
    for (int i = 0; i < 100; ++i) router.match(event("com.b" + std::to_string(i), "x"));
    EXPECT_EQ(router.remembered_streams(), 0u);
}

TEST(Router, AgreesWithTheFiltersOverRandomChanges) {
    std::mt19937_64 random(3);
    auto pick = [&](auto& list) { return list[random() % list.size()]; };
    const std::vector<std::string> orgs{"com.a", "com.b", "org.c"};
    const std::vector<std::string> org_patterns{"com.a", "com.b", "org.c", "com.*", "**"};
    const std::vector<std::string> streams{"io.x", "io.y.z", "io.y", "q"};
    const std::vector<std::string> stream_patterns{"io.x", "io.*", "io.**", "**", "q"};
    Router router;
    std::map<Router::Subscriber, EventFilter> model;
    Router::Subscriber next = 0;
    for (int step = 0; step < 20'000; ++step) {
        if (random() % 50 == 0) {
            EventFilter made = filter({pick(org_patterns)}, {pick(stream_patterns)});
            if (random() % 3 == 0) made.orgs.push_back(pick(org_patterns));
            router.add(next, made);
            model.emplace(next++, made);
        } else if (random() % 50 == 0 && !model.empty()) {
            auto gone = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
            router.remove(gone->first);
            model.erase(gone);
        }
        std::string org = pick(orgs);
        std::string stream = pick(streams);
        EventView one = event(org, stream);
        std::vector<Router::Subscriber> expected;
        for (auto& [subscriber, wanted] : model)
            if (wanted.matches(one)) expected.push_back(subscriber);
        ASSERT_THAT(router.match(one), testing::UnorderedElementsAreArray(expected));
    }
}

}  // namespace
}  // namespace sluice
