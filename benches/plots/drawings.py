"""The five plots of `docs/performance.md`, each of what was kept: see `plots.py`.

By matplotlib, since scales by powers, legends and labels that stay apart are most of the work, and it has them. The background is
white, so that a page in dark colours shows the plot as a card; lines differ by colour, by mark and by dashes.
"""

import math
import statistics

import figures
import matplotlib
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, NullLocator

INK, GRID = "#1f2328", "#d0d7de"
# After Okabe and Ito, for those who see few colours; the lighter ones darker, to be read on white.
BLUE, RED, GREEN, PURPLE, BROWN, GREY = "#0067a8", "#c8470c", "#007a5a", "#8b3a8f", "#8a5a00", "#57606a"

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "etag-fairing", "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GREY, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "figure.facecolor": "white", "legend.frameon": False, "lines.linewidth": 2, "lines.markersize": 6.5,
    "axes.titlesize": 10.5, "axes.titlelocation": "left",
})


def canvas(title, records, panels=1, height=3.9, widths=None):
    """A figure with a title above everything, and below it what it was made of."""
    figure, axes = pyplot.subplots(1, panels, figsize=(9.2, height), width_ratios=widths, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.14, h_pad=0.12)
    figure.suptitle(title, x=0.016, ha="left", fontsize=12, fontweight="bold")
    days = sorted({record["date"] for record in records})
    busy = [record["others"][0] for record in records if not figures.was_quiet(record)]
    note = f"{' and '.join(dict.fromkeys(record['machine']['processor'] for record in records))}, {records[0]['machine']['cores']} cores, {' to '.join(days[:1] + days[1:][-1:])}"
    if busy:
        note += f". Other programs took {max(busy):.1f} cores meanwhile: a rough look only"
    figure.supxlabel(note, x=0.984, ha="right", fontsize=8, color=RED if busy else GREY)
    return figure, axes


def number(value, _=None):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def logarithmic(axis, ticks=None):
    """Powers of ten, written out; or these ticks."""
    axis.axes.set_xscale("log") if axis.axis_name == "x" else axis.axes.set_yscale("log")
    if ticks:
        axis.set_ticks(ticks)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(number))


def decades(axes, values):
    """Limits of the y axis at powers of ten around all values."""
    axes.set_ylim(10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))))


def legend(figure, panels, order):
    """One for all panels, in this order, and then what is no server."""
    found = {text: line for panel in panels for line, text in zip(*panel.get_legend_handles_labels())}
    names = [label for label, *_ in order.values() if label in found]
    names += [name for name in found if name not in names]
    figure.legend([found[name] for name in names], names, loc="outside right center")


def sizes(of):
    (record,) = of
    rows = record["sizes"]
    same, made = [row["unchanged"] for row in rows], rows[-1]["made"]
    middle = statistics.median(same)
    title = f"A 304 costs the same at any size, {middle:.0f} µs of CPU; making 1 MiB anew costs {made:,.0f} µs"
    if max(same) > 2 * min(same):
        title = f"A 304 costs {same[0]:.0f} to {same[-1]:.0f} µs of CPU; making 1 MiB anew costs {made:,.0f} µs"
    figure, axes = canvas(title, of)
    bytes_of = [row["bytes"] / 1024 for row in rows]
    for way, label, colour, mark, dash in (("made", "200, made anew (memo off)", RED, "o", "-"), ("remembered", "200, from the memo", GREEN, "s", "--"),
                                           ("unchanged", "304", BLUE, "D", "-")):
        axes.plot(bytes_of, [row[way] for row in rows], color=colour, marker=mark, linestyle=dash, label=label)
    logarithmic(axes.xaxis, [1, 4, 16, 64, 256, 1024])
    logarithmic(axes.yaxis)
    decades(axes, [row[way] for row in rows for way in ("made", "remembered", "unchanged")])
    axes.set(xlabel="size of the answer's body, KiB", ylabel="CPU of the server per request, µs")
    axes.legend(loc="upper left")
    return figure


WORKS = {"R1": "one record, 200", "R2": "a page of 50, 200", "R3": "a page with includes, 200", "R4": "one record, 304", "R5": "a page of 50, 304",
         "R6": "PATCH", "R7": "POST"}
