"""The key for secrets rotated, also under kill -9; credentials tried before they replace those in use; the listener's certificate
reloaded: over a real process, as an operator does it."""

import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import clouds
from harness import Folder, Sandbox, Sluice, TOKEN, call, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]


def hook(name, url, secret="first"):
    return {"id": name, "filter": {"recTypes": ["io.example.**"]}, "destination": {"type": "webhook", "url": url, "secret": secret},
            "start": "oldest"}


class Node(Sluice):
    def ok(self, method, path, body=None, expect=200):
        status, answer = self.api(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        require(status == expect, f"{method} {path}: {status} {answer}")
        return answer

    def ids(self):
        return sorted(each["id"] for each in self.ok("GET", "/v1/integrations?limit=1000")["items"])

    def key_file(self):
        return os.path.join(self.data_dir, "secrets.key")

    def keys(self):
        with open(self.key_file()) as file:
            return file.read().split()


def command(*arguments, expect=0, environment=None):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, env=dict(os.environ, **(environment or {})))
    require(done.returncode == expect, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def bytes_of(folder):
    out = b""
    for root, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(root, name), "rb") as file:
                out += file.read()
    return out


def rotate_by_hand(folder):
    peer = WebhookPeer()
    node = Node(BINARY, folder, []).start()
    for number in range(20):
        node.ok("POST", "/v1/integrations", hook(f"hook-{number}", peer.url + "/in"), 201)
    first = node.ok("GET", "/v1/secrets")
    require(first["records"] == 20 and first["by_key"] == {first["key"]: 20} and first["not_under_key"] == 0, f"{first}")
    address = ("--url", f"http://127.0.0.1:{node.port}", "--token", TOKEN)
    old_key = node.keys()

    said = command("secrets", "rotate", *address)
    require("20 records sealed anew" in said and first["key"] in said, said)
    second = node.ok("GET", "/v1/secrets")
    require(second["key"] != first["key"] and second["keys"] == [second["key"]] and second["by_key"] == {second["key"]: 20}, f"{second}")
    require(len(node.keys()) == 1 and node.keys() != old_key, "the old key is gone from the file")
    require(os.stat(node.key_file()).st_mode & 0o777 == 0o600, "the key is for its owner only")
    require(f"v2:{first['key']}".encode() not in bytes_of(os.path.join(node.data_dir, "db")), "what was sealed before is gone too")
    node.api("POST", "/share/io.example.desk", '{"n":1}', {"Content-Type": "application/json"})
    wait_until(lambda: len(peer.accepted()) == 20, "all of them deliver on")

    kept = node.ok("POST", "/v1/secrets/rotate", {"keep_old": True})
    require(kept["kept"] == [second["key"]] and len(node.keys()) == 2, f"{kept}")
    status, answer = node.api("POST", "/v1/secrets/rotate", '{"keep_all":true}', {"Content-Type": "application/json"})
    require(status == 422 and "keep_old" in json.dumps(answer), f"{status} {answer}")
    refused = command("secrets", "rotate", "--data-dir", node.data_dir, expect=1)
    require("in use" in refused and "--url" in refused, refused)
    node.stop()

    said = command("secrets", "status", "--data-dir", node.data_dir)
    require(kept["key"] in said and second["key"] in said, said)
    said = command("secrets", "rotate", "--data-dir", node.data_dir)
    require("20 records sealed anew" in said, said)
    require(len(node.keys()) == 1, "keys of before are dropped")
    node.start()
    require(len(node.ids()) == 20, "all there after a rotation of the stopped node")
    node.stop()

    os.chmod(node.key_file(), 0o644)
    node.start(wait=False)
    require(node.process.popen.wait() == 1, "a key that everybody may read is refused")
    require("can be read by everybody" in node.log_tail() and "chmod 600" in node.log_tail(), node.log_tail())
    os.chmod(node.key_file(), 0o600)
    peer.close()
    print("rotated while running and while stopped", flush=True)


def key_of_the_environment(folder):
    old, new = "aa" * 32, "bb" * 32
    node = Node(BINARY, folder, []).start({"SLUICE_SECRETS_KEY": old})
    node.ok("POST", "/v1/integrations", hook("hook", "http://127.0.0.1:9/"), 201)
    status, answer = node.api("POST", "/v1/secrets/rotate")
    require(status == 422 and "NEW,OLD" in json.dumps(answer), f"{status} {answer}")
    node.stop()
    node.start({"SLUICE_SECRETS_KEY": f"{new},{old}"})
    done = node.ok("POST", "/v1/secrets/rotate")
    require(done["resumed"] and done["resealed"] == 1 and "SLUICE_SECRETS_KEY" in done["warning"], f"{done}")
    node.stop()
    node.start({"SLUICE_SECRETS_KEY": new})
    require(node.ids() == ["hook"], "the new key alone opens it")
    node.stop()
    node.start({"SLUICE_SECRETS_KEY": old}, wait=False)
    require(node.process.popen.wait() == 1 and "cannot be opened" in node.log_tail(), node.log_tail())
    print("rotated with keys from the environment", flush=True)


