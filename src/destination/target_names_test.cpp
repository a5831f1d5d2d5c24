#include "destination/target_names.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Kind = TargetNames::Admission::Kind;
using LetterCase = TargetNames::LetterCase;
using Names = std::vector<std::string>;

/// What events from the log ask for.
Kind admit(TargetNames& names, std::string_view name) {
    return names.admit(name, false).kind;
}

Kind admit_in_passing(TargetNames& names, std::string_view name) {
    return names.admit(name, true).kind;
}

TEST(TargetNames, AdmitsAgainWhatItAdmittedAndNoMoreThanThereMayBe) {
    TargetNames names("here", 2, LetterCase::ignored);
    EXPECT_EQ(admit(names, "rooms"), Kind::admitted);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
    EXPECT_EQ(admit(names, "desks"), Kind::one_too_many);
    EXPECT_EQ(admit(names, "rooms"), Kind::admitted);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
}

TEST(TargetNames, TheFirstOfTwoThatDifferInCaseOnlyStands) {
    TargetNames names("here", 10, LetterCase::ignored);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
    auto refused = names.admit("doors", false);
    EXPECT_EQ(refused.kind, Kind::clashes);
    EXPECT_EQ(refused.other, "Doors");
    EXPECT_EQ(admit(names, "DOORS"), Kind::clashes);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
}

TEST(TargetNames, AreTwoWhereTheServiceTellsTheirCaseApart) {
    TargetNames names("here", 2, LetterCase::told_apart);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
    EXPECT_EQ(admit(names, "doors"), Kind::admitted);
    EXPECT_EQ(admit(names, "DOORS"), Kind::one_too_many);
    names.keep("doors");
    EXPECT_EQ(names.kept(), Names{"doors"});
}

TEST(TargetNames, KeepsWhatWasDeliveredToOnceAndInThatOrder) {
    TargetNames names("here", 10, LetterCase::ignored);
    for (auto name : {"rooms", "Doors", "desks"}) admit(names, name);
    for (auto name : {"Doors", "rooms", "Doors"}) names.keep(name);
    EXPECT_EQ(names.kept(), (Names{"Doors", "rooms"}));
    names.keep("never asked for");
    names.keep("DESKS");
    EXPECT_EQ(names.kept(), (Names{"Doors", "rooms"})) << "only what was admitted as it is written";
}

TEST(TargetNames, WhatWasKeptBeforeStandsAsIfItHadJustCome) {
    TargetNames names("here", 2, LetterCase::ignored);
    names.recall({"Doors", "rooms"});
    EXPECT_EQ(names.admit("doors", false).other, "Doors");
    EXPECT_EQ(admit(names, "desks"), Kind::one_too_many);
    EXPECT_EQ(admit(names, "rooms"), Kind::admitted);
    names.keep("rooms");
    EXPECT_EQ(names.kept(), (Names{"Doors", "rooms"})) << "nothing new";
}

TEST(TargetNames, OfMoreThanThereMayBeNowTheFirstStandAndTheOthersAreNotForgotten) {
    TargetNames names("here", 1, LetterCase::ignored);
    names.recall({"Doors", "rooms"});
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted);
    EXPECT_EQ(admit(names, "rooms"), Kind::one_too_many);
    EXPECT_EQ(admit_in_passing(names, "rooms"), Kind::one_too_many);
    EXPECT_EQ(admit(names, "Rooms"), Kind::clashes);
    EXPECT_EQ(names.kept(), (Names{"Doors", "rooms"}));
}

TEST(TargetNames, WhatPassesByTakesNoPlace) {
    TargetNames names("here", 1, LetterCase::ignored);
    EXPECT_EQ(admit_in_passing(names, "Doors"), Kind::admitted);
    names.keep("Doors");
    EXPECT_EQ(names.kept(), Names{});
    EXPECT_EQ(admit(names, "doors"), Kind::admitted) << "neither its only place nor its name is gone";
    names.keep("doors");
    EXPECT_EQ(names.kept(), Names{"doors"});
    EXPECT_EQ(admit_in_passing(names, "Doors"), Kind::clashes);
}

TEST(TargetNames, WhatPassesByHasToFitBesideAllOthers) {
    TargetNames names("here", 2, LetterCase::ignored);
    names.recall({"rooms"});
    EXPECT_EQ(admit_in_passing(names, "rooms"), Kind::admitted);
    EXPECT_EQ(admit_in_passing(names, "Rooms"), Kind::clashes);
    EXPECT_EQ(admit_in_passing(names, "Doors"), Kind::admitted);
    EXPECT_EQ(admit_in_passing(names, "doors"), Kind::clashes) << "also with what passes by itself";
    EXPECT_EQ(admit_in_passing(names, "desks"), Kind::one_too_many);
    EXPECT_EQ(admit_in_passing(names, "Doors"), Kind::admitted);
    EXPECT_EQ(admit(names, "Doors"), Kind::admitted) << "in earnest now";
    EXPECT_EQ(admit(names, "desks"), Kind::one_too_many);
}

}  // namespace
}  // namespace sluice
