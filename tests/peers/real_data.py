"""Real data, from the vega-datasets package: weather and flights, sent with `sluice send`, compared at the other end."""

import csv
import json
import subprocess
import tempfile
from pathlib import Path

from peers import BINARY, OPERATOR_TOKEN, PEERS, SANDBOX_KEY, SANDBOX_SECRET, Sandbox, Sluice, check, integration

DATA = PEERS / "node_modules/vega-datasets/data"


def numbers(row):
    """The row with what is a number as one, in the digits that the file has."""
    return (
        "{"
        + ",".join(
            f"{json.dumps(name)}:{value if is_number(value) else json.dumps(value, ensure_ascii=False)}"
            for name, value in row.items()
        )
        + "}"
    )


def is_number(text):
    try:
        json.loads(text)
        return text not in ("true", "false", "null") and text[:1] not in '"[{'
    except ValueError:
        return False


def lines_of(name):
    path = DATA / name
    if name.endswith(".csv"):
        with open(path, newline="", encoding="utf-8") as file:
            return [numbers(row) for row in csv.DictReader(file)]
    return [
        json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for value in json.loads(path.read_text(encoding="utf-8"))
    ]


sandbox = Sandbox()
sluice = Sluice(
    [
        integration(
            "weather",
            {
                "type": "kinesis",
                "stream": "weather",
                "region": "eu-west-1",
                "endpoint": sandbox.url,
                "credentials": {"access_key_id": SANDBOX_KEY, "secret_access_key": SANDBOX_SECRET},
            },
            payload="data",
        )
    ]
)
sent = 0
for name in (
    "seattle-weather.csv",
    "seattle-weather-hourly-normals.csv",
    "flights-2k.json",
    "airports.csv",
    "countries.json",
):
    lines = lines_of(name)
    check(len(lines) > 300, f"{name}: only {len(lines)} rows")
    sandbox.clear()
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        rec_type = "io.example." + Path(name).stem
        subprocess.run(
            [BINARY, "send", "--url", sluice.url, "--token", OPERATOR_TOKEN, "--rectype", rec_type, file.name],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    sent += len(lines)
    sluice.wait_until_delivered("weather", sent)
    # What was sent in is what comes out: digits, escapes, order of members. Rows of different keys may swap places.
    arrived = sorted(item["body"] for item in sandbox.received(target="weather"))
    check(len(arrived) == len(lines), f"{name}: {len(arrived)} of {len(lines)} rows arrived")
    for one, other in zip(arrived, sorted(lines)):
        check(one == other, f"{name}: {other} arrived as {one}")
    print(f"ok: {name}: {len(lines)} rows, byte for byte", flush=True)
