"""Every test that docs/rivals.md names is there: a table of proofs must not outlive them.

Usage: documented_tests_test.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
suites = {}
for file in root.glob("src/**/*"):
    if file.suffix in (".cpp", ".hpp"):
        for suite, test in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", file.read_text(), re.MULTILINE):
            suites.setdefault(suite, set()).add(test)
scripts = {file.stem for file in root.glob("tests/**/*.py")} | {file.stem for file in root.glob("src/**/*_test.cpp")}

named, missing = 0, []
for text in re.findall(r"`([^`]+)`", (root / "docs/rivals.md").read_text()):
    suite, dot, test = text.partition(".")
    if re.fullmatch(r"[A-Z]\w+\.(\w+|\*)", text):
        there = suite in suites and (test == "*" or test in suites[suite])
    elif re.fullmatch(r"[A-Z]\w+", text):
        there = text in suites["DestinationConformance"]
    elif re.fullmatch(r"\w+_test", text):
        there = text in scripts
    else:
        continue
    named += 1
    if not there:
        missing.append(text)
if missing or named < 50:
    sys.exit(f"docs/rivals.md names {named} tests, and these are not there: {', '.join(missing) or 'none'}")
print(f"{named} tests are named, and there")
