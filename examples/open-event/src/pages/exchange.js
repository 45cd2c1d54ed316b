// What the parts of the page share: a client each, and what it has sent and received.

import { JsonApiError, createClient } from "/assets/client/index.js";

/// A client, and all that was sent and received since the beginning of an action, for the page to show.
export class Watched {
  constructor() {
    this.begin();
    this.client = createClient({ baseUrl: "/v1", fetch: (url, init) => this.fetch(url, init) });
  }

  begin() {
    this.exchanges = [];
    this.bytes = 0;
  }

  async fetch(url, init) {
    // no-store: the browser's own cache would answer a 304 with a 200 of its own.
    const response = await fetch(url, { ...init, cache: "no-store" });
    const { byteLength } = await response.clone().arrayBuffer();
    this.bytes += byteLength;
    this.status = response.status;
    this.exchanges.push(shown(url, init, response, byteLength));
    return response;
  }

  get shown() {
    return this.exchanges.join("\n\n");
  }
}

function shown(url, { method, headers, body }, response, length) {
  const { pathname, search } = new URL(url);
  const lines = [`${method} ${pathname}${search}`];
  const written = (name) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  headers.forEach((value, name) => lines.push(`${written(name)}: ${value}`));
  if (body) lines.push("", body);
  lines.push("", `${response.status} ${response.statusText}`);
  for (const name of ["ETag", "Content-Type", "Content-Length", "Cache-Control"]) {
    const value = response.headers.get(name);
    if (value !== null) lines.push(`${name}: ${value}`);
  }
  lines.push(`(${length} bytes of body)`);
  return lines.join("\n");
}

/// What went wrong, for a person.
export function problemOf(error) {
  if (!(error instanceof JsonApiError)) return `The server did not answer: ${error.message}`;
  const [first] = error.errors;
  const why = first?.detail ?? first?.title;
  if (error.status === 412) return `412: not saved. ${why}.`;
  return why ? `${error.status}: ${why}` : `The answer was ${error.status}.`;
}
