// Two editors over one session, a window that moves three sessions at once, and a reader that downloads only what changed.
//
// Each has a client of its own, as if it were another person: etag-fairing-client keeps the tag of what was read and sends
// it. Where somebody else was faster, an edit ends with an `EditConflict`: the editor shows the current version beside its
// own text, and the merge is sent for the version that was shown. Text that was not saved is never thrown away without a
// question.

import { EditConflict, createClient } from "/assets/client/index.js";
import { Watched, problemOf } from "/assets/exchange.js";
import { Mover } from "/assets/move.js";

const MEMBERS = { title: "Title", subtitle: "Subtitle", level: "Level", shortAbstract: "Abstract" };

class Editor {
  constructor(name, parent) {
    this.name = name;
    this.watched = new Watched();
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
    this.watched.begin();
    try {
      await action();
    } catch (error) {
      if (error instanceof EditConflict) this.conflict(error.theirs);
      else this.say(problemOf(error), "bad");
    }
    if (this.watched.shown) this.pane.querySelector("pre").textContent = this.watched.shown;
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
    if (!this.base) return false;
    return Object.keys(MEMBERS).some((name) => this.textOf(name) !== this.asShown(name, this.base));
  }

  async read() {
    const { data } = await this.watched.client.get("sessions", this.id);
    this.adopt(data);
    this.say(data.meta?.etag ? "Read. Change something and save." : this.untagged("Read."), "calm");
  }

  async save() {
    const attributes = {};
    for (const name of Object.keys(MEMBERS)) {
      if (this.textOf(name) !== this.asShown(name, this.base)) attributes[name] = this.valueOf(name);
    }
    if (Object.keys(attributes).length === 0) return this.say("Nothing differs from what was read.", "calm");
    await this.update(this.base, attributes);
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
    await this.update(this.current, attributes);
  }

  /// Saves, if the session is still as it was in `seen`.
  async update(seen, attributes) {
    const { data } = await this.watched.client.update(seen, { attributes });
    // The answer is what a GET would give now, so the editor can go on without another read.
    this.adopt(data);
    this.say(data.meta?.etag ? "200: saved. This is the new tag." : this.untagged("200: saved."), "good");
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
        const list = this.merge.querySelector(".differences");
    const chosen = (name) => this.merge.querySelector(`input[name="${this.name} ${name}"]:checked`)?.value;
    this.differing = Object.keys(MEMBERS).filter((name) => this.textOf(name) !== this.asShown(name, this.current));
    const fieldsets = this.differing.map((name) => {
      const mine = this.textOf(name);
      const before = this.asShown(name, this.base);
      const now = this.asShown(name, this.current);
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

  adopt(session) {
    this.base = session;
    this.current = null;
    for (const name of Object.keys(MEMBERS)) this.copy.elements[name].value = session.attributes[name] ?? "";
    this.pane.querySelector("[data-fact=tag]").textContent = session.meta?.etag ?? "none";
    this.merge.hidden = true;
    this.pane.dataset.phase = "copy";
  }

  textOf(name) {
    return this.copy.elements[name].value;
  }

  /// The text of a member as its field gives it back: fields change line ends, and null is shown as nothing.
  asShown(name, session) {
    const probe = this.copy.elements[name].cloneNode();
    probe.value = session.attributes[name] ?? "";
    return probe.value;
  }

  /// The value to save: as it was read, where the text is as it was shown. An emptied field is null, unless null
  /// is no value of the member.
  valueOf(name) {
    const text = this.textOf(name);
    if (text === this.asShown(name, this.base)) return this.base.attributes[name];
    return text === "" && name !== "title" ? null : text;
  }

  untagged(text) {
    return `${text} The server sent no tag (ETags are off): the last save wins.`;
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
    this.watched = new Watched();
    this.fresh = pane.querySelector("[data-action=fresh]");
    this.again = pane.querySelector("[data-action=again]");
    this.fresh.addEventListener("click", () => {
      this.watched.client.forget();
      this.read();
    });
    this.again.addEventListener("click", () => this.read());
  }

  open(id) {
    this.id = id;
    this.watched.client.forget();
    this.received = 0;
    this.again.disabled = true;
    this.tell("tag", "none yet");
    this.tell("answer", "none yet");
    this.tell("bytes", "0");
    this.say("", "calm");
    this.pane.querySelector("pre").textContent = "";
  }

  async read() {
    this.watched.begin();
    try {
      const { etag, from } = await this.watched.client.get("sessions", this.id);
      this.tell("tag", etag ?? "none: ETags are off");
      this.again.disabled = !etag;
      if (from === "kept") this.say("304: the copy is the current one.", "good");
      else this.say("200: a new copy.", "calm");
    } catch (error) {
      this.say(problemOf(error), "bad");
    }
    const { bytes, shown, status } = this.watched;
    if (!shown) return;
    this.pane.querySelector("pre").textContent = shown;
    this.received += bytes;
    this.tell("answer", `${status}, ${bytes} bytes`);
    this.tell("bytes", String(this.received));
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
  constructor(select, more) {
    Object.assign(this, { select, more });
    this.client = createClient({ baseUrl: "/v1" });
    more.addEventListener("click", () => this.load());
  }

  /// As large a page as the server gives; it says itself how large that is.
  async first(size = 100) {
    try {
      return await this.client.list("sessions", { fields: { sessions: ["title"] }, page: { size } });
    } catch (error) {
      const largest = error.errors?.[0]?.meta?.page?.maxSize;
      if (!largest || largest >= size) throw error;
      return this.first(largest);
    }
  }

  async load() {
    try {
      const page = this.next ? await this.client.follow(this.next) : await this.first();
      const focused = document.activeElement === this.more;
      for (const session of page.data) this.select.append(new Option(session.attributes.title, session.id));
      this.next = page.link("next");
      this.more.hidden = !this.next;
      if (focused && !this.next) this.select.focus();
      return true;
    } catch (error) {
      document.getElementById("problem").textContent = problemOf(error);
      return false;
    }
  }
}

async function start() {
  const select = document.getElementById("session");
  // Without JavaScript there is nothing to see but the word that it is needed.
  for (const part of document.querySelectorAll("[data-needs=script]")) part.hidden = false;
  if (!(await new Chooser(select, document.getElementById("more")).load())) return;
  if (select.length === 0) {
    document.getElementById("problem").textContent = "There is no session to edit.";
    return;
  }
  const parent = document.getElementById("editors");
  const editors = [new Editor("Editor A", parent), new Editor("Editor B", parent)];
  const reader = new Reader(document.getElementById("download"));
  const mover = new Mover(document.getElementById("move"));
  const hasUnsaved = () => editors.some((editor) => editor.hasUnsaved());
  let opened;
  const open = async () => {
    opened = select.value;
    reader.open(opened);
    // The chosen session, which the editors change, stands between the two that follow it.
    const ids = [...select.options].map((option) => option.value);
    const at = (steps) => ids[(select.selectedIndex + steps) % ids.length];
    const three = [...new Set([at(1), opened, at(2)])];
    await Promise.all([...editors.map((editor) => editor.open(opened)), mover.open(three)]);
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
  document.getElementById("problem").textContent = problemOf(error);
});
