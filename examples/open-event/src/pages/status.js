// The ratio of 304s, the bytes saved and the 412s, from the text that Prometheus reads.

/// How often the server is asked, in milliseconds.
const EVERY = 2000;

/// How many points a line has.
const POINTS = 120;

/// The size of a drawing, in its own units.
const [WIDTH, HEIGHT, MARGIN] = [300, 80, 4];

/// The samples of the text: the name, the labels and the value of each.
function samples(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const parts = line.match(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/);
    if (!parts) continue;
    const labels = {};
    for (const [, name, value] of (parts[2] ?? "").matchAll(/([a-z]+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
    found.push({ name: parts[1], labels, value: Number(parts[3]) });
  }
  return found;
}

/// What has been counted since the launch.
function counted(text) {
  const all = samples(text);
  const sum = (name, chosen = () => true) =>
    all.filter((it) => it.name === name && chosen(it.labels)).reduce((sum, it) => sum + it.value, 0);
  const reads = (statuses) =>
    sum("etag_requests_total", (it) => it.method === "GET" && statuses.includes(it.status) && it.route !== "metrics");
  return {
    notModified: reads(["304"]),
    reads: reads(["200", "304"]),
    bytes: sum("etag_bytes_saved_total"),
    refused: sum("etag_precondition_refusals_total", (it) => it.status === "412"),
  };
}

const ratio = (part, whole) => (whole > 0 ? part / whole : 0);
const percent = (share) => `${(share * 100).toFixed(1)} %`;

/// 1234567 as "1.2 MB".
function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(number, 1)) / 3));
  return `${(number / 1000 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

class Figure {
  constructor(name, say) {
    const pane = document.querySelector(`[data-figure=${name}]`);
    this.output = pane.querySelector("output");
    this.line = pane.querySelector("polyline");
    this.say = say;
    this.values = [];
  }

  /// Shows what there is since the launch, and draws what there was in the last interval. `most` is the top of the
  /// drawing; without it, the highest value is.
  show(all, last, most) {
    this.output.textContent = this.say(all);
    this.values = [...this.values, last].slice(-POINTS);
    const top = Math.max(most ?? 0, ...this.values) || 1;
    const x = (place) => (place * WIDTH) / (POINTS - 1);
    const y = (value) => HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
    this.line.setAttribute("points", this.values.map((it, place) => `${x(place).toFixed(1)},${y(it).toFixed(1)}`).join(" "));
  }
}

const problem = document.getElementById("problem");
const figures = {
  ratio: new Figure("ratio", percent),
  bytes: new Figure("bytes", bytes),
  refused: new Figure("refused", String),
};
let before = null;

async function look() {
  try {
    const answer = await fetch("/metrics", { cache: "no-store" });
    if (!answer.ok) throw new Error(`/metrics answers ${answer.status}`);
    const now = counted(await answer.text());
    // After a restart the counters begin again.
    const last = before && now.reads >= before.reads ? before : now;
    figures.ratio.show(
      ratio(now.notModified, now.reads),
      ratio(now.notModified - last.notModified, now.reads - last.reads),
      1,
    );
    figures.bytes.show(now.bytes, now.bytes - last.bytes);
    figures.refused.show(now.refused, now.refused - last.refused);
    before = now;
    problem.textContent = "";
  } catch (error) {
    problem.textContent = `No figures: ${error.message}.`;
  }
  setTimeout(look, EVERY);
}

for (const part of document.querySelectorAll("[data-needs=script]")) part.hidden = false;
look();
