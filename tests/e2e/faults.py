"""What goes wrong, by name: how each is begun and ended in a World, and what an integration must say while it lasts."""

import json
import time

from clouds import Words
from harness import require, wait_until


class Fault:
    """`begin` and `end` change the world. While it lasts `check` looks at what people are told."""

    kind = ""
    mixable = True  # may be joined with others by a seed
    needs_namespace = False
    needs_tls = False

    def __init__(self, name, kind):
        self.name, self.kind = name, kind

    def rules(self, cloud):
        """The sandbox's rules for requests to this cloud while the fault lasts."""
        return []

    def begin(self, world):
        pass

    def end(self, world):
        pass

    def check(self, world):
        pass


class Requests(Fault):
    """A share of the requests, or of the records in them, goes wrong."""

    def __init__(self, name, kind, *actions, words=None, mixable=True):
        super().__init__(name, kind)
        self.actions, self.words, self.mixable = actions, words, mixable

    def rules(self, cloud):
        return [{**where, **action} for action in self.actions for where in cloud.writes]

    def check(self, world):
        if self.words:
            for cloud in world.clouds:
                world.must_say(cloud, cloud.words.get(self.name, self.words))


class Refused(Requests):
    """All requests are refused, with the provider's words for it."""

    def __init__(self, name, kind, action, state):
        super().__init__(name, kind, mixable=False)
        self.action, self.state = action, state

    def rules(self, cloud):
        return [{**where, **action} for where in cloud.writes for action in ([self.action] if self.action else cloud.revoked)]

    def check(self, world):
        for cloud in world.clouds:
            if self.name in cloud.words:
                world.must_say(cloud, cloud.words[self.name])
            world.must_be(cloud, cloud.states.get(self.name, self.state))


