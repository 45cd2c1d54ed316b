"""Where figures are kept, and how a script's part of a page is replaced.

A script keeps what it has measured in `docs/performance/figures/NAME.json`, and writes it as tables between its markers in a page of
`docs/performance`. `benches/plots.py` makes the plots and the table of `docs/performance.md` of the former.
"""

import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = TOP / "docs" / "performance"
KEPT = PAGES / "figures"
# How many cores other work may have had, before figures are only a rough look.
QUIET = 0.3


def machine():
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cores": os.cpu_count(), "processor": processor[1].strip() if processor else platform.machine(),
            "rustc": tell("rustc", "--version").split(" (")[0]}


def tell(*command):
    """The first line that a program says, such as its version."""
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    except FileNotFoundError:
        return f"no {command[0]}"
    return output.strip().partition("\n")[0]


def target(key, what, against, at_most, values, unit="", remark=""):
    """One target: its figure of each round is to be `at_most` in the median. No values: it was not measured."""
    kept = {"key": key, "what": what, "against": against, "at_most": at_most, "values": values}
    return kept | ({"unit": unit} if unit else {}) | ({"remark": remark} if remark else {})


def is_kept(of):
    """Or None, if it was not measured."""
    return statistics.median(of["values"]) <= of["at_most"] if of["values"] else None


def record(command, others, rounds):
    """How something was measured. `others`: the cores that other work used during each run."""
    return {"command": command, "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine(), "rounds": rounds,
            "others": [statistics.median(others), min(others), max(others)] if others else []}


def keep(name, command, others, rounds, targets=(), **figures):
    """Writes down what was measured, and how."""
    KEPT.mkdir(exist_ok=True)
    whole = record(command, others, rounds) | {"targets": list(targets)} | figures
    (KEPT / f"{name}.json").write_text(written(rounded(whole)) + "\n")


def kept(name):
    """What was written down, or None."""
    path = KEPT / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def rounded(value):
    """More digits than any table shows: rounded once more, a figure is still the same."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) < 1000 else round(value, 1)
    if isinstance(value, dict):
        return {str(name): rounded(of) for name, of in value.items()}
    return [rounded(of) for of in value] if isinstance(value, (list, tuple)) else value


def written(value, depth=0):
    """JSON with as much on a line as fits there, so that a change of one figure is a change of one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + depth <= 160 or not isinstance(value, (dict, list)):
        return line
    space = " " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{space}{json.dumps(name, ensure_ascii=False)}: {written(of, depth + 1)}" for name, of in value.items()]
    else:
        parts = [space + written(of, depth + 1) for of in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{begin}\n" + ",\n".join(parts) + f"\n{' ' * depth}{end}"


def replace(text, name, part):
    """The text with another part between the markers of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        sys.exit(f"the page lacks {begin} or {end}")
    return f"{text[:text.index(begin)]}{begin}\n{part.strip()}\n{text[text.index(end):]}"


def publish(page, name, part):
    path = PAGES / page
    path.write_text(replace(path.read_text(), name, part))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(head, rows, words=1):
    """The first `words` columns are words, the others figures."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    lines.insert(1, "|---" * words + "|---:" * (len(head) - words) + "|")
    return "\n".join(lines)


def measured(of):
    """A target's median and range, as a cell."""
    if not of["values"]:
        return "–"
    middle, unit = statistics.median(of["values"]), of.get("unit", "")
    digits = 2 if of["at_most"] >= 0.1 else 3
    # What is missed must not look as if it were kept.
    while digits < 4 and (round(middle, digits) <= of["at_most"]) != is_kept(of):
        digits += 1
    low, high = min(of["values"]), max(of["values"])
    span = f" ({low:.{digits}f}–{high:.{digits}f})" if len(of["values"]) > 1 else ""
    return f"{middle:.{digits}f}{unit}{span}"


def verdict(of):
    judged = is_kept(of)
    if judged is None:
        return "not measured"
    good, rounds = sum(value <= of["at_most"] for value in of["values"]), len(of["values"])
    of_them = f" ({'' if judged else 'kept '}in {good} of {rounds} rounds)" if 0 < good < rounds else ""
    return ("kept" if judged else "**missed**") + of_them


def was_quiet(record):
    return not record["others"] or record["others"][0] <= QUIET


def others_now():
    """The cores that other work uses, looked at for a second before anything is started: for scripts that don't measure it meanwhile."""
    def busy():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
        return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")

    before, began = busy(), time.monotonic()
    time.sleep(1)
    return [(busy() - before) / (time.monotonic() - began)]


def made_by(record, *more):
    """The sentence that says by which command, when, where, and how quiet it was there."""
    here = record["machine"]
    parts = [f"{here['cores']} cores ({here['processor']})", here["rustc"], *more]
    text = f"Made by `{record['command']}` on {record['date']}: {', '.join(parts)}."
    if record["others"]:
        middle, low, high = record["others"]
        text += f" Other work on the machine used {middle:.2f} cores meanwhile ({low:.2f} to {high:.2f})."
    return text
