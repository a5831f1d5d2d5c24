"""No secret leaves the process: recognisable ones are planted wherever a secret can be given, the process is driven through success,
failure, bad input, debug logging, backup and a crash, and then everything that it wrote or answered is searched for each of them, as it
is and in base64, hex and URL encoding."""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.parse

import clouds
from harness import Folder, Sandbox, Sluice, call, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]
PLANTED = {}


def plant(name, length=30):
    """Letters and digits: nothing that an encoding would change, so that it is found inside of anything."""
    PLANTED[name] = f"Planted{secrets.token_hex(length // 2)}"
    return PLANTED[name]


def plant_base64(name):
    """For keys that are base64: both what is pasted and the bytes that it stands for."""
    raw = plant(name).encode().ljust(48, b"x")
    PLANTED[name + " (pasted)"] = base64.b64encode(raw).decode().rstrip("=")
    return base64.b64encode(raw).decode()


def forms(text):
    raw = text.encode()
    # The middle of its base64, at each of the three offsets that it may have within a longer text.
    in_base64 = [base64.b64encode(b"\0" * offset + raw)[4:-4] for offset in range(3)]
    url_safe = [each.replace(b"+", b"-").replace(b"/", b"_") for each in in_base64]
    quoted = urllib.parse.quote(text, safe="").encode()
    escaped = json.dumps(text)[1:-1].encode()
    return {raw, raw.hex().encode(), raw.hex().upper().encode(), quoted, quoted.lower(), escaped, *in_base64, *url_safe}


class Written:
    """Everything the process wrote or answered, by where."""

    def __init__(self):
        self.all = {}

    def add(self, where, data):
        self.all[where] = self.all.get(where, b"") + (data.encode() if isinstance(data, str) else data) + b"\n"

    def add_tree(self, name, folder, skip=()):
        for root, _, files in os.walk(folder):
            for file in files:
                path = os.path.join(root, file)
                if path in skip or os.path.islink(path):
                    continue
                with open(path, "rb") as opened:
                    self.all[f"{name}: {path}"] = opened.read().rstrip(b"\0")  # what the log has set aside

    def search(self):
        found = []
        for name, text in PLANTED.items():
            for form in forms(text):
                for where, data in self.all.items():
                    at = data.find(form)
                    if at >= 0:
                        found.append(f"{name} as {form[:60]!r} in {where}: …{data[max(0, at - 120):at + 60]!r}")
        return found


WRITTEN = Written()


def run(where, *arguments, environment=None, text=None):
    done = subprocess.run([BINARY, *arguments], input=text, capture_output=True, text=True,
                          env=dict(os.environ, **(environment or {})))
    WRITTEN.add(f"command {where}", done.stdout + done.stderr)
    return done


