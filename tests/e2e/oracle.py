"""The oracle of order and loss: drives `serve` with a keyed load through every fault, reads back what the sandbox received, and
judges it. Nothing acknowledged may be lost, a key's first appearances must come in the log's order, duplicates must have been
announced or follow a crash, and every ledger must add up at every look.

  oracle.py BINARY --alone                     every fault by itself, and what the status must say meanwhile
  oracle.py BINARY --alone --fault NAME        one of them
  oracle.py BINARY --seeds 1-5                 faults and crashes mixed, as the seed says
  oracle.py BINARY --seed 17                   one of those again: the same plan
  oracle.py BINARY --kills 100 --seed 7        nothing but kill -9
  oracle.py BINARY --seeds 1000- --minutes 60  until the time is over
  --report FILE                                appends what was judged, one JSON object a line
"""

import argparse
import json
import os
import random
import sys
import time

from clouds import CLOUDS, integrations, label, place_of
from faults import BY_NAME, FAULTS, Fault
from harness import Failed, Folder, Namespace, Sandbox, Sluice, check_ledger, require, wait_until
from load import KeyedLoad

DISK = 420 << 20  # a segment of the log, the database, and what a run writes
# What may be under way, or settled and not yet in the store, when the process dies: events of one integration.
CRASH_WINDOW = 12_000
EXTRA = {"limits": {"deliver_timeout": "1s"}}


class Report:
    """What was judged, for docs/guarantees.md."""

    def __init__(self, path):
        self.path = path

    def add(self, **fields):
        if self.path:
            with open(self.path, "a") as file:
                file.write(json.dumps(fields) + "\n")


