"""The management API and its commands over a real process: dead letters, samples, replays, changes, reloads, back-pressure."""

import json
import os
import signal
import subprocess
import sys

from harness import Folder, Sluice, TOKEN, call, check_ledger, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]


def hook(peer, name="a", **settings):
    destination = {"type": "webhook", "url": f"{peer.url}/{name}"}
    return {"id": name, "org": "default", "filter": {"recTypes": ["io.acme.**"]}, "destination": destination, "start": "oldest",
            "key": "{obj.data.device}", "retry": {"max_backoff": "100ms"}, **settings}


def write(node, objects, rec_type="io.acme.desk"):
    body = "\n".join(json.dumps(each) for each in objects)
    status, data = node.api("POST", f"/share/{rec_type}", body, {"Content-Type": "application/x-ndjson"})
    require(status == 201, f"the write was answered {status} {data}")


def readings(count, devices=5, bad=(), **more):
    return [{"device": f"d{n % devices}", "n": n, "bad": n in bad, **more} for n in range(count)]


def settled(node, name, count):
    def done():
        stats, _ = node.stats(name)
        check_ledger(stats, name)
        return stats if stats["matched"] - stats["pending"] >= count else None
    return wait_until(done, f"{count} events of {name} are settled")


def sluice(node, *arguments, expect=0, text=None):
    command = [BINARY, *arguments, "--url", f"http://127.0.0.1:{node.port}", "--token", TOKEN]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    require(done.returncode == expect, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Node(Sluice):
    def __enter__(self):
        return self.start()

    def __exit__(self, *ignored):
        self.kill()

    def configure(self, change):
        with open(self.config) as file:
            settings = json.load(file)
        change(settings)
        with open(self.config, "w") as file:
            json.dump(settings, file)


def expect_order(items):
    """First appearances of a device's readings come in the order they were written."""
    last = {}
    for item in items:
        data = item["event"]["obj"]["data"]
        require(last.get(data["device"], -1) < data["n"], f"{data['device']}: {data['n']} after {last.get(data['device'])}")
        last[data["device"]] = data["n"]


def dead_letters(folder):
    healed = False
    peer = WebhookPeer(lambda item: 400 if item["event"]["obj"]["data"]["bad"] and not healed else 204)
    with Node(BINARY, folder, [hook(peer)]) as node:
        write(node, readings(40, bad={3, 8, 13, 21, 22}))
        write(node, readings(10, bad={4}), "io.acme.door")
        settled(node, "a", 50)
        url = "/v1/integrations/a/dead-letters"
        status, page = node.api("GET", url)
        require([each["code"] for each in page["items"]] == ["http_400"] * 6, f"{page}")
        sequences = [int(each["sequence"]) for each in page["items"]]
        require(sequences == [4, 9, 14, 22, 23, 45], f"in the log's order: {sequences}")
        require(page["items"][0]["class"] == "rejected" and page["next"] is None, f"{page}")

        def found(query):
            status, page = node.api("GET", url + query)
            require(status == 200, f"{status} {page}")
            return [int(each["sequence"]) for each in page["items"]]
        require(found("?recType=io.*.door") == [45], "by recType")
        require(found("?key=d3") == [4, 9, 14], "by key")
        require(found("?class=too_large") == [], "by class")
        require(found("?from=2100-01-01T00:00:00Z") == [], "by time")
        require(found("?limit=2&after=9") == [14, 22], "a page")
        require(node.api("GET", url + "?clas=x")[0] == 400, "an unknown filter is refused")
        require(node.api("POST", url + "/discard")[0] == 422, "an empty body chooses nothing")

        require("1 discarded" in sluice(node, "dead-letters", "discard", "a", "--sequence", "45"), "the command")
        output = sluice(node, "dead-letters", "redeliver", "a", "--all", expect=1)
        require("0 redelivered, 5 left" in output, output)
        healed = True
        before = len(peer.accepted())
        require("3 redelivered, 0 left" in sluice(node, "dead-letters", "redeliver", "a", "--key", "d3"), "by key")
        expect_order(peer.accepted()[before:])
        status, answer = node.api("POST", url + "/redeliver", json.dumps({"all": True}))
        require(status == 200 and answer["redelivered"] == 2 and answer["complete"], f"{answer}")
        stats, _ = node.stats("a")
        check_ledger(stats, "a")
        require((stats["delivered"], stats["discarded"], stats["dead_lettered"], stats["redelivered"]) == (49, 1, 0, 5), f"{stats}")
        node.kill()
        node.start()
        stats = settled(node, "a", 50)
        counts = (stats["delivered"], stats["discarded"], stats["dead_lettered"], stats["redelivered"])
        require(counts == (49, 1, 0, 5), f"after kill -9: {stats}")
    peer.close()


def policies(folder):
    """continue, hold_key and pause: what the later events of a key do behind a dead letter."""
    healed = False
    peer = WebhookPeer(lambda item: 400 if item["event"]["obj"]["data"]["bad"] and not healed else 204)
    integrations = [hook(peer, "continue", on_dead_letter="continue"), hook(peer, "hold", on_dead_letter="hold_key"),
                    hook(peer, "pause", on_dead_letter="pause")]
    with Node(BINARY, folder, integrations) as node:
        write(node, readings(30, bad={7}))  # of device d2, which has 2, 7, 12, 17, 22, 27
        settled(node, "continue", 30)
        numbers = lambda name: [each["event"]["obj"]["data"]["n"] for each in peer.accepted("/" + name)]
        require([n for n in numbers("continue") if n % 5 == 2] == [2, 12, 17, 22, 27], "the key goes on")
        settled(node, "hold", 26)
        require([n for n in numbers("hold") if n % 5 == 2] == [2], "the key is held")
        require(node.stats("hold")[0]["pending"] == 4, "and what follows is pending")
        wait_until(lambda: node.stats("pause")[1]["state"] == "paused", "it is paused")
        require("a dead letter" in node.stats("pause")[1]["reason"], "and says why")
        node.kill()
        node.start()
        wait_until(lambda: node.stats("pause")[1]["state"] == "paused", "it is paused also after kill -9")
        require("a dead letter" in node.stats("pause")[1]["reason"], node.stats("pause")[1]["reason"])
        settled(node, "hold", 26)
        require({n for n in numbers("hold") if n % 5 == 2} == {2}, "the key is held after kill -9 too")

        healed = True
        sluice(node, "dead-letters", "redeliver", "hold", "--all")
        settled(node, "hold", 30)
        require([n for n in dict.fromkeys(numbers("hold")) if n % 5 == 2] == [2, 7, 12, 17, 22, 27], "nothing overtook it")
        sluice(node, "dead-letters", "redeliver", "pause", "--all")
        sluice(node, "integrations", "resume", "pause")
        settled(node, "pause", 30)
    peer.close()


def samples_and_replays(folder):
    peer = WebhookPeer()
    with Node(BINARY, folder, [hook(peer)]) as node:
        require("accepted" in sluice(node, "integrations", "sample", "a"), "a sample")
        require(peer.accepted()[0]["event"]["obj"]["data"]["sluice_sample"] is True, "is marked")
        peer.decide = lambda item: 401
        status, answer = node.api("POST", "/v1/integrations/a/sample")
        require(status == 200 and not answer["accepted"] and answer["error"]["class"] == "credentials", f"{answer}")
        peer.decide = lambda item: 204
        require(node.stats("a")[0]["matched"] == 0, "it is no event of the log")

        write(node, readings(50))
        settled(node, "a", 50)
        before = len(peer.accepted())
        output = sluice(node, "integrations", "replay", "a", "--from", "11", "--to", "30")
        require("from 11 to 30" in output, output)
        write(node, [{"device": "live", "n": n, "bad": False} for n in range(20)])
        settled(node, "a", 70)
        done = wait_until(lambda: (lambda r: r if not r["running"] else None)(node.stats("a")[1]["replay"]), "the replay ends")
        require(done["delivered"] == 20 and done["ended"] == "" and done["position"] == "30", f"{done}")
        again = [each for each in peer.accepted()[before:] if each["event"]["obj"]["data"]["device"] != "live"]
        require(sorted(each["event"]["obj"]["data"]["n"] for each in again) == list(range(10, 30)), "the part that was asked for")
        expect_order(again)
        ids = {each["headers"]["webhook-id"] for each in peer.accepted()[:before]}
        require(not ids & {each["headers"]["webhook-id"] for each in again}, "a receiver that drops repeats would drop the replay")
        require(len({each["headers"]["webhook-id"] for each in again}) == 20, "one for each event")
        require(node.stats("a")[0]["delivered"] == 70, "outside the ledger")

        refused = lambda body: node.api("POST", "/v1/integrations/a/replay", json.dumps(body))
        for body, says in (({"from": "9", "to": "5"}, "lies before"), ({"from": "71"}, "beyond the log"), ({}, "`from` is missing"),
                           ({"from": "soon"}, "neither a sequence nor a time"), ({"from": "2100-01-01T00:00:00Z"}, "beyond the log"),
                           ({"from": "2000-01-01T00:00:00Z", "to": "2000-01-02T00:00:00Z"}, "nothing was stored")):
            status, answer = refused(body)
            require(status == 422 and says in answer["detail"], f"{body}: {status} {answer}")

        peer.gate.clear()
        arrived = len(peer.items)
        status, begun = refused({"from": "2000-01-01T00:00:00Z"})
        require(status == 202 and begun["from"] == "1" and begun["to"] == "70", f"{begun}")
        require(refused({"from": "1"})[0] == 409, "one at a time")
        peer.wait_for_arrivals(arrived + 1)
        node.kill()
        peer.gate.set()
        node.start()
        ended = node.stats("a")[1]["replay"]
        require(not ended["running"] and ended["ended"] and ended["to"] == "70", f"a restart ends it and says so: {ended}")
    peer.close()


def changes(folder):
    peer, other = WebhookPeer(), WebhookPeer()
    with Node(BINARY, folder, []) as node:
        settings = hook(peer, "a")
        settings["destination"]["secret"] = "whsec_" + "c2x1aWNlLXRlc3Qtc2VjcmV0LTAxMjM0NTY3"
        status, made = node.api("POST", "/v1/integrations", json.dumps(settings))
        require(status == 201, f"{status} {made}")
        write(node, readings(5))
        settled(node, "a", 5)

        def exchange(method, body=None, headers=None):
            import http.client
            connection = http.client.HTTPConnection("127.0.0.1", node.port)
            connection.request(method, "/v1/integrations/a", json.dumps(body) if body is not None else None,
                               {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers.get("ETag")
        status, shown, tag = exchange("GET")
        require(shown["destination"]["secret"] == "(redacted)" and tag, f"{shown}")

        # What was read is edited and sent back; the secret stays.
        shown["destination"]["url"] = peer.url + "/moved"
        status, changed, second = exchange("PUT", shown, {"If-Match": tag})
        require(status == 200 and second != tag, f"{status} {changed}")
        require(exchange("PUT", shown, {"If-Match": tag})[0] == 412, "somebody else's change is not overwritten")
        require(exchange("DELETE", None, {"If-Match": tag})[0] == 412, "what somebody else changed is not deleted")
        write(node, readings(5))
        settled(node, "a", 10)
        moved = peer.accepted("/moved")
        require(len(moved) == 5 and "webhook-signature" in moved[0]["headers"], "it goes on from its cursor, signed as before")

        status, refused, _ = exchange("PATCH", {"destination": {"url": other.url + "/a"}})
        require(status == 422 and "destination.secret must be given again" in refused["detail"], f"{status} {refused}")
        status, refused, _ = exchange("PATCH", {"payload": "nonsense"})
        require(status == 422 and "payload" in refused["detail"], f"{status} {refused}")
        require(exchange("PATCH", {"id": "b"})[0] == 422, "its id stays")
        require(exchange("PATCH", {}, {"Content-Type": "text/plain"})[0] == 415, "a patch is JSON")
        status, changed, third = exchange("PATCH", {"destination": {"secret": None, "url": other.url + "/a"}, "payload": "data"})
        require(status == 200 and "secret" not in changed["destination"], f"{status} {changed}")
        require(exchange("GET")[2] == third, "the tag stays while nothing changes")
        node.kill()
        node.start()
        require(exchange("GET")[2] == third, "also after kill -9")
        other.decide = lambda item: 204
        write(node, readings(3))
        settled(node, "a", 13)
        # Three keys, three connections: no order among them is promised.
        require({item["event"]["n"] for item in other.accepted()} == {0, 1, 2}, "the payload is what it was changed to")
        require(len(other.accepted()) == 3, "each once")
        output = sluice(node, "integrations", "patch", "a", "-", text='{"batch":{"max_events":7}}')
        require("a to webhook is running" in output, output)
        require(exchange("GET")[1]["batch"] == {"max_events": 7}, "by the command")
    peer.close()
    other.close()


def reloads(folder):
    peer = WebhookPeer()
    with Node(BINARY, folder, [hook(peer, "same"), hook(peer, "changes"), hook(peer, "goes")]) as node:
        write(node, readings(10))
        for name in ("same", "changes", "goes"):
            settled(node, name, 10)

        def break_it(settings):
            settings["integrations"][1]["destination"]["url"] = peer.url + "/elsewhere"
            settings["integrations"][2]["payload"] = "nonsense"
        node.configure(break_it)
        status, answer = node.api("POST", "/v1/reload")
        require(status == 422 and "integrations[2].payload" in answer["detail"] and "sluice.yaml" in answer["detail"], f"{answer}")
        write(node, readings(10))
        settled(node, "changes", 20)
        require(not peer.accepted("/elsewhere"), "nothing was changed")

        connections = {item["connection"] for item in peer.accepted("/same")}

        def change(settings):
            del settings["integrations"][2]
            settings["integrations"].append(hook(peer, "new"))
            settings["tokens"] = [{"name": "reader", "org": "default", "scopes": ["INTEGRATION:READ"], "token": "reader-0123456789abcdef"}]
        node.configure(change)
        output = sluice(node, "reload")
        require(all(word in output for word in ('added ["new"]', 'changed ["changes"]', 'removed ["goes"]', "untouched 1")), output)
        require(node.api("GET", "/v1/integrations/goes")[0] == 404, "it is gone")
        status, _ = call(node.port, "GET", "/v1/integrations/same", headers={"Authorization": "Bearer reader-0123456789abcdef"})
        require(status == 200, "the new token is known")
        settled(node, "new", 20)
        write(node, readings(10))
        settled(node, "changes", 30)
        require(len(peer.accepted("/elsewhere")) == 10, "the changed one goes on where it was")
        settled(node, "same", 30)
        require({item["connection"] for item in peer.accepted("/same")} == connections, "the same one kept its connection")

        # Put back within seven days it goes on from its cursor; by SIGHUP this time.
        node.configure(lambda settings: settings["integrations"].append(hook(peer, "goes")))
        node.process.popen.send_signal(signal.SIGHUP)
        wait_until(lambda: node.api("GET", "/v1/integrations/goes")[0] == 200, "it is back")
        settled(node, "goes", 30)
        require(len(peer.accepted("/goes")) == 30, "nothing is missing and nothing came twice")

        node.configure(lambda settings: settings.update({"shards": 7}))
        status, answer = node.api("POST", "/v1/reload")
        require(status == 422 and "shards changed" in answer["detail"], f"{answer}")
        status, _ = call(node.port, "POST", "/v1/reload", headers={"Authorization": "Bearer reader-0123456789abcdef"})
        require(status == 403, "a reload is the operator's")
    peer.close()


def pressure(folder):
    """A paused integration's backlog is told of at half and at nine tenths of the hard limit; an org over its backlog and a disk below
    its floor have writers wait."""
    peer = WebhookPeer()
    extra = {"retention": {"size": "1MiB"}, "hard_limit": "2MiB", "limits": {"org_backlog": "1700KiB"}}
    with Node(BINARY, folder, [hook(peer)], extra) as node:
        sluice(node, "integrations", "pause", "a")
        write(node, readings(60, pad="x" * 20_000))  # 1.2 MB
        item = wait_until(lambda: (lambda i: i if i["stats"]["backlog"]["of_hard_limit"] >= 0.5 else None)(node.stats("a")[1]),
                          "the backlog is half of the hard limit")
        require("% of hard_limit" in item["reason"] and item["state"] == "paused", item["reason"])
        wait_until(lambda: "half of hard_limit" in node.log_tail(), "the log says so")
        metrics = call(node.port, "GET", "/metrics")[1].decode()
        line = next(each for each in metrics.splitlines() if each.startswith("sluice_integration_backlog_of_hard_limit{"))
        require(0.5 <= float(line.split()[-1]) < 0.9, line)
        require("nine tenths" not in node.log_tail(), "not yet")

        write(node, readings(35, pad="x" * 20_000))  # 1.9 MB in all
        wait_until(lambda: "nine tenths of hard_limit" in node.log_tail(), "the log says that too")

        def refused():
            status, answer = call(node.port, "POST", "/share/io.acme.desk", '{"device":"d","n":1,"bad":false}',
                                  {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
            return json.loads(answer) if status == 429 else None
        answer = wait_until(refused, "the org's writers are told to wait")
        require(answer["code"] == "org_backlog", f"{answer}")
        sluice(node, "integrations", "resume", "a")
        settled(node, "a", 95)
        wait_until(lambda: refused() is None, "and may write again when the backlog is gone")
        node.stop()
        node.configure(lambda settings: settings.update({"min_free_disk": "900TiB"}))
        node.start(wait=False)

        def floor():
            import http.client
            try:
                connection = http.client.HTTPConnection("127.0.0.1", node.port)
                connection.request("POST", "/share/io.acme.desk", '{"device":"d","n":1,"bad":false}',
                                   {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
                answer = connection.getresponse()
            except OSError:
                return None
            return answer.status, answer.headers.get("Retry-After"), json.loads(answer.read())
        status, retry_after, answer = wait_until(floor, "it answers")
        require(status == 503 and retry_after, f"below the floor of free disk: {status} {answer}")
        status, ready = call(node.port, "GET", "/readyz")
        require(status == 503 and b"min_free_disk" in ready, f"/readyz says so too: {status} {ready}")
        require(os.stat(node.data_dir).st_mode & 0o077 == 0, "nobody else looks into the data folder")
    peer.close()


def main():
    chosen = sys.argv[2:]
    for test in (dead_letters, policies, samples_and_replays, changes, reloads, pressure):
        if chosen and test.__name__ not in chosen:
            continue
        with Folder() as folder:
            test(folder)
        print(f"{test.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