class Node(Sluice):
    def ask(self, method, path, body=None, headers=None, token=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        status, data = call(self.port, method, path, body, {"Authorization": f"Bearer {token or ADMIN}",
                                                            "Content-Type": "application/json", **(headers or {})})
        WRITTEN.add(f"answer to {method} {path.split('/token/')[0]}", data)
        return status, json.loads(data) if data[:1] in (b"{", b"[") else data


    def stats_of(self, name):
        return self.ask("GET", f"/v1/integrations/{name}")[1]["stats"]


ADMIN = plant("operator's token")
TENANT = plant("tenant's token")
PIPE = plant("pipe token")
FROM_ENVIRONMENT = plant("secret from ${ENV}")
FROM_FILE = plant("secret from a file")
SECRETS_KEY = secrets.token_hex(32)
PLANTED["key for secrets"] = SECRETS_KEY
PLANTED["key for secrets, raw"] = SECRETS_KEY[:32]


def aws_keys(name):
    return {"access_key_id": "AKIASLUICESANDBOX000", "secret_access_key": plant(name + ": secret access key"),
            "session_token": plant(name + ": session token")}


def refused_everywhere(peer, closed):
    """An integration for each form of credentials, none of which is any good."""
    csv = "Access key ID,Secret access key\nAKIAPLANTED000000000," + plant("aws csv")
    queue = "https://sqs.eu-west-1.amazonaws.com/000000000000/q"
    user = {"type": "authorized_user", "client_id": "i", "client_secret": plant("google client secret"),
            "refresh_token": plant("google refresh token"), "token_uri": closed + "/token"}
    return {
        "bad-kinesis": {"type": "kinesis", "stream": "s", "region": "eu-west-1", "credentials": aws_keys("kinesis")},
        "bad-kinesis-csv": {"type": "kinesis", "stream": "s", "region": "eu-west-1", "credentials": {"csv": csv}},
        "bad-sqs": {"type": "sqs", "queue_url": queue, "credentials": aws_keys("sqs")},
        "bad-role": {"type": "sqs", "queue_url": queue,
                     "credentials": {"role_arn": "arn:aws:iam::000000000000:role/none", "source": aws_keys("role")}},
        "bad-hub": {"type": "event_hubs", "endpoint": "KAFKA", "connection_string":
                    "Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey="
                    + plant_base64("event hubs key")},
        "bad-hub-https": {"type": "event_hubs", "protocol": "https", "connection_string":
                          "Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;"
                          "SharedAccessKey=" + plant_base64("event hubs key over https")},
        "bad-hub-entra": {"type": "event_hubs", "protocol": "https", "namespace": "sluice-sandbox", "credentials":
                          {"tenant_id": "t", "client_id": "c", "client_secret": plant("entra client secret"), "authority": "SANDBOX"}},
        "bad-device": {"type": "iot_hub", "endpoint": "MQTT", "connection_string":
                       "HostName=sluice-sandbox.azure-devices.net;DeviceId=building-1;SharedAccessKey=" + plant_base64("device key")},
        "bad-device-https": {"type": "iot_hub", "transport": "https", "devices": {
            "**": "HostName=sluice-sandbox.azure-devices.net;DeviceId=building-1;SharedAccessKey=" + plant_base64("device key of devices")}},
        "bad-google-user": {"type": "pubsub", "endpoint": "GRPC", "project": "sluice-sandbox", "credentials": user},
        "bad-hook": {"type": "webhook", "url": closed + "/x", "secret": plant("webhook secret"),
                     "headers": {"Authorization": "Bearer " + plant("webhook header")}},
        "hook": {"type": "webhook", "url": peer.url + "/in", "secret": "whsec_" + plant_base64("webhook secret of the good one"),
                 "headers": {"X-Key": plant("webhook header of the good one")}},
        "refusing-hook": {"type": "webhook", "url": peer.url + "/refuse", "headers": {"X-Key": plant("header of the refusing one")}},
    }


def completed(destinations, place):
    """With the sandbox's addresses put in."""
    where = {"KAFKA": place.listeners["event_hubs_kafka"], "MQTT": place.listeners["iot_hub_mqtt"],
             "GRPC": place.listeners["pubsub_grpc"], "SANDBOX": place.url}
    for destination in destinations.values():
        if destination["type"] != "webhook":
            destination["endpoint"] = where[destination.get("endpoint", "SANDBOX")]
        credentials = destination.get("credentials")
        if isinstance(credentials, dict) and credentials.get("authority"):
            credentials["authority"] = place.url
    return destinations


def integration(name, destination, **more):
    return {"id": name, "filter": {"recTypes": ["io.example.**"]}, "destination": destination, "start": "oldest",
            "retry": {"max_backoff": "100ms"}, **more}


def nearly(destinations):
    """Settings that are refused, each with its secrets beside what is wrong."""
    for name, destination in destinations.items():
        yield name, {**destination, "typo_of_something": 1}
        yield name, {**destination, "endpoint": "https://user:" + plant("password in an endpoint") + "@example.com"}
        yield name, {**destination, "proxy": "http://user:" + plant("password of a proxy") + "@example.com:3128"}
        credentials = destination.get("credentials")
        if isinstance(credentials, dict):
            yield name, {**destination, "credentials": {**credentials, "secret_acces_key": plant("under a misspelt name")}}
            yield name, {**destination, "credentials": json.dumps(credentials)}
            yield name, {**destination, "credentials": json.dumps(credentials)[:-5]}
        text = destination.get("connection_string")
        if text:
            for wrong in (text.replace(";", " "), text.replace("SharedAccessKey=", "SharedAccesKey="), text[:-2] + "!", text + ";" + text,
                          "HostName" + text, text.replace("=", ":"), text.split(";")[-1]):
                yield name, {**destination, "connection_string": wrong}
            yield name, {**destination, "connection_string": [text]}
        if "secret" in destination:
            yield name, {**destination, "secret": ["whsec_" + plant("webhook secret in a list")]}
            yield name, {**destination, "secret": "whsec_!" + plant("webhook secret that is no base64")}
            yield name, {**destination, "headers": {"X Y": plant("header under a bad name")}}
            yield name, {**destination, "headers": {"X-Y": plant("header with a line end") + "\r\nA: b"}}


def bad_files(folder, settings):
    """Configuration files that are refused, each with secrets near what is wrong."""
    text = json.dumps(settings, indent=1)
    token = settings["tokens"][0]["token"]
    variants = [text[:-3], text.replace('"tokens"', '"tokns"'), text.replace('"scopes"', '"scope"'),
                text.replace(f'"{token}"', f'"{token}'), text.replace(f'"{token}"', f'["{token}"]'),
                text.replace('"region"', '"regoin"'),
                text.replace('"connection_string": "', '"connection_string": "x'), "listen: [" + token,
                f"tokens:\n - {{name: a, org: b, scopes: [], tokn: {token}x}}\n", f"secrets: {{key_file: 1, key: {SECRETS_KEY}}}\n"]
    for number, variant in enumerate(variants):
        path = os.path.join(folder, f"bad-{number}.yaml")
        with open(path, "w") as file:
            file.write(variant)
        done = run(f"check of variant {number}", "check", "--config", path, environment=ENVIRONMENT)
        require(done.returncode == 1, f"variant {number} passed: {done.stdout}{done.stderr}")


ENVIRONMENT = {"SLUICE_ADMIN_TOKEN": ADMIN, "PLANTED_IN_ENVIRONMENT": FROM_ENVIRONMENT}


def through_the_api(node, peer, destinations):
    for name, destination in destinations.items():
        status, answer = node.ask("POST", "/v1/integrations", integration("api-" + name, destination))
        require(status == 201, f"{name}: {status} {answer}")
        node.ask("POST", f"/v1/integrations/api-{name}/test")
        node.ask("POST", f"/v1/integrations/api-{name}/sample")
        status, shown = node.ask("GET", f"/v1/integrations/api-{name}")
        node.ask("PUT", f"/v1/integrations/api-{name}?force=true", shown)
        node.ask("PATCH", f"/v1/integrations/api-{name}", {"destination": {"nonsense": plant("value of an unknown member")}})
    refused = taken = 0
    for name, destination in nearly(destinations):
        status, answer = node.ask("POST", "/v1/integrations", integration("nearly", destination))
        require(status in (201, 400, 422), f"{name}: {status} {answer}")
        if status == 201:  # what only the cloud knows to be wrong: a key is any text to us
            node.ask("POST", "/v1/integrations/nearly/test")
            node.ask("DELETE", "/v1/integrations/nearly")
        refused, taken = refused + (status != 201), taken + (status == 201)
    require(refused > 5 * taken, f"{refused} were refused and {taken} taken: are these near misses?")
    node.ask("POST", "/v1/integrations", '{"id":"x","destination":{"secret":"' + plant("in malformed JSON"))
    node.ask("POST", "/v1/integrations", integration("x", plant("in place of a destination")))


def through_the_share_api(node):
    for token in (ADMIN, TENANT, plant("unknown token")):
        node.ask("POST", "/share/io.example.desk", {"n": 1}, token=token)
        node.ask("POST", "/share/io.example.desk", '{"n": 1', token=token)
        node.ask("GET", "/v1/status", token=token)
        node.ask("GET", "/v1/nothing/" + token, token=token)
    for pipe in (PIPE, plant("unknown pipe token")):
        node.ask("POST", f"/share/io.example.desk/token/{pipe}", {"n": 1})
        node.ask("POST", f"/share/io.example.desk/token/{pipe}", '{"n": 1')
        node.ask("POST", f"/share/io.other.desk/token/{pipe}", {"n": 1})
        node.ask("GET", f"/share/io.example.desk/token/{pipe}")
        node.ask("POST", f"/share/io.example.desk/token/{pipe}/more", {"n": 1})
        node.ask("POST", f"/share/..%2f/token/{pipe}", {"n": 1})
    node.ask("POST", "/share/io.example.desk", {"n": 1}, {"Authorization": "Basic " + plant("basic credentials")})
    node.ask("POST", "/share/io.example.desk", {"n": 1}, {"Authorization": plant("no scheme at all")})


def everything_there_is(node):
    for path in ("/v1/integrations?limit=1000", "/v1/status", "/metrics", "/openapi.json", "/v1/tokens", "/v1/orgs", "/v1/secrets",
                 "/v1/audit"):
        node.ask("GET", path)
    address = ("--url", f"http://127.0.0.1:{node.port}", "--token", ADMIN)
    for arguments in (["integrations", "list"], ["integrations", "show", "hook"], ["integrations", "show", "hook", "--json"],
                      ["integrations", "test", "bad-sqs"], ["dead-letters", "list", "refusing-hook"], ["reload"], ["secrets", "status"]):
        run(" ".join(arguments), *arguments, *address)
    run("wrong token", "integrations", "list", *address[:3], plant("wrong token for a command"))


def main():
    with Folder() as folder:
        keys = {"secrets.key": SECRETS_KEY, "file.token": FROM_FILE}
        for name, text in keys.items():
            with open(os.path.join(folder, name), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(text + "\n")
        sandbox = Sandbox(BINARY, folder)
        node = peer = None
        try:
            for secret in (clouds.SECRET_KEY, clouds.EVENT_HUBS_MANAGE.split("SharedAccessKey=")[1], clouds.IOT_DEVICE.split("Key=")[1]):
                PLANTED["sandbox " + secret[:8]] = secret.rstrip("=")
            peer = WebhookPeer(lambda item: 400 if item["path"] == "/refuse" else 204)
            place = clouds.place_of(sandbox, clouds.CLOUDS)
            google = json.loads(place.google_key)
            body = google["private_key"].split("\n")
            PLANTED["google private key"] = body[len(body) // 2]
            destinations = completed(refused_everywhere(peer, "http://127.0.0.1:9"), place)
            good = {each["id"]: each for each in clouds.integrations(clouds.CLOUDS, place)}
            for each in good.values():
                each["filter"] = {"recTypes": ["io.example.**"]}
                del each["key"]
            destinations["google-account"] = {"type": "pubsub", "credentials": google, "endpoint": place.listeners["pubsub_grpc"]}
            from_file = [integration(name, destination) for name, destination in destinations.items()]
            from_file.append(integration("env-hook", {"type": "webhook", "url": peer.url + "/in", "secret": "${PLANTED_IN_ENVIRONMENT}"}))
            extra = {"log": {"level": "debug"}, "secrets": {"key_file": os.path.join(folder, "secrets.key")},
                     "tokens": [{"name": "acme", "org": "com.acme", "scopes": ["ALL:ALL"], "token": TENANT},
                                {"name": "filed", "org": "com.acme", "scopes": ["ALL:ALL"], "token_file": os.path.join(folder, "file.token")}],
                     "pipe_tokens": [{"name": "pipe", "org": "default", "recTypes": ["io.example.**"], "token": PIPE}]}
            node = Node(BINARY, folder, from_file + list(good.values()), extra)
            with open(node.config) as file:
                bad_files(folder, json.load(file))
            run("check", "check", "--config", node.config, environment=ENVIRONMENT)
            run("test", "test", "--config", node.config, environment=ENVIRONMENT)
            node.start(ENVIRONMENT)
            through_the_share_api(node)
            through_the_api(node, peer, destinations)
            for name in list(destinations) + list(good):
                if name in good or name == "hook":
                    wait_until(lambda name=name: node.stats_of(name)["delivered"], f"{name} delivers")
                elif name != "google-account":
                    wait_until(lambda name=name: node.stats_of(name)["last_error"], f"{name} is refused")
            everything_there_is(node)
            run("backup", "store", "backup", os.path.join(folder, "backup"), "--data-dir", node.data_dir)
            run("verify", "store", "verify", "--data-dir", node.data_dir)
            core = os.path.join(folder, "core")
            node.process.kill(signal.SIGABRT)
            require(not os.path.exists(core) and not [each for each in os.listdir(os.getcwd()) if each.startswith("core")],
                    "a core file was left")
            node.start({**ENVIRONMENT, "SLUICE_SECRETS_KEY": "not a key: " + plant("a wrong key for secrets")}, wait=False)
            node.process.popen.wait()
        finally:
            if node and node.process:
                node.kill()
            if peer:
                peer.close()
            sandbox.stop()
        WRITTEN.add_tree("data", node.data_dir)
        WRITTEN.add_tree("backup", os.path.join(folder, "backup"))
        with open(os.path.join(folder, "sluice.log"), "rb") as file:
            WRITTEN.add("output of the node", file.read())
        require(b"listening on" in WRITTEN.all["output of the node"], "the node's output is not what was searched")
        itself = Written()
        itself.add("a probe", "x" + base64.b64encode(b"ab" + PLANTED["webhook secret"].encode() + b"c").decode())
        require(itself.search(), "the search would not find one that was there")
        found = WRITTEN.search()
        require(not found, "secrets were written:\n" + "\n".join(found))
        size = sum(len(data) for data in WRITTEN.all.values())
        print(f"{len(PLANTED)} secrets, each in up to {max(len(forms(text)) for text in PLANTED.values())} forms: none in {len(WRITTEN.all)} answers and files, {size} bytes")


if __name__ == "__main__":
    main()