def rotate_under_kill(folder, rounds=12, integrations=150):
    """Killed at a random moment of a rotation, again and again: every start finds every integration."""
    node = Node(BINARY, folder, []).start()
    for number in range(integrations):
        node.ok("POST", "/v1/integrations", hook(f"hook-{number}", "http://127.0.0.1:9/"), 201)
    expected = node.ids()
    began = time.monotonic()
    node.ok("POST", "/v1/secrets/rotate")
    whole = time.monotonic() - began
    cut_short = 0
    for number in range(rounds):
        def rotate():
            try:
                node.api("POST", "/v1/secrets/rotate")
            except (OSError, http.client.HTTPException):
                pass
        thread = threading.Thread(target=rotate)
        thread.start()
        time.sleep(random.Random(number).uniform(0, whole))
        node.kill()
        thread.join()
        cut_short += len(node.keys()) > 1
        node.start()
        require(node.ids() == expected, f"round {number}: integrations are missing")
    node.ok("POST", "/v1/secrets/rotate")
    status = node.ok("GET", "/v1/secrets")
    require(status["by_key"] == {status["key"]: integrations}, f"{status}")
    require(len(node.keys()) == 1, "one key is left")
    node.kill()
    require(cut_short > 0, "no round was killed in the midst: this shows nothing")
    print(f"killed {rounds} times, {cut_short} of them in the midst of sealing {integrations} records: all there", flush=True)


def credentials_with_overlap(folder):
    sandbox = Sandbox(BINARY, folder)
    place = clouds.place_of(sandbox, clouds.CLOUDS)
    node = Node(BINARY, folder, []).start()
    for cloud in (clouds.CLOUDS[0], clouds.CLOUDS[2]):
        overlap_of(node, cloud, cloud.settings(place))
    sandbox.stop()
    node.stop()


def overlap_of(node, cloud, destination):
    path = f"/v1/integrations/{cloud.id}"
    node.ok("POST", "/v1/integrations", {"id": cloud.id, "filter": {"recTypes": ["io.example.**"]}, "destination": destination}, 201)

    def delivers():
        before = node.stats(cloud.id)[0]["delivered"]
        node.api("POST", "/share/io.example.desk", '{"n":1}', {"Content-Type": "application/json"})
        wait_until(lambda: node.stats(cloud.id)[0]["delivered"] > before, f"{cloud.id} delivers")
    delivers()
    before = node.ok("GET", path)
    wrong = {"destination": {"credentials": {"access_key_id": clouds.ACCESS_KEY, "secret_access_key": "not/the+right+one"}}}
    status, answer = node.api("PATCH", path, json.dumps(wrong))
    require(status == 422 and answer["code"] == "refused_by_provider", f"{status} {answer}")
    require("credentials: " in answer["detail"] and "force=true" in answer["detail"] and "not/the" not in answer["detail"], f"{answer}")
    delivers()
    after = node.ok("GET", path)
    require(after["destination"] == before["destination"], "nothing was changed")
    require(after["stats"]["retries"] == before["stats"]["retries"] and after["state"] == "running", f"undisturbed: {after}")

    node.ok("PATCH", path + "?force=true", wrong)
    node.api("POST", "/share/io.example.desk", '{"n":2}', {"Content-Type": "application/json"})
    wait_until(lambda: node.stats(cloud.id)[0]["last_error"], "what was forced is refused by the provider")
    node.ok("PATCH", path, {"batch": {"max_events": 7}})  # no trial for what the provider has no say in
    node.ok("PATCH", path, {"destination": {"credentials": destination["credentials"]}})
    delivers()
    wait_until(lambda: node.stats(cloud.id)[0]["pending"] == 0, "the backlog too")

    elsewhere = {"destination": {"endpoint": "http://127.0.0.1:9", "credentials": destination["credentials"]}}
    answer = node.ok("PATCH", path, elsewhere)
    require("could not be tried" in answer["warning"] and "warning" not in node.ok("GET", path), f"{answer}")
    answer = node.ok("PUT", path, {**{k: v for k, v in before.items() if k not in ("stats",)}, "destination": destination})
    require("warning" not in answer, f"{answer}")
    delivers()
    print(f"{cloud.id}: refused credentials changed nothing, good ones took over", flush=True)


