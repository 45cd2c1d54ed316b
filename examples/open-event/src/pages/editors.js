// Two editors over one session, and a reader that downloads only what changed.
//
// An editor keeps what it read (`base`) and the tag that came with it, and sends that tag in If-Match. Where somebody
// else was faster (412), it shows the current version beside its own text; the merge is sent with the tag of the version
// that was shown. Text that was not saved is never thrown away without a question.

const MEDIA_TYPE = "application/vnd.api+json";
const MEMBERS = { title: "Title", subtitle: "Subtitle", level: "Level", shortAbstract: "Abstract" };

/// The reasons of a 412 that mean that somebody else has changed the session. The others are about the request itself: to
/// read again and to send the new tag would be refused in the same way, again and again.
const CHANGED = [undefined, "changed", "modified"];

/// One request, with everything that was sent and received kept for the page to show.
async function exchange(method, target, headers, body) {
  const sent = { Accept: MEDIA_TYPE, ...headers };
  if (body) sent["Content-Type"] = MEDIA_TYPE;
  // no-store: the browser's own cache would answer a 304 with a 200 of its own.
  const response = await fetch(target, {
    method,
    headers: sent,
    body: body && JSON.stringify(body),
    cache: "no-store",
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const isDocument = (response.headers.get("Content-Type") ?? "").startsWith(MEDIA_TYPE);
  return {
    status: response.status,
    tag: response.headers.get("ETag"),
    bytes: bytes.length,
    document: isDocument && text ? JSON.parse(text) : null,
    shown: shown(method, target, sent, body, response, bytes.length),
  };
}

function shown(method, target, sent, body, response, length) {
  const lines = [`${method} ${target}`];
  for (const [name, value] of Object.entries(sent)) lines.push(`${name}: ${value}`);
  if (body) lines.push("", JSON.stringify(body));
  lines.push("", `${response.status} ${response.statusText}`);
  for (const name of ["ETag", "Content-Type", "Content-Length", "Cache-Control"]) {
    const value = response.headers.get(name);
    if (value !== null) lines.push(`${name}: ${value}`);
  }
  lines.push(`(${length} bytes of body)`);
  return lines.join("\n");
}

const errorOf = (answer) => answer.document?.errors?.[0];

function problemOf(answer) {
  const error = errorOf(answer);
  return error ? `${answer.status}: ${error.detail ?? error.title ?? ""}` : `The answer was ${answer.status}.`;
}

const targetOf = (id) => `/v1/sessions/${encodeURIComponent(id)}`;

class Editor {
  constructor(name, parent) {
    this.name = name;
    const pane = document.getElementById("editor").content.cloneNode(true).firstElementChild;
    parent.append(pane);
    this.pane = pane;
    this.copy = pane.querySelector("form.copy");
    this.merge = pane.querySelector("form.merge");
    this.heading = pane.querySelector("h3");
    this.heading.textContent = name;
    this.heading.id = `heading-${name.replace(/\W/g, "-")}`;
    pane.setAttribute("aria-labelledby", this.heading.id);
    pane.querySelector("pre").setAttribute("aria-label", `Last exchange of ${name}`);
    pane.querySelector("[data-action=read]").addEventListener("click", () => this.readAgain());
    this.copy.addEventListener("submit", (event) => {
      event.preventDefault();
      this.act(() => this.save());
    });
    this.merge.addEventListener("submit", (event) => {
      event.preventDefault();
      this.act(() => this.saveMerge());
    });
    // The merge shows what it would save, also while somebody goes on writing.
    this.copy.addEventListener("input", () => this.current && this.showDifferences());
  }

  /// What a person has asked for: the focus goes to what came of it.
  async act(action) {
    await this.run(action);
    const result = this.merge.hidden ? this.pane.querySelector(".status") : this.merge.querySelector("h4");
    result.focus();
  }

  /// One thing at a time, and what goes wrong on the way is said in the pane.
  async run(action) {
    const buttons = [...this.pane.querySelectorAll("button")];
    buttons.forEach((button) => (button.disabled = true));
    try {
      await action();
    } catch (error) {
      this.say(`The server did not answer: ${error.message}`, "bad");
    }
    buttons.forEach((button) => (button.disabled = false));
    this.copy.querySelector("[type=submit]").disabled = !this.base;
  }

  async open(id) {
    this.id = id;
    this.base = null;
    await this.run(() => this.read());
  }

  async readAgain() {
    if (this.hasUnsaved() && !confirm(`${this.name} has text that is not saved. Read again and lose it?`)) return;
    await this.act(() => this.read());
  }

  /// Whether there is text that would be lost.
  hasUnsaved() {
    return Boolean(this.base) && Object.keys(MEMBERS).some((name) => this.textOf(name) !== this.asShown(name, this.base));
  }

  async read() {
    const answer = await this.exchange("GET", {});
    if (answer.status !== 200) return this.say(problemOf(answer), "bad");
    this.adopt(answer);
    this.say(answer.tag ? "Read. Change something and save." : this.untagged("Read."), "calm");
  }

  async save() {
    const attributes = {};
    for (const name of Object.keys(MEMBERS)) {
      if (this.textOf(name) !== this.asShown(name, this.base)) attributes[name] = this.valueOf(name);
    }
    if (Object.keys(attributes).length === 0) return this.say("Nothing differs from what was read.", "calm");
    await this.patch(attributes, this.tag);
  }

  async saveMerge() {
    const attributes = {};
    for (const name of this.differing) {
      const choice = this.merge.elements[`${this.name} ${name}`].value;
      if (choice === "mine") attributes[name] = this.valueOf(name);
    }
    if (Object.keys(attributes).length === 0) {
      this.adopt(this.current);
      return this.say("Taken as it is now: there is nothing to save.", "calm");
    }
    await this.patch(attributes, this.current.tag);
  }

  async patch(attributes, tag) {
    const document = { data: { type: "sessions", id: this.id, attributes } };
    const answer = await this.exchange("PATCH", tag ? { "If-Match": tag } : {}, document);
    if (answer.status === 200) {
      // The answer is what a GET would give now, so the editor can go on without another read.
      this.adopt(answer);
      return this.say(answer.tag ? "200: saved. This is the new tag." : this.untagged("200: saved."), "good");
    }
    if (answer.status !== 412) return this.say(problemOf(answer), "bad");
    if (!CHANGED.includes(errorOf(answer)?.meta?.reason)) {
      return this.say(`412: not saved. ${errorOf(answer).detail}.`, "bad");
    }
    const refusal = this.pane.querySelector("pre").textContent;
    const current = await this.exchange("GET", {});
    this.show(`${refusal}\n\n${current.shown}`);
    if (current.status !== 200) return this.say(problemOf(current), "bad");
    this.conflict(current);
  }

  /// Shows the current version beside the editor's own.
  conflict(current) {
    this.current = current;
    this.merge.querySelector(".differences").replaceChildren();
    this.showDifferences();
    this.merge.hidden = false;
    this.pane.dataset.phase = "conflict";
    this.say("412: not saved. Somebody saved since you read, and nothing of theirs was overwritten.", "bad");
  }

  /// Member by member, with what was chosen before.
  showDifferences() {
    const theirs = this.current.document.data.attributes;
    const list = this.merge.querySelector(".differences");
    const chosen = (name) => this.merge.querySelector(`input[name="${this.name} ${name}"]:checked`)?.value;
    this.differing = Object.keys(MEMBERS).filter((name) => this.textOf(name) !== this.asShown(name, theirs));
    const fieldsets = this.differing.map((name) => {
      const mine = this.textOf(name);
      const before = this.asShown(name, this.base);
      const now = this.asShown(name, theirs);
      const fieldset = document.getElementById("difference").content.cloneNode(true).firstElementChild;
      fieldset.querySelector("legend").textContent = MEMBERS[name];
      const [ours, other] = fieldset.querySelectorAll("label");
      ours.querySelector(".text").textContent = mine || "(empty)";
      other.querySelector(".text").textContent = now || "(empty)";
      for (const input of fieldset.querySelectorAll("input")) input.name = `${this.name} ${name}`;
      // Only one side changed it: that side is proposed. Both did: a person decides.
      const proposed = chosen(name) ?? (mine === before ? "theirs" : now === before ? "mine" : null);
      if (proposed) (proposed === "mine" ? ours : other).querySelector("input").checked = true;
      return fieldset;
    });
    list.replaceChildren(...fieldsets);
  }

  adopt(answer) {
    this.base = answer.document.data.attributes;
    this.tag = answer.tag;
    this.current = null;
    for (const name of Object.keys(MEMBERS)) this.copy.elements[name].value = this.base[name] ?? "";
    this.pane.querySelector("[data-fact=tag]").textContent = this.tag ?? "none";
    this.merge.hidden = true;
    this.pane.dataset.phase = "copy";
  }

  textOf(name) {
    return this.copy.elements[name].value;
  }

  /// The text of a member as its field gives it back: fields change line ends, and null is shown as nothing.
  asShown(name, attributes) {
    const probe = this.copy.elements[name].cloneNode();
    probe.value = attributes[name] ?? "";
    return probe.value;
  }

  /// The value to save: as it was read, where the text is as it was shown. An emptied field is null, unless null
  /// is no value of the member.
  valueOf(name) {
    const text = this.textOf(name);
    if (text === this.asShown(name, this.base)) return this.base[name];
    return text === "" && name !== "title" ? null : text;
  }

  untagged(text) {
    return `${text} The server sent no tag (ETags are off): the last save wins.`;
  }

  async exchange(method, headers, body) {
    const answer = await exchange(method, targetOf(this.id), headers, body);
    this.show(answer.shown);
    return answer;
  }

  show(text) {
    this.pane.querySelector("pre").textContent = text;
  }

  say(text, mood) {
    const status = this.pane.querySelector(".status");
    status.textContent = text;
    status.dataset.mood = mood;
  }
}

class Reader {
  constructor(pane) {
    this.pane = pane;
    this.fresh = pane.querySelector("[data-action=fresh]");
    this.again = pane.querySelector("[data-action=again]");
    this.fresh.addEventListener("click", () => this.read({}));
    this.again.addEventListener("click", () => this.read({ "If-None-Match": this.tag }));
  }

  open(id) {
    this.id = id;
    this.tag = null;
    this.received = 0;
    this.again.disabled = true;
    this.tell("tag", "none yet");
    this.tell("answer", "none yet");
    this.tell("bytes", "0");
    this.say("", "calm");
    this.pane.querySelector("pre").textContent = "";
  }

  async read(headers) {
    let answer;
    try {
      answer = await exchange("GET", targetOf(this.id), headers);
    } catch (error) {
      return this.say(`The server did not answer: ${error.message}`, "bad");
    }
    this.pane.querySelector("pre").textContent = answer.shown;
    this.received += answer.bytes;
    this.tell("answer", `${answer.status}, ${answer.bytes} bytes`);
    this.tell("bytes", String(this.received));
    if (answer.status === 304) return this.say("304: the copy is the current one.", "good");
    if (answer.status !== 200) return this.say(problemOf(answer), "bad");
    this.tag = answer.tag;
    this.tell("tag", this.tag ?? "none: ETags are off");
    this.again.disabled = !this.tag;
    this.say("200: a new copy.", "calm");
  }

  tell(fact, text) {
    this.pane.querySelector(`[data-fact=${fact}]`).textContent = text;
  }

  say(text, mood) {
    const status = this.pane.querySelector(".status");
    status.textContent = text;
    status.dataset.mood = mood;
  }
}

/// The titles to choose from: one page of them, and more on demand.
class Chooser {
  constructor(select, more, problem) {
    Object.assign(this, { select, more, problem });
    // As large a page as the server gives; it says itself how large that is.
    this.next = "/v1/sessions?fields[sessions]=title&page[size]=100";
    more.addEventListener("click", () => this.load());
  }

  async load() {
    let list = await exchange("GET", this.next, {});
    const largest = errorOf(list)?.meta?.page?.maxSize;
    if (list.status === 400 && largest) {
      list = await exchange("GET", this.next.replace("[size]=100", `[size]=${largest}`), {});
    }
    if (list.status !== 200) {
      this.problem.textContent = problemOf(list);
      return;
    }
    const focused = document.activeElement === this.more;
    for (const session of list.document.data) {
      this.select.append(new Option(session.attributes.title, session.id));
    }
    this.next = list.document.links.next;
    this.more.hidden = !this.next;
    if (focused && !this.next) this.select.focus();
  }
}

async function start() {
  const select = document.getElementById("session");
  const problem = document.getElementById("problem");
  // Without JavaScript there is nothing to see but the word that it is needed.
  for (const part of document.querySelectorAll("[data-needs=script]")) part.hidden = false;
  const chooser = new Chooser(select, document.getElementById("more"), problem);
  await chooser.load();
  if (problem.textContent) return;
  if (select.length === 0) {
    problem.textContent = "There is no session to edit.";
    return;
  }
  const parent = document.getElementById("editors");
  const editors = [new Editor("Editor A", parent), new Editor("Editor B", parent)];
  const reader = new Reader(document.getElementById("download"));
  const hasUnsaved = () => editors.some((editor) => editor.hasUnsaved());
  let opened;
  const open = async () => {
    opened = select.value;
    reader.open(opened);
    await Promise.all(editors.map((editor) => editor.open(opened)));
  };
  select.addEventListener("change", () => {
    if (hasUnsaved() && !confirm("An editor has text that is not saved. Open the other session and lose it?")) {
      select.value = opened;
      return;
    }
    open();
  });
  window.addEventListener("beforeunload", (event) => hasUnsaved() && event.preventDefault());
  await open();
}

start().catch((error) => {
  document.getElementById("problem").textContent = `The server did not answer: ${error.message}`;
});