class World:
    """A node and the clouds around it, and what befell it."""

    def __init__(self, binary, folder, seed, tls, namespace, alone=False):
        self.rng, self.alone, self.tls = random.Random(seed), alone, tls
        self.clouds = CLOUDS
        self.namespace = Namespace(folder, DISK) if namespace else None
        self.sandbox = self.sluice = self.load = None
        self.deletions = 0
        self.crashes = []  # (killed, up again) in µs of the wall clock
        self.faults = []
        try:
            self.sandbox = Sandbox(binary, folder, tls=tls)
            place = place_of(self.sandbox, self.clouds)
            self.sluice = Sluice(binary, folder, integrations(self.clouds, place), EXTRA, self.namespace).start()
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.load:
            self.load.stopping.set()
        if self.sluice and self.sluice.process and self.sluice.process.alive():
            self.sluice.kill()
        if self.sandbox:
            self.sandbox.stop()
        if self.namespace:
            self.namespace.close()

    def possible(self, fault):
        return not (fault.needs_namespace and not self.namespace) and not (fault.needs_tls and not self.tls)

    def begin(self, faults, seed):
        self.faults = faults
        self.sandbox.faults([rule for fault in faults for cloud in self.clouds for rule in fault.rules(cloud)], seed)
        for fault in faults:
            fault.begin(self)

    def end(self):
        for fault in self.faults:
            fault.end(self)
        self.faults = []
        self.sandbox.faults([])

    # What faults ask for.

    def must_say(self, cloud, words):
        """The status names the failure, and what to do about it."""
        def said():
            error = self.sluice.stats(cloud.id)[0]["last_error"]
            return error if error and error["code"] == words.code and error["class"] == words.error_class else None
        try:
            error = wait_until(said, f"{cloud.id} says {words.error_class} {words.code}")
        except Failed as failure:
            raise Failed(f"{failure}; it says {self.sluice.stats(cloud.id)[0]['last_error']}") from None
        require(words.hint in error["hint"], f"{cloud.id}: the hint says {error['hint']!r}, not {words.hint!r}")
        require((error["target"] or "") == words.target, f"{cloud.id} names the target {error['target']!r}, not {words.target!r}")
        require(error["message"] and error["at"], f"{cloud.id} does not say what and when: {error}")

    def must_be(self, cloud, state):
        wait_until(lambda: self.sluice.stats(cloud.id)[1]["state"] == state, f"{cloud.id} is {state}")

    def crash(self):
        self.sluice.coming_back = True
        killed = time.time_ns() // 1000
        self.sluice.kill()
        self._come_back(killed)

    def stop_and_start(self):
        self.sluice.coming_back = True
        begun = time.time_ns() // 1000
        self.sluice.stop()
        self.sluice.start()
        self.sluice.coming_back = False
        if not self.alone:  # beside other faults an answer may be waited for longer than a stop lasts
            self.crashes.append((begun, time.time_ns() // 1000))
        self.look()

    def change_settings(self):
        with open(self.sluice.config) as file:
            settings = json.load(file)
        for integration in settings["integrations"]:
            retry = integration["retry"]
            retry["max_backoff"] = "200ms" if retry["max_backoff"] != "200ms" else "250ms"
        with open(self.sluice.config, "w") as file:
            json.dump(settings, file)
        status, answer = self.sluice.api("POST", "/v1/reload")
        require(status == 200, f"a reload was answered {status}: {answer}")
        self.look()

    def crash_in_commit(self, point):
        """Starts it so that it ends by itself in the middle of a commit, and lets it."""
        self.sluice.coming_back = True
        killed = time.time_ns() // 1000
        self.sluice.kill()
        self.sluice.start({"LD_PRELOAD": crash_library(self.sluice.binary), "SLUICE_CRASH_AT": point,
                           "ASAN_OPTIONS": "verify_asan_link_order=0"}, wait=False)
        wait_until(lambda: not self.sluice.process.alive(), f"it ends at {point} of a commit")
        code = self.sluice.process.kill()
        if code != -9:
            raise Failed(f"it ended with {code} in place of being killed at {point}:\n{self.sluice.log_tail()}")
        self._come_back(killed)

    def _come_back(self, killed):
        self.sluice.start()
        self.sluice.coming_back = False
        # What was under way when it died may be sent again as soon as it is up.
        self.crashes.append((killed, time.time_ns() // 1000))
        self.look()

    def look(self):
        """The ledgers add up, whenever one looks."""
        for cloud in self.clouds:
            stats, _ = self.sluice.stats(cloud.id)
            check_ledger(stats, cloud.id)

    def drain(self, total):
        def drained():
            self.look()
            all_stats = [self.sluice.stats(cloud.id)[0] for cloud in self.clouds]
            return all(stats["delivered"] >= total and not stats["pending"] for stats in all_stats)
        try:
            wait_until(drained, f"all of {total} events are delivered", 120)
        except Failed as failure:
            states = {cloud.id: self.sluice.stats(cloud.id)[1] for cloud in self.clouds}
            raise Failed(f"{failure}: {json.dumps(states)[:3000]}") from None


def crash_library(binary):
    """Built beside the binary; see crash_at_commit.cpp."""
    beside = os.path.join(os.path.dirname(os.path.abspath(binary)), "tests/e2e/crash_at_commit.so")
    return os.environ.get("SLUICE_CRASH_LIBRARY", beside)


def judge(cloud, items, events, crashes):
    """What arrived against what was acknowledged. Order is looked at as it came; nothing is sorted."""
    place = {key: {event: i for i, event in enumerate(list_)} for key, list_ in events.items()}
    seen, last, reordered, foreign = {}, {}, [], []
    repeats_after_crash = repeats_otherwise = 0
    for body, time_us in cloud.bodies(items):
        key, event = label(body)
        i = place.get(key, {}).get(event)
        if i is None:
            foreign.append((key, event))
            continue
        if (key, i) in seen:
            # It was sent before the crash and again behind it: nobody knew that it had been accepted.
            crashed = any(seen[(key, i)] <= up and time_us >= killed for killed, up in crashes)
            repeats_after_crash += crashed
            repeats_otherwise += not crashed
            continue
        seen[(key, i)] = time_us
        if i != last.get(key, -1) + 1:
            reordered.append((key, last.get(key, -1), i))
        last[key] = max(last.get(key, -1), i)
    total = sum(len(list_) for list_ in events.values())
    lost = [(key, event) for key, list_ in events.items() for i, event in enumerate(list_) if (key, i) not in seen]
    require(not lost, f"{cloud.id}: {len(lost)} of {total} acknowledged events did not arrive, for instance {lost[:5]}")
    require(not reordered, f"{cloud.id}: {len(reordered)} first appearances out of order, for instance {reordered[:5]}")
    require(not foreign, f"{cloud.id}: {len(foreign)} events arrived that nobody wrote, for instance {foreign[:5]}")
    return {"events": total, "lost": len(lost), "reordered": len(reordered), "duplicates": repeats_otherwise,
            "duplicates_after_crash": repeats_after_crash}


class Judge:
    """Judges a stretch of a world's life: what was written in it, and what the ledgers say of it."""

    def __init__(self, world, name, seed, report):
        self.world, self.name, self.seed, self.report = world, name, seed, report
        self.crashes_before, self.deletions_before = len(world.crashes), world.deletions
        self.before = {cloud.id: world.sluice.stats(cloud.id)[0] for cloud in world.clouds}

    def conclude(self, events, since):
        """Everything has arrived by now, or never will. Returns how far the sandbox's items have been judged."""
        world = self.world
        items = world.sandbox.received(since)
        crashes = world.crashes[self.crashes_before:]
        results = {}
        for cloud in world.clouds:
            result = judge(cloud, items, events, crashes)
            stats, _ = world.sluice.stats(cloud.id)
            check_ledger(stats, cloud.id)
            before = self.before[cloud.id]
            moved = {name: stats[name] - before[name] for name in ("matched", "delivered", "dead_lettered", "lost",
                                                                  "duplicates_possible", "retries")}
            require(moved["matched"] == result["events"], f"{cloud.id}: {result['events']} events written, {moved}")
            require(moved["delivered"] == result["events"], f"{cloud.id}: {result['events']} events written, {moved}")
            require(result["duplicates"] <= moved["duplicates_possible"] + (CRASH_WINDOW if crashes else 0),
                    f"{cloud.id}: {result['duplicates']} duplicates, {moved['duplicates_possible']} announced")
            require(result["duplicates_after_crash"] <= CRASH_WINDOW * len(crashes),
                    f"{cloud.id}: {result['duplicates_after_crash']} duplicates after {len(crashes)} crashes")
            # What is deleted and made again has forgotten what it had seen.
            if cloud.deduplicates and world.deletions == self.deletions_before:
                require(result["duplicates"] + result["duplicates_after_crash"] == 0, f"{cloud.id} shows repeats: {result}")
            results[cloud.id] = {**result, "announced": moved["duplicates_possible"], "retries": moved["retries"],
                                 "crashes": len(crashes)}
            self.report.add(fault=self.name, seed=self.seed, integration=cloud.id, **results[cloud.id])
        say(self.name, results)
        return items[-1]["number"] if items else since


def say(name, results):
    events = max(result["events"] for result in results.values())
    repeats = ", ".join(f"{id_} {r['duplicates']}+{r['duplicates_after_crash']} of {r['announced']}"
                        for id_, r in results.items() if r["duplicates"] + r["duplicates_after_crash"])
    print(f"  {name}: {events} events to each of {len(results)}, none lost, none reordered"
          + (f"; repeats (otherwise+after a crash, of those announced): {repeats}" if repeats else ""), flush=True)


def written(load, count, seconds):
    started = time.monotonic()
    wait_until(lambda: load.errors or load.gave_up or
               (load.total() >= count and time.monotonic() - started >= seconds), f"{count} events are written")


def run_alone(binary, faults, seed, events, namespace, report):
    """One after the other in one node; each is judged before the next begins."""
    with Folder() as folder:
        world = World(binary, folder, seed, True, namespace, alone=True)
        since = 0
        try:
            for number, fault in enumerate(faults):
                if not world.possible(fault):
                    print(f"  {fault.name}: SKIPPED, {Namespace.why_not()}", flush=True)
                    continue
                looking = Judge(world, fault.name, seed, report)
                world.load = KeyedLoad(world.sluice, seed, f"a{number}").start()
                written(world.load, events // 4, 0.2)
                world.begin([fault], seed)
                fault.check(world)
                # Long enough for retries to meet the fault again.
                if fault.kind != "disk":
                    written(world.load, events, 0.5)
                world.look()
                world.end()
                written(world.load, world.load.total() + 1, 0)
                acknowledged = world.load.stop()
                world.drain(sum(stats["matched"] for stats in [looking.before[world.clouds[0].id]])
                            + sum(len(each) for each in acknowledged.values()))
                since = looking.conclude(acknowledged, since)
                world.sandbox.change("DELETE", "received")  # which has no room for all of them
            world.sluice.stop()
        except Failed:
            print(world.sluice.log_tail() if world.sluice else "", flush=True)
            raise
        finally:
            world.close()


def plan(seed, namespace):
    """What a seed means: the same list of faults and sizes, always."""
    rng = random.Random(f"plan {seed}")
    tls = rng.random() < 0.5
    usable = [f for f in FAULTS if f.mixable and f.kind not in ("none", "process", "disk")
              and (tls or not f.needs_tls) and (namespace or not f.needs_namespace)]
    process = [f for f in FAULTS if f.kind == "process"]
    disk = [f for f in FAULTS if f.kind == "disk" and namespace]
    steps = []
    for _ in range(rng.randrange(4, 7)):
        faults = rng.sample(usable, rng.choice([1, 1, 2, 2, 3]))
        # Two that change the same thing would undo one another.
        for kind in ("name and certificate", "clock", "target"):
            same = [f for f in faults if f.kind == kind]
            faults = [f for f in faults if f.kind != kind] + same[:1]
        if rng.random() < 0.45:
            faults.append(rng.choice(process))
        elif disk and rng.random() < 0.2:
            faults.append(disk[0])
        steps.append((faults, rng.randrange(100, 500)))
    return tls, steps


def run_mixed(binary, seed, namespace, report):
    """One load through all of it, judged at the end."""
    tls, steps = plan(seed, namespace)
    print(f"seed {seed}: {'TLS' if tls else 'plain'}; " + "; ".join(
        f"{' + '.join(f.name for f in faults)} ({events})" for faults, events in steps), flush=True)
    with Folder() as folder:
        world = World(binary, folder, seed, tls, namespace)
        try:
            looking = Judge(world, "mixed", seed, report)
            world.load = KeyedLoad(world.sluice, seed, "m").start()
            for number, (faults, events) in enumerate(steps):
                target = world.load.total() + events
                world.begin(faults, seed * 100 + number)
                if any(f.kind == "disk" for f in faults):
                    wait_until(world.load.count_refused, "writers are refused on a full disk")
                    world.end()
                written(world.load, target, 0.3)
                world.look()
                world.end()
            acknowledged = world.load.stop()
            world.drain(sum(len(each) for each in acknowledged.values()))
            looking.conclude(acknowledged, 0)
            world.sluice.stop()
        except Failed:
            print(world.sluice.log_tail() if world.sluice else "", flush=True)
            print(f"again: oracle.py BINARY --seed {seed}", flush=True)
            raise
        finally:
            world.close()


# The sandbox keeps no more than its bound of what it received.
KILLS_JUDGED_TOGETHER = 20


def run_kills(binary, rounds, seed, report):
    with Folder() as folder:
        world = World(binary, folder, seed, False, False)
        try:
            judged = written = 0
            for first in range(1, rounds + 1, KILLS_JUDGED_TOGETHER):
                looking = Judge(world, "kill -9 again and again", seed, report)
                world.load = KeyedLoad(world.sluice, seed + first, f"k{first}").start()
                for number in range(first, min(first + KILLS_JUDGED_TOGETHER, rounds + 1)):
                    time.sleep(world.rng.uniform(0.05, 0.8))  # the moment is what is being tried
                    world.crash()
                    print(f"  round {number}: killed and back, {world.load.total()} events acknowledged", flush=True)
                acknowledged = world.load.stop()
                written += sum(len(each) for each in acknowledged.values())
                world.drain(written)
                judged = looking.conclude(acknowledged, judged)
            world.sluice.stop()
        except Failed:
            print(world.sluice.log_tail() if world.sluice else "", flush=True)
            raise
        finally:
            world.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--fault", choices=sorted(BY_NAME), action="append")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", help="FIRST-LAST, or FIRST- with --minutes")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--events", type=int, default=400, help="of each fault alone")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--report")
    options = parser.parse_args()
    report = Report(options.report)
    why_not = Namespace.why_not()
    if why_not:
        print(f"without a mount namespace ({why_not}): names, refused connections and full disks are SKIPPED", flush=True)
    namespace = why_not is None
    started = time.monotonic()
    if options.kills:
        run_kills(options.binary, options.kills, options.seed or 1, report)
        return
    if options.alone or options.fault:
        print(f"every fault alone, seed {options.seed or 1}", flush=True)
        run_alone(options.binary, [BY_NAME[name] for name in options.fault] if options.fault else FAULTS, options.seed or 1,
                  options.events, namespace, report)
    elif options.seed is not None:
        run_mixed(options.binary, options.seed, namespace, report)
    if options.seeds:
        first, _, last = options.seeds.partition("-")
        seed = int(first)
        while (not last or seed <= int(last)) and (
                not options.minutes or time.monotonic() - started < options.minutes * 60):
            run_mixed(options.binary, seed, namespace, report)
            seed += 1


if __name__ == "__main__":
    main()
