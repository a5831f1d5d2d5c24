"""Sluice delivers to moto, which verifies its signatures; boto3 reads back. A wrong secret is told as what it is."""

import json

from peers import (
    PEERS,
    Program,
    Sluice,
    check,
    check_bodies,
    check_order_per_key,
    client,
    eventually,
    free_port,
    integration,
    read_stream,
    readings,
)

port = free_port()
endpoint = f"http://127.0.0.1:{port}"
# The first three calls go unchecked: they make the user, its right and its key. From then on every signature counts.
Program(
    [PEERS / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)], port, {"INITIAL_NO_AUTH_ACTION_COUNT": "3"}
)
iam = client("iam", endpoint)
iam.create_user(UserName="sluice")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}
iam.put_user_policy(UserName="sluice", PolicyName="kinesis", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="sluice")["AccessKey"]
kinesis = client("kinesis", endpoint, key=key["AccessKeyId"], secret=key["SecretAccessKey"])
for stream in ("readings", "untouched"):
    kinesis.create_stream(StreamName=stream, ShardCount=2)


def to(stream, secret):
    return {
        "type": "kinesis",
        "stream": stream,
        "region": "eu-west-1",
        "endpoint": endpoint,
        "credentials": {"access_key_id": key["AccessKeyId"], "secret_access_key": secret},
    }


sluice = Sluice(
    [
        integration("good", to("readings", key["SecretAccessKey"]), key="{obj.data.device|id}"),
        integration("wrong", to("untouched", "not" + key["SecretAccessKey"])),
    ]
)
objects = readings(devices=13, each=100)
ids = sluice.create("io.example.readings", objects)
sluice.wait_until_delivered("good", len(ids))

records = read_stream(kinesis, "readings")
bodies = [json.loads(data) for _, _, data in records]
check_bodies(bodies, ids, objects, "io.example.readings")
check_order_per_key(bodies, len(ids))
for (_, partition_key, _), body in zip(records, bodies):
    check(
        partition_key == body["obj"]["data"]["device"],
        f"partition key {partition_key} of {body['obj']['data']['device']}",
    )
print(f"ok: {len(records)} records, in order by key, byte for byte")

failing = eventually("the wrong secret to be told", lambda: sluice.integration("wrong")["stats"]["last_error"])
check(failing["class"] == "credentials", f"a wrong secret was called {failing}")
check(key["SecretAccessKey"] not in json.dumps(failing), "the error tells the secret")
check(read_stream(kinesis, "untouched") == [], "something was written with a wrong secret")
print("ok: a wrong secret is refused, and named:", failing["code"])
