"""The oracle itself: it must find what is wrong, and a seed must mean the same plan always."""

import json
import unittest

from clouds import CLOUDS
from harness import Failed
from oracle import judge, plan

CLOUD = CLOUDS[0]
EVENTS = {"a": [("create", 1), ("update", 2), ("delete", 2)], "b": [("create", 1)]}
ALL = [("a", "create", 1), ("b", "create", 1), ("a", "update", 2), ("a", "delete", 2)]


def arrived(events, times=None):
    return [{"number": i, "service": CLOUD.service, "target": CLOUD.targets[0], "time_us": times[i] if times else i,
             "body": json.dumps({"event_type": event_type, "obj": {"data": {"key": key, "n": n}}})}
            for i, (key, event_type, n) in enumerate(events)]


class Judging(unittest.TestCase):
    def test_takes_what_came_in_order(self):
        result = judge(CLOUD, arrived(ALL), EVENTS, [])
        self.assertEqual(result, {"events": 4, "lost": 0, "reordered": 0, "duplicates": 0, "duplicates_after_crash": 0})

    def test_finds_a_lost_event(self):
        for missing in range(len(ALL)):
            with self.assertRaises(Failed):
                judge(CLOUD, arrived(ALL[:missing] + ALL[missing + 1:]), EVENTS, [])

    def test_finds_two_events_of_a_key_that_changed_places(self):
        with self.assertRaisesRegex(Failed, "out of order"):
            judge(CLOUD, arrived([ALL[2], ALL[1], ALL[0], ALL[3]]), EVENTS, [])

    def test_finds_what_nobody_wrote(self):
        with self.assertRaisesRegex(Failed, "nobody wrote"):
            judge(CLOUD, arrived([*ALL, ("c", "create", 1)]), EVENTS, [])

    def test_tells_repeats_after_a_crash_from_others(self):
        repeats = arrived([*ALL, ALL[0], ALL[3]], [0, 1, 2, 30, 4, 50])
        result = judge(CLOUD, repeats, EVENTS, [(35, 40)])
        self.assertEqual((result["duplicates"], result["duplicates_after_crash"]), (1, 1))

    def test_a_late_repeat_is_no_disorder(self):
        self.assertEqual(judge(CLOUD, arrived([*ALL, ALL[0]]), EVENTS, [])["reordered"], 0)

    def test_looks_at_its_own_target_only(self):
        items = arrived(ALL)
        items[0]["target"] = "another"
        with self.assertRaisesRegex(Failed, "did not arrive"):
            judge(CLOUD, items, EVENTS, [])


class Planning(unittest.TestCase):
    def test_a_seed_means_the_same_plan_always(self):
        for seed in range(50):
            self.assertEqual(plan(seed, True), plan(seed, True))
        self.assertGreater(len({str(plan(seed, True)) for seed in range(50)}), 45)


if __name__ == "__main__":
    unittest.main()