def certificate(folder, name, days=30):
    made_key, made = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    arguments = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made_key, "-out", made,
                 "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    if days > 0:
        subprocess.run([*arguments, "-days", str(days)], check=True, capture_output=True)
    else:  # openssl req makes none that has ended: the sandbox's way is not open here, so one is signed by openssl x509
        subprocess.run([*arguments, "-days", "1"], check=True, capture_output=True)
        request = os.path.join(folder, name + ".csr")
        subprocess.run(["openssl", "req", "-new", "-key", made_key, "-subj", f"/CN={name}", "-out", request], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey", made_key, "-days", str(days), "-out", made], check=True,
                       capture_output=True)
    return made, made_key


def install(source, target):
    """As certbot does: other files under the same names."""
    for name in (0, 1):
        with open(source[name]) as file, open(target[name] + ".tmp", "w") as fresh:
            fresh.write(file.read())
        os.replace(target[name] + ".tmp", target[name])


def shown(port):
    """The subject of the certificate that a new connection is shown."""
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
        der = secure.getpeercert(binary_form=True)
    done = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der, capture_output=True, check=True)
    return done.stdout.decode().strip().split("CN = ")[-1].split("CN=")[-1]


class SecureNode(Node):
    def _up(self):
        require(self.process.alive(), "sluice ended at start:\n" + self.log_tail())
        try:
            return call(self.port, "GET", "/readyz", tls=True)[0] == 200
        except OSError:
            return False

    def reload(self):
        return call(self.port, "POST", "/v1/reload", headers={"Authorization": f"Bearer {TOKEN}"}, tls=True)


def certificate_reload(folder):
    first, second, other = (certificate(folder, name) for name in ("first.example", "second.example", "other.example"))
    expired = certificate(folder, "expired.example", days=-1)
    live = (os.path.join(folder, "live.pem"), os.path.join(folder, "live.key"))
    install(first, live)
    node = SecureNode(BINARY, folder, [], {"tls": {"cert_file": live[0], "key_file": live[1]}}).start()
    require(shown(node.port) == "first.example", "the first one is shown")
    kept = http.client.HTTPSConnection("127.0.0.1", node.port, context=ssl._create_unverified_context())

    def still_answers():
        kept.request("GET", "/healthz")
        answer = kept.getresponse()
        answer.read()
        return answer.status == 200
    require(still_answers(), "a connection of before")

    install(second, live)
    require(shown(node.port) == "first.example", "not before it is told")
    node.process.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: shown(node.port) == "second.example", "new connections are shown the new one")
    sock = kept.sock
    require(still_answers() and kept.sock is sock, "the connection of before goes on")
    wait_until(lambda: "second.example, valid until" in node.log_tail(), "the log says so")

    for what, files, words in (("another's key", (second[0], other[1]), "is not the one of the certificate"),
                               ("an expired one", expired, "is not valid now"),
                               ("no certificate", (other[1], other[1]), "holds no PEM certificate")):
        install(files, live)
        status, answer = node.reload()
        require(status == 422 and words in answer.decode() and "nothing was changed" in answer.decode(), f"{what}: {status} {answer}")
        require(live[0] in answer.decode() or live[1] in answer.decode(), f"{what}: the file is named: {answer}")
        require(shown(node.port) == "second.example" and still_answers(), f"{what}: the one in use stays")
    os.unlink(live[0])
    status, answer = node.reload()
    require(status == 422 and "cannot be read" in answer.decode(), f"a missing one: {status} {answer}")
    install(other, live)
    require(node.reload()[0] == 200 and shown(node.port) == "other.example", "and a good one is taken again")

    for version, works in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{node.port}", version, "-cipher", "DEFAULT@SECLEVEL=0"],
                              input=b"", capture_output=True)
        require((b"Cipher is (NONE)" not in done.stdout and done.returncode == 0) == works, f"{version}: {done.stdout[-2000:]}")
    node.stop()
    print("certificates reloaded", flush=True)


def main():
    for test in (rotate_by_hand, key_of_the_environment, rotate_under_kill, credentials_with_overlap, certificate_reload):
        with Folder() as folder:
            test(folder)
    print("secrets: ok")


if __name__ == "__main__":
    main()
