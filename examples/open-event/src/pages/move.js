// A window that moves three sessions at once: one request of operations, each with the tag of the session as this window has
// read it, in one list. All are moved, or none.
//
// If an editor has changed one of them since, the answer says which, and has it as it is now: the window shows it, and moves on
// top of that without another read.

import { OperationConflict } from "/assets/client/index.js";
import { Watched, problemOf } from "/assets/exchange.js";

const LATER = 30 * 60 * 1000;

export class Mover {
  constructor(pane) {
    this.pane = pane;
    this.watched = new Watched();
    this.sessions = [];
    this.move = pane.querySelector("[data-action=move]");
    this.read = pane.querySelector("[data-action=read]");
    this.move.addEventListener("click", () => this.act(() => this.moveAll()));
    this.read.addEventListener("click", () => this.act(() => this.readAll()));
  }

  async open(ids) {
    this.ids = ids;
    this.sessions = [];
    await this.run(() => this.readAll());
  }

  /// What a person has asked for: the focus goes to what came of it.
  async act(action) {
    await this.run(action);
    this.pane.querySelector(".status").focus();
  }

  async run(action) {
    this.move.disabled = this.read.disabled = true;
    this.watched.begin();
    try {
      await action();
    } catch (error) {
      this.say(problemOf(error), "bad");
    }
    if (this.watched.shown) this.pane.querySelector("pre").textContent = this.watched.shown;
    this.read.disabled = false;
    this.move.disabled = this.sessions.length === 0;
  }

  async readAll() {
    // Each resource of the list comes with its tag: the client asks for the profile.
    const list = await this.watched.client.list("sessions", { filter: { id: this.ids } });
    this.show(this.ids.map((id) => list.data.find((session) => session.id === id)).filter(Boolean));
    this.say("Read. Let an editor change the session in the middle, or move all.", "calm");
  }

  async moveAll() {
    const { client } = this.watched;
    const moves = this.sessions.map((session) => client.op.update(session, { attributes: later(session) }));
    try {
      this.show(await client.operations(moves));
      this.say(`200: all ${moves.length} are moved, in one transaction. These are the new tags.`, "good");
    } catch (error) {
      if (!(error instanceof OperationConflict)) throw error;
      this.conflict(error);
    }
  }

  /// Shows which session somebody has changed. The next move is for that state of it.
  conflict({ index, theirs }) {
    const seen = this.sessions[index];
    this.show(this.sessions.map((session, place) => (place === index ? theirs : session)));
    const row = this.pane.querySelectorAll("tbody tr")[index];
    row.dataset.phase = "conflict";
    const changed = Object.keys(theirs.attributes).filter(
      (name) => JSON.stringify(theirs.attributes[name]) !== JSON.stringify(seen.attributes[name]),
    );
    const note = document.createElement("p");
    note.textContent = `Somebody has changed it since it was read: ${changed.join(", ") || "what it is related to"}.`;
    row.querySelector("th").append(note);
    this.move.textContent = "Move all on top of that";
    const title = seen.attributes.title;
    // Where the server sends no tags, the client has read each of them once more, and has seen it by itself.
    const told = this.watched.status === 412 ? "412: none" : "None";
    this.say(`${told} is moved. Somebody has changed “${title}”, and the answer has it as it is now.`, "bad");
  }

  show(sessions) {
    this.sessions = sessions;
    const rows = sessions.map((session) => {
      const row = document.createElement("tr");
      const [title, begins, tag] = ["th", "td", "td"].map((name) => row.appendChild(document.createElement(name)));
      title.scope = "row";
      title.textContent = session.attributes.title;
      begins.textContent = session.attributes.startTime ?? "not yet known";
      tag.append(Object.assign(document.createElement("code"), { textContent: session.meta?.etag ?? "none" }));
      return row;
    });
    this.pane.querySelector("tbody").replaceChildren(...rows);
    this.move.textContent = "Move all by 30 minutes";
  }

  say(text, mood) {
    const status = this.pane.querySelector(".status");
    status.textContent = text;
    status.dataset.mood = mood;
  }
}

/// When a session begins and ends half an hour later, as far as that is known.
function later({ attributes }) {
  const known = ["startTime", "endTime"].filter((name) => attributes[name]);
  return Object.fromEntries(known.map((name) => [name, new Date(Date.parse(attributes[name]) + LATER).toISOString()]));
}