class Deleted(Fault):
    """Streams, queues and topics are deleted at the provider, and made again."""

    def begin(self, world):
        world.deletions += 1
        for cloud in world.clouds:
            for target in cloud.targets:
                world.sandbox.control("DELETE", f"targets/{cloud.service}/{target}")  # 404: not used so far

    def end(self, world):
        for cloud in world.clouds:
            for target in cloud.targets:
                status, data = world.sandbox.control("PUT", f"targets/{cloud.service}/{target}", cloud.made_with)
                # 409: it is there again, by another deletion that ended while this one lasted.
                require(status // 100 == 2 or status == 409, f"{target} cannot be made again: {status} {data}")

    def check(self, world):
        for cloud in world.clouds:
            world.must_say(cloud, cloud.words["missing"])
            wait_until(lambda: world.sluice.stats(cloud.id)[0]["targets"], f"{cloud.id} lists the refusing target")


class Skewed(Fault):
    """The provider's clock and ours differ: it is measured and corrected, so that delivery goes on."""

    def __init__(self, name, seconds):
        super().__init__(name, "clock")
        self.seconds = seconds

    def rules(self, cloud):
        return [{"service": cloud.service, "action": "skew", "skew": self.seconds}]

    def check(self, world):
        for cloud in world.clouds:
            if self.name in cloud.words:  # one that does not say what time it is
                world.must_say(cloud, cloud.words[self.name])
        before = {cloud.id: world.sluice.stats(cloud.id)[0]["delivered"] for cloud in world.clouds
                  if self.name not in cloud.words}
        wait_until(lambda: all(world.sluice.stats(id_)[0]["delivered"] > count for id_, count in before.items()),
                   "every integration delivers with the clock off")


class Certificate(Fault):
    needs_tls = True

    def __init__(self, name, shown, words):
        super().__init__(name, "name and certificate")
        self.shown, self.words = shown, words

    def begin(self, world):
        world.sandbox.change("PUT", "certificate", self.shown)

    def end(self, world):
        world.sandbox.change("PUT", "certificate", "good")

    def rules(self, cloud):
        # Connections that are open would never see it.
        return [{**where, "action": "reset_before"} for where in cloud.writes]

    def check(self, world):
        for cloud in world.clouds:
            world.must_say(cloud, cloud.words.get(self.name, self.words))


class Name(Fault):
    """The name cannot be resolved, or leads to where nobody listens: for a node that starts, and knows no address from before."""

    needs_namespace = True

    def __init__(self, name, known, words):
        super().__init__(name, "name and certificate" if not known else "connection")
        self.known, self.words = known, words

    def begin(self, world):
        world.namespace.name_is_known(self.known, "127.0.0.99")
        world.crash()

    def end(self, world):
        world.namespace.name_is_known(True)

    def check(self, world):
        for cloud in world.clouds:
            world.must_say(cloud, cloud.words.get(self.name, self.words))


class DiskFull(Fault):
    """Writers are told to wait and why; nothing that was acknowledged suffers; it ends by itself when there is room."""

    needs_namespace = True

    def begin(self, world):
        world.namespace.fill_disk()

    def end(self, world):
        world.namespace.make_room()

    def check(self, world):
        wait_until(world.load.count_refused, "writers are refused on a full disk")
        codes = set(world.load.count_refused())
        require(codes <= {"overloaded", "index_unavailable"}, f"refused with {codes}")
        status, body = world.sluice.api("POST", "/share/io.example.e2e.motion", json.dumps({"key": "probe", "n": 0}),
                                        {"Content-Type": "application/json"})
        require(status == 503, f"a write on a full disk got {status} {body}")
        require("disk" in body["detail"] or "index" in body["detail"], f"the refusal does not say why: {body}")


class Killed(Fault):
    """kill -9 at any moment, and a start."""

    def begin(self, world):
        time.sleep(world.rng.uniform(0.05, 0.5))  # the moment is what is being tried
        world.crash()


class Stopped(Fault):
    """SIGTERM while it is written to, and a start: an orderly end repeats nothing and passes over nothing."""

    def begin(self, world):
        for _ in range(5 if world.alone else 1):
            time.sleep(world.rng.uniform(0.05, 0.3))  # the moment is what is being tried
            world.stop_and_start()


class Changed(Fault):
    """Every integration's settings change while events come, again and again."""

    def begin(self, world):
        for _ in range(5 if world.alone else 2):
            time.sleep(world.rng.uniform(0.02, 0.2))
            world.change_settings()


class KilledInCommit(Fault):
    """The process ends at a chosen point of a group commit: before the write, half through it, before and after the sync."""

    POINTS = ("before", "half", "written", "synced")

    def __init__(self, name, points=POINTS):
        super().__init__(name, "process")
        self.points = points

    def begin(self, world):
        for point in self.points if world.alone else [world.rng.choice(self.points)]:
            world.crash_in_commit(f"{point}:{world.rng.randrange(2, 30)}")


def share(action, of, **more):
    return {"action": action, "share": of, **more}


FAULTS = [
    Fault("none", "none"),
    Requests("1% of the records fail", "partial failure", share("fail_record", 0.01)),
    Requests("20% of the records fail", "partial failure", share("fail_record", 0.2)),
    Requests("all records fail", "partial failure", share("fail_record", 1.0), mixable=False),
    Requests("the first record of each request fails", "partial failure", {"action": "fail_record", "record": 0}),
    Requests("every third record is throttled", "throttled", {"action": "throttle", "every": 3}),
    Requests("half of the requests are throttled", "throttled", share("throttle_request", 0.5)),
    Refused("throttled", "throttled", {"action": "throttle_request"}, "throttled"),
    Requests("half of the requests get 500", "service fault", share("http_500", 0.5)),
    Requests("slow", "service fault", share("delay", 0.5, delay="80ms")),
    Requests("hang before acceptance", "connection", {"action": "hang", "every": 4},
             words=Words("transient", "timeout", "did not answer in time")),
    Requests("hang after acceptance", "connection", {"action": "hang_after", "every": 4},
             words=Words("transient", "timeout", "did not answer in time")),
    Requests("reset before acceptance", "connection", share("reset_before", 0.3)),
    Requests("reset after acceptance", "connection", share("reset_after", 0.3)),
    Name("refused", True, Words("transient", "connection_refused", "is a firewall between this machine and localhost port")),
    Name("dns", False, Words("transient", "dns_failure", "does this machine's DNS know it")),
    Certificate("certificate expired", "expired", Words("transient", "tls_certificate_expired", "must be valid for that name")),
    Certificate("certificate of another host", "wrong_host", Words("transient", "tls_wrong_host", "must be valid for that name")),
    Requests("some sessions expire", "credentials", share("expired_token", 0.3)),
    Refused("revoked", "credentials", None, "failing"),
    Deleted("target deleted", "target"),
    Requests("target missing for half of the requests", "target", share("missing_target", 0.5)),
    Skewed("clock an hour ahead", 3600),
    Skewed("clock an hour behind", -3600),
    DiskFull("disk full", "disk"),
    Killed("kill -9", "process"),
    KilledInCommit("kill -9 during a group commit"),
    Stopped("SIGTERM", "process"),
    Changed("settings changed", "process"),
]
BY_NAME = {fault.name: fault for fault in FAULTS}