PEERS = {"newsroom": ("etag-fairing", BLUE, "D"), "newsroom-nomemo": ("etag-fairing, memo off", BLUE, "$\\diamond$"),
         "rocket-bare64k": ("Rocket by hand, no tags", GREEN, "s"), "axum-etag": ("axum by hand, hashed tags", PURPLE, "^"),
         "fastify": ("Fastify, hashed tags", BROWN, "o"), "jsonapi-server": ("jsonapi-server, no tags", GREY, "v"),
         "drf": ("Django REST framework", RED, "X"), "frj": ("Flask-REST-JSONAPI", INK, "P")}


def peers(of):
    (record,) = of
    cells = record["cells"]
    # Where 64 KiB chunks make no difference, only the other one was measured.
    cells.setdefault("rocket-bare64k", {}).update({work: cell for work, cell in cells.get("rocket-bare", {}).items() if work in ("R6", "R7")})
    cost = lambda peer, work: cells.get(peer, {}).get(work, {}).get("cpu_us")
    title = f"A page's 304 costs {cost('newsroom', 'R5'):.0f} µs of CPU"
    others = [(name, cost(peer, "R5")) for peer, name in (("axum-etag", "axum by hand"), ("fastify", "Fastify")) if cost(peer, "R5")]
    if others:
        title += ": " + " and ".join(f"{cost('newsroom', 'R5') / value:.0%} of {name}'s" for name, value in others)
    figure, axes = canvas(title, of, height=4.6)
    for place, work in enumerate(WORKS):
        there = [cost(peer, work) for peer in PEERS if cost(peer, work)]
        if there:
            axes.plot([min(there), max(there)], [place, place], color=GRID, linewidth=4, zorder=1, solid_capstyle="round")
    for peer, (label, colour, mark) in PEERS.items():
        points = [(cost(peer, work), place) for place, work in enumerate(WORKS) if cost(peer, work)]
        if points:
            hollow = peer == "newsroom-nomemo"
            axes.plot(*zip(*points), linestyle="", marker="D" if hollow else mark, color=colour, label=label,
                      markerfacecolor="white" if hollow else colour, markeredgewidth=1.6, markersize=8 if peer == "newsroom" else 7,
                      zorder=4 if peer == "newsroom" else 3)
    logarithmic(axes.xaxis)
    axes.set_xlim(10 ** math.floor(math.log10(min(cost("newsroom", work) for work in WORKS if cost("newsroom", work)))))
    axes.set_yticks(range(len(WORKS)), WORKS.values())
    axes.set_ylim(len(WORKS) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.set(xlabel="CPU of the server per request, µs (less is better; each line is ten times the one before)")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


SERVERS = {"newsroom": ("etag-fairing", BLUE, "D", "-"), "newsroom, memo off": ("etag-fairing, memo off", BLUE, "o", "--"),
           "Rocket by hand": ("Rocket by hand, hashed tags", GREEN, "s", "-"), "axum by hand": ("axum by hand, hashed tags", PURPLE, "^", "-"),
           "Fastify": ("Fastify, hashed tags", BROWN, "v", "-")}


def postgres(of):
    (record,) = of
    near = {(cell["server"], cell["work"], cell["connections"]): cell for cell in record["cells"] if cell["phase"] == "near"}
    both = lambda *key: near[key]["node"] + near[key]["database"] if key in near else None
    title = "Over PostgreSQL, by connections"
    if both("newsroom", "R5", 32) and both("newsroom, memo off", "R2", 32):
        share = both("newsroom", "R5", 32) / both("newsroom, memo off", "R2", 32)
        title = f"Over PostgreSQL a page's 304 takes {share:.0%} of the page's CPU, database included"
    figure, axes = canvas(title, of, panels=2, height=4.2)
    values = []
    for panel, (work, what) in zip(axes, (("R2", "a page of 50: 200"), ("R5", "the same page, unchanged: 304"))):
        counts = sorted({count for _, of_work, count in near if of_work == work})
        for server, (label, colour, mark, dash) in SERVERS.items():
            # Without a memo a 304 is a page that is made and not sent.
            if work == "R5" and server == "newsroom, memo off":
                continue
            points = [(count, both(server, work, count)) for count in counts if both(server, work, count)]
            values += [value for _, value in points]
            if points:
                panel.plot(*zip(*points), color=colour, marker=mark, linestyle=dash, label=label)
        logarithmic(panel.xaxis, counts)
        logarithmic(panel.yaxis)
        panel.set(title=what, xlabel="connections at once")
    for panel in axes:
        decades(panel, values)
    axes[0].set_ylabel("CPU per request, µs,\nserver and PostgreSQL together")
    legend(figure, axes, SERVERS)
    return figure


WRITERS = {"newsroom, disk": ("etag-fairing, waits for the disk", BLUE, "D", "-"), "newsroom": ("etag-fairing, waits at\ncheckpoints only", BLUE, "o", "--"),
           "Rocket by hand": ("Rocket by hand,\na commit for each write", GREEN, "s", "-")}


def writes(of):
    (record,) = of
    cells = record["cells"]
    alone = cells["one by one, disk"]["1"]["rps"]
    most = max(cell["rps"] for cell in cells["newsroom, disk"].values())
    title = f"The disk takes {alone:,.0f} commits a second one by one; clients that share them get {most:,.0f} writes"
    figure, axes = canvas(title, of, panels=2, height=4.2)
    values = {"rps": [alone], "node": []}
    for panel, figure_of, what in zip(axes, ("rps", "node"), ("POSTs acknowledged per second", "CPU of the server per POST, µs")):
        for server, (label, colour, mark, dash) in WRITERS.items():
            points = [(int(count), cell[figure_of]) for count, cell in cells.get(server, {}).items()]
            values[figure_of] += [value for _, value in points]
            if points:
                panel.plot(*zip(*points), color=colour, marker=mark, linestyle=dash, label=label)
        logarithmic(panel.xaxis, [1, 8, 64, 256])
        logarithmic(panel.yaxis)
        decades(panel, values[figure_of])
        panel.set(title=what, xlabel="clients at once")
    axes[0].axhline(alone, color=RED, linestyle=":", label="a commit for each write, no server,\nwaits for the disk")
    legend(figure, axes, WRITERS)
    return figure


CONNECTED = {"newsroom, a page": ("etag-fairing, a page of 64 KiB", BLUE, "D", "-"), "newsroom, a constant": ("etag-fairing, a constant of 64 KiB", PURPLE, "o", "--"),
             "Rocket alone, a constant": ("Rocket alone, the same constant", GREEN, "s", "-")}


def memory(of):
    connections, memo = of
    steps = memo["steps"]
    largest = max(found["connections"] for found in connections["series"])
    most = {found["server"]: found for found in connections["series"] if found["connections"] == largest}
    each = {server: (found["large"] - found["rest"]) * 1024 / found["connections"] for server, found in most.items()}
    full = next(statistics.median(target["values"]) for target in memo["targets"] if target["key"] == "memo")
    title = (f"A connection takes {each['newsroom, a page']:.0f} KiB ({each['Rocket alone, a constant']:.0f} in Rocket alone);"
             f" a full memo takes {full:.2f} of what it counts")
    figure, axes = canvas(title, of, panels=2, height=4.2)
    for server, (label, colour, mark, dash) in CONNECTED.items():
        points = [(found["connections"], found["large"]) for found in connections["series"] if found["server"] == server]
        axes[0].plot(*zip(*points), color=colour, marker=mark, linestyle=dash, label=label)
    axes[0].set(title="by connections that stay open", xlabel="connections", ylabel="resident memory, MiB", ylim=(0, None))
    axes[0].xaxis.set_major_formatter(FuncFormatter(number))
    axes[0].legend(loc="upper left", fontsize=9)
    sent = [step[0] for step in steps]
    axes[1].axhline(memo["limit"], color=GREY, linestyle=":", label=f"the limit, {memo['limit']} MiB")
    axes[1].plot(sent, [step[2] for step in steps], color=BLUE, marker="D", markersize=4, label="the process takes for it")
    axes[1].plot(sent, [step[1] for step in steps], color=RED, marker="o", markersize=4, linestyle="--", label="the memo counts")
    axes[1].set(title="by different answers that were asked for", xlabel="answers sent, MiB", ylabel="MiB", ylim=(0, None))
    axes[1].legend(loc="lower right", fontsize=9)
    return figure


DRAWINGS = {"sizes": sizes, "peers": peers, "postgres": postgres, "writes": writes, "memory": memory}


def draw(name, records, path, source):
    """Writes the plot, with what tells which figures it is of."""
    figure = DRAWINGS[name](records)
    title = figure.get_suptitle()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None, "Title": title, "Source": source})
    pyplot.close(figure)
    # The same on each line's end everywhere.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
    return title
