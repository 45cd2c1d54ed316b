#!/usr/bin/env python3
"""The plots and the tables of docs/performance.md, and README.md's figures, of what the benches have kept.

    benches/plots/plots.py              makes all; needs matplotlib, which it installs in target/plots-venv at the versions of requirements.txt
    benches/plots/plots.py --check      whether all of them are of the figures that are kept; needs nothing but Python

The benches write docs/performance/figures/*.json (`benches/newsroom/figures.py`); `benches/all.py` runs those that the plots are made
of. A plot says in its metadata which figures and which program it was made of, so that a check need not draw it. Drawn twice, its
bytes are the same.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "newsroom"))
import figures

PAGE = figures.TOP / "docs" / "performance.md"
READMES = [figures.TOP / "README.md", figures.TOP / "etag-fairing" / "README.md"]
PLOTS = {"sizes": ["sizes"], "peers": ["side-by-side"], "postgres": ["postgres"], "writes": ["writes"], "memory": ["connections", "memo"]}
# Which kept figures, the target's key there, and what it is in other words than there.
TARGETS = [
    ("postgres", "R4", "304 of a record over PostgreSQL, server"),
    ("postgres", "R4 database", "the same, PostgreSQL"),
    ("postgres", "R5", "304 of a page of 50, server and PostgreSQL"),
    ("postgres", "R2", "page of 50, memo off, server and PostgreSQL"),
    ("postgres", "R3", "page with includes, memo off, server and PostgreSQL"),
    ("postgres", "R6", "PATCH with `If-Match` of one article by all, server and PostgreSQL"),
    ("postgres", "R6s", "the same, of 64 articles in turn"),
    ("postgres", "R4 far", "304 with 1 ms to PostgreSQL, one connection, p50"),
    ("side-by-side", "rocket-bare newsroom-nomemo R1", "one record, memo off"),
    ("side-by-side", "rocket-bare newsroom R4", "304 of a record"),
    ("side-by-side", "axum-etag newsroom R4", "304 of a record"),
    ("side-by-side", "rocket-bare newsroom B0", "a constant of 1 KiB with the fairing"),
    ("side-by-side", "rocket-bare64k newsroom-nomemo R2", "page of 50, memo off"),
    ("side-by-side", "rocket-bare64k newsroom-nomemo R3", "page with includes, memo off"),
    ("side-by-side", "framework R6", "PATCH"),
    ("side-by-side", "framework R7", "POST"),
    ("big", "totals SQLite", "totals of a filtered list of a million rows, asked again unchanged, SQLite"),
    ("big", "totals PostgreSQL", "the same, PostgreSQL"),
]
SOURCES = {"side-by-side": "side-by-side", "postgres": "postgres", "sizes": "sizes", "writes": "writes", "connections": "memory",
           "memo": "memory", "big": "big", "bulk": "bulk", "allocator": "allocators", "scaling": "scaling", "fairing": "fairing"}


def source(name):
    """What a plot is made of, in a word that changes with it."""
    used = [figures.KEPT / f"{kept}.json" for kept in PLOTS[name]] + [HERE / "drawings.py", HERE / "requirements.txt"]
    return "figures " + hashlib.sha256(b"\0".join(path.read_bytes() for path in used)).hexdigest()[:16]


def targets():
    """The table, and how many are kept."""
    rows, kept = [], []
    for name, key, what in TARGETS:
        record = figures.kept(name) or {"targets": []}
        of = next((of for of in record["targets"] if of["key"] == key), None)
        if not of:
            rows.append([what, "–", "–", "–", "not measured"])
            continue
        rows.append([what, of["against"], f"{of['at_most']:g}{of.get('unit', '')}", figures.measured(of),
                     figures.verdict(of) if figures.was_quiet(record) or not of["values"] else "not judged: the machine was busy"])
        kept.append(figures.is_kept(of) if figures.was_quiet(record) else None)
    table = figures.table(["what", "against", "at most", "measured", "kept or missed"], rows, words=2)
    return f"{table}\n\n{kept.count(True)} of {len(rows)} are kept, {kept.count(False)} missed, {len(rows) - len(kept) + kept.count(None)} not measured yet."


def where():
    rows = []
    for name, page in SOURCES.items():
        record = figures.kept(name)
        if record:
            here, others = record["machine"], record["others"]
            rows.append([f"[{page}](performance/{page}.md)", f"`{record['command']}`", record["date"],
                         f"{here['cores']} cores, {here['processor']}, {here['rustc']}", f"{others[0]:.2f} cores" if others else "–"])
    return figures.table(["page", "made by", "on", "where", "other work meanwhile"], rows, words=5)


def page(text):
    return figures.replace(figures.replace(text, "targets", targets()), "where", where())


def readme(text):
    """Its two figures, as the page has them. They stand in a sentence, so that only the numbers are replaced."""
    cells = (figures.kept("side-by-side") or {}).get("cells", {})
    for server, work, found in (("newsroom-nomemo", "R2", r"(takes )[\d,]+( µs of CPU when it is made)"), ("newsroom", "R5", r"(takes\s+\*\*)[\d,]+( µs\*\*)")):
        cost = cells.get(server, {}).get(work, {}).get("cpu_us")
        if cost is not None:
            text, count = re.subn(found, rf"\g<1>{int(float(figures.number(cost).replace(',', '')) + 0.5)}\g<2>", text)
            if count != 1:
                sys.exit(f"README.md does not say what {work} costs")
    return text


def texts():
    yield PAGE, page
    for path in READMES:
        yield path, readme


def check():
    wrong = [str(path.relative_to(figures.TOP)) for path, made in texts() if made(path.read_text()) != path.read_text()]
    for name in PLOTS:
        path = figures.PAGES / f"{name}.svg"
        if not path.exists() or source(name) not in path.read_text():
            wrong.append(str(path.relative_to(figures.TOP)))
    for name in wrong:
        print(f"{name} is not of the figures that are kept: run benches/plots/plots.py")
    return 1 if wrong else 0


def with_matplotlib():
    """Goes on in an environment that has it, at the versions of requirements.txt."""
    environment, requirements = figures.TOP / "target" / "plots-venv", HERE / "requirements.txt"
    python, installed = environment / "bin" / "python", environment / "installed.txt"
    if pathlib.Path(sys.prefix).resolve() == environment.resolve():
        return
    if not installed.exists() or installed.read_bytes() != requirements.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements], check=True)
        installed.write_bytes(requirements.read_bytes())
    os.execv(python, [str(python), *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="make nothing; end with 1 where something is not of the figures kept")
    if parser.parse_args().check:
        return check()
    with_matplotlib()
    import drawings

    for name, used in PLOTS.items():
        missing = [of for of in used if not figures.kept(of)]
        if missing:
            print(f"{name}.svg is not drawn: there are no figures of {', '.join(missing)}")
            continue
        print(f"{name}.svg: {drawings.draw(name, [figures.kept(of) for of in used], figures.PAGES / f'{name}.svg', source(name))}")
    for path, made in texts():
        path.write_text(made(path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
