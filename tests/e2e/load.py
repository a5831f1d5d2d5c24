"""A keyed load: objects of several recTypes created, updated and deleted by writers that know what must arrive, and in which order."""

import http.client
import json
import random
import threading
import time
import uuid

from harness import TOKEN, require

REC_TYPES = ["io.example.e2e.motion", "io.example.e2e.climate.unpacked", "io.example.e2e.feedback"]


class KeyedLoad:
    """Writers that each own some keys. What is written of a key is numbered, and written only when what came before it is stored:
    so the log's order of a key is the order here. A write without an answer is settled before the writer goes on: a create by
    repeating it under its Idempotency-Key, an update or delete by looking."""

    def __init__(self, sluice, seed, prefix, writers=4, keys=6, pace=1500):
        self.sluice, self.prefix, self.pace = sluice, prefix, pace / writers
        self.events = {}  # key: its events in the log's order, as (event_type, n)
        self.refused = {}  # code of a 429 or 503: how often
        self.errors = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.gave_up = False
        self.threads = [threading.Thread(target=self._run, args=(w, keys, random.Random(f"{seed}/{prefix}/{w}")), daemon=True)
                        for w in range(writers)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        """Waits until every writer knows what became of its last write."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        require(not self.errors, f"a write was refused: {self.errors[:3]}")
        return self.events

    def total(self):
        with self.lock:
            return sum(len(events) for events in self.events.values())

    def count_refused(self):
        with self.lock:
            return dict(self.refused)

    def _run(self, writer, keys, rng):
        try:
            Writer(self, writer, keys, rng).run()
        except GaveUp:
            self.gave_up = True
        except Exception as error:  # shown by stop(), in the thread that judges
            self.errors.append(repr(error))


class GaveUp(Exception):
    """The node is gone for good, and so is the test."""


class Writer:
    def __init__(self, load, number, keys, rng):
        self.load, self.rng = load, rng
        self.keys = [f"{load.prefix}-w{number}-k{k}" for k in range(keys)]
        self.rec_types = {key: REC_TYPES[k % len(REC_TYPES)] for k, key in enumerate(self.keys)}
        self.last = dict.fromkeys(self.keys, 0)
        self.alive = []  # [key, id, n] of objects that can be changed
        self.connection = None
        self.written = 0

    def run(self):
        started = time.monotonic()
        while not self.load.stopping.is_set():
            # A steady pace: enough to fill batches, little enough for the sandbox to keep all of it.
            if self.written > (time.monotonic() - started) * self.load.pace:
                time.sleep(0.004)
                continue
            what = self.rng.random()
            if what < 0.6 or not self.alive:
                self.create()
            elif what < 0.85:
                self.update()
            else:
                self.delete()

    def store(self, events):
        self.written += len(events)
        with self.load.lock:
            for key, event in events:
                self.load.events.setdefault(key, []).append(event)

    def create(self):
        rec_type = self.rng.choice(REC_TYPES)
        mine = [key for key in self.keys if self.rec_types[key] == rec_type]
        batch = []
        for _ in range(self.rng.choice([1, 1, 4, 25])):
            key = self.rng.choice(mine)
            self.last[key] += 1
            batch.append({"key": key, "n": self.last[key], "pad": "x" * self.rng.randrange(300)})
        body = "\n".join(json.dumps(item) for item in batch)
        headers = {"Idempotency-Key": uuid.UUID(int=self.rng.getrandbits(128)).hex,
                   "Content-Type": "application/json" if len(batch) == 1 else "application/x-ndjson"}
        answer = self.until_settled("POST", f"/share/{rec_type}", body, headers)
        self.store([(item["key"], ("create", item["n"])) for item in batch])
        objects = answer["objs"]
        require(len(objects) == len(batch), f"{len(objects)} objects answered for {len(batch)} created")
        self.alive += [[item["key"], each["id"], item["n"]] for item, each in zip(batch, objects)]
        del self.alive[:-200]

    def update(self):
        object_ = self.rng.choice(self.alive)
        key, id_, _ = object_
        self.last[key] += 1
        n = self.last[key]
        path = f"/share/{self.rec_types[key]}/{id_}"
        body = json.dumps({"key": key, "n": n, "pad": "y" * self.rng.randrange(300)})

        def is_stored():
            status, answer = self.ask("GET", path)
            return status == 200 and answer["objs"][0]["data"]["n"] == n

        self.until_settled("PUT", path, body, {"Content-Type": "application/json"}, is_stored)
        object_[2] = n
        self.store([(key, ("update", n))])

    def delete(self):
        key, id_, n = self.alive.pop(self.rng.randrange(len(self.alive)))
        path = f"/share/{self.rec_types[key]}/{id_}"
        self.until_settled("DELETE", path, None, {}, lambda: self.ask("GET", path)[0] == 404)
        self.store([(key, ("delete", n))])

    def until_settled(self, method, path, body, headers, is_stored=None):
        """Repeats until it is known to be stored. `is_stored`: asked after a write without an answer; without it the write is
        one that may be repeated."""
        unsure = False
        while True:
            try:
                if unsure and is_stored and is_stored():
                    return None
                status, answer = self.ask(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                unsure = True
                continue
            if status in (429, 503):
                code = answer.get("code") if answer else None
                with self.load.lock:
                    self.load.refused[code] = self.load.refused.get(code, 0) + 1
                time.sleep(0.02)
                continue
            require(status in (200, 201), f"{method} {path}: {status} {answer}")
            return answer

    def ask(self, method, path, body=None, headers=None):
        """One request; 503 of a read is asked again. Connection errors are thrown, after a moment."""
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.load.sluice.port, timeout=60)
                self.connection.request(method, path, body=body,
                                        headers={"Authorization": f"Bearer {TOKEN}", **(headers or {})})
                answer = self.connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if self.load.stopping.is_set() and not self.load.sluice.expected_up():
                    raise GaveUp from None
                time.sleep(0.02)  # it was killed: it comes back
                raise
            if answer.status == 503 and method == "GET":
                time.sleep(0.02)
                continue
            return answer.status, json.loads(data) if data else None
