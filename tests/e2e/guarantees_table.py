"""Makes the table of docs/guarantees.md of what the oracle reported. Usage: guarantees_table.py REPORT SIMULATED_SEEDS DOCUMENT"""

import collections
import datetime
import json
import sys

from faults import BY_NAME

BEGIN, END = "<!-- made by scripts/guarantees -->", "<!-- end -->"
# Which promises a fault puts to the test beside the first two, which all of them do.
ALSO = {"throttled": "5", "service fault": "5", "connection": "3, 5", "name and certificate": "5", "credentials": "5", "target": "5, 6",
        "clock": "5", "disk": "5, 6", "process": "3, 6", "partial failure": "6"}


def why(rows):
    otherwise, after_crash = (sum(row[name] for row in rows) for name in ("duplicates", "duplicates_after_crash"))
    reasons = []
    if otherwise:
        reasons.append(f"{otherwise} after ambiguous answers, {sum(row['announced'] for row in rows)} announced")
    if after_crash:
        reasons.append(f"{after_crash} after {max(row['crashes'] for row in rows)} or fewer crashes a run")
    return "; ".join(reasons) or "none"


def promises(name):
    kind = BY_NAME[name].kind if name in BY_NAME else "process"
    return ", ".join(["1, 2", *([ALSO[kind]] if kind in ALSO else [])]) if name != "mixed" else "1, 2, 3, 5, 6"


def main(report, simulated, document):
    rows = collections.defaultdict(list)
    with open(report) as file:
        for line in file:
            row = json.loads(line)
            rows[row["fault"]].append(row)
    integrations = sorted({row["integration"] for each in rows.values() for row in each})
    out = [BEGIN, "", f"{datetime.date.today():%d %B %Y}; integrations: {', '.join(integrations)}. Events are counted once for each "
           "integration that they were delivered to.", "",
           "| fault | promises | seeds | events | lost | reordered | repeats, and why |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, each in rows.items():
        seeds = len({row["seed"] for row in each})
        total = {what: sum(row[what] for row in each) for what in ("events", "lost", "reordered")}
        out.append(f"| {name} | {promises(name)} | {seeds} | {total['events']:,} | {total['lost']} | {total['reordered']} | {why(each)} |")
    out += [f"| the lane alone, in a simulated world | 1, 2, 3, 6 | {int(simulated):,} | 20 to 400 a seed | 0 | 0 | each explained |",
            "", END]
    with open(document) as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    with open(document, "w") as file:
        file.write(before + "\n".join(out) + after)
    print(f"{document}: {len(rows)} faults, {sum(len(each) for each in rows.values())} judgements")


if __name__ == "__main__":
    main(*sys.argv[1:4])
