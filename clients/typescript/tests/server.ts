// A small JSON:API server in memory, whose behaviour a test can bend, and which writes down what it was asked.

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { paths } from "./conference.js";
import { type ClientOptions, createClient } from "etag-fairing-client";

/** A request as it came. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
}

/** What a test has the server answer in the place of its own answer. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

interface Row {
  version: number;
  attributes: Record<string, unknown>;
  speakers: string[];
}

/** Sessions at `/v1/sessions`, each with a version that is its tag. */
export class Conference {
  readonly asked: Asked[] = [];
  readonly rows = new Map<string, Row>();
  /** Whether a write must have `If-Match`. */
  requiresTag = false;
  /** Whether responses have tags. */
  hasTags = true;
  /** Whether the resources of a list have theirs in `meta.etag`. */
  hasTagsInLists = false;
  /** Whether a PATCH is answered with 204. */
  answersNothing = false;
  /** So many answers to writes are lost on the way, after all was done. */
  lost = 0;
  /** The first answers to writes with an `Idempotency-Key`; nothing if the server knows no keys. */
  kept: Map<string, Answer> | undefined = new Map();
  /** Called before each request is handled; what it gives is sent. */
  before: (request: Asked, number: number) => Answer | undefined | void | Promise<Answer | undefined | void> = () => {};
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #next = 100;

  static async start(): Promise<Conference> {
    const conference = new Conference();
    await new Promise<void>((started) => conference.#server.listen(0, "127.0.0.1", started));
    return conference;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(options: Partial<ClientOptions<paths>> = {}) {
    return createClient<paths>({ baseUrl: `${this.origin}/v1`, ...options });
  }

  add(id: string, attributes: Record<string, unknown>, speakers: string[] = []): void {
    this.rows.set(id, { version: 1, attributes, speakers });
  }

  /** Somebody else changes a session. */
  change(id: string, attributes: Record<string, unknown>): void {
    const row = this.rows.get(id)!;
    Object.assign(row.attributes, attributes);
    row.version += 1;
  }

  changeSpeakers(id: string, speakers: string[]): void {
    const row = this.rows.get(id)!;
    row.speakers = speakers;
    row.version += 1;
  }

  title(id: string): unknown {
    return this.rows.get(id)?.attributes.title;
  }

  /** The requests, as `GET /v1/sessions/1`. */
  lines(): string[] {
    return this.asked.map(({ method, url }) => `${method} ${url}`);
  }

  /** The values of a field of all requests with this method. */
  fields(method: string, name: string): (string | undefined)[] {
    return this.asked.filter((one) => one.method === method).map((one) => one.headers[name] as string | undefined);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const asked: Asked = {
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    };
    this.asked.push(asked);
    const { status, headers, body } = (await this.before(asked, this.asked.length)) ?? this.#answerOnce(asked);
    if (asked.method !== "GET" && this.lost > 0) {
      this.lost -= 1;
      response.destroy();
      return;
    }
    const sent = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    const type = typeof body === "string" ? "text/html" : "application/vnd.api+json";
    response.writeHead(status, { ...(sent && { "Content-Type": type }), ...headers });
    response.end(sent);
  }

  #answerOnce(asked: Asked): Answer {
    const key = asked.headers["idempotency-key"] as string | undefined;
    const kept = key === undefined ? undefined : this.kept?.get(key);
    if (kept) return { ...kept, headers: { ...kept.headers, "Idempotency-Replayed": "true" } };
    const answer = this.#answer(asked);
    if (key !== undefined && answer.status < 400) this.kept?.set(key, answer);
    return answer;
  }

  #answer(asked: Asked): Answer {
    const { method, body } = asked;
    const path = asked.url.split("?")[0]!;
    if (path === "/v1/sessions") {
      if (method === "POST") {
        const id = String((this.#next += 1));
        this.add(id, body.data.attributes);
        return { ...this.#found(asked, 201, id), headers: { Location: path, ...this.#tag(id) } };
      }
      const data = [...this.rows.keys()].map((id) => ({
        ...this.#resource(id),
        ...(this.hasTagsInLists && { meta: { etag: `"${this.rows.get(id)!.version}"` } }),
      }));
      return { status: 200, body: { data } };
    }
    const [, , , id = "", , name] = path.split("/");
    const row = this.rows.get(id);
    if (!row) return refuse(404, "resource_not_found");
    if (method !== "GET") {
      const tag = asked.headers["if-match"];
      if (tag === undefined && this.requiresTag) return refuse(428, "precondition_required");
      const isCurrent = tag === undefined || tag === "*" || tag.split("-")[0]!.replaceAll('"', "") === `${row.version}`;
      if (!isCurrent) return refuse(412, "precondition_failed", { reason: "changed" });
    }
    if (name !== undefined) return this.#linkage(asked, id, row);
    if (method === "DELETE") {
      this.rows.delete(id);
      return { status: 204 };
    }
    if (method === "PATCH") {
      const { attributes = {}, relationships } = body.data;
      this.change(id, attributes);
      if (relationships) row.speakers = relationships.speakers.data.map((one: { id: string }) => one.id);
      return this.answersNothing ? { status: 204 } : this.#found(asked, 200, id);
    }
    return this.#found(asked, 200, id);
  }

  #linkage(asked: Asked, id: string, row: Row): Answer {
    const ids = (asked.body?.data ?? []).map((one: { id: string }) => one.id);
    if (asked.method === "PATCH") this.changeSpeakers(id, ids);
    if (asked.method === "POST") this.changeSpeakers(id, [...new Set([...row.speakers, ...ids])]);
    if (asked.method === "DELETE") this.changeSpeakers(id, row.speakers.filter((one) => !ids.includes(one)));
    const data = row.speakers.map((one) => ({ type: "speakers", id: one }));
    return { status: 200, headers: this.#tag(id), body: { data } };
  }

  #found(asked: Asked, status: number, id: string): Answer {
    const headers = this.#tag(id, asked.url.includes("?") ? "-view" : "");
    if (headers.ETag !== undefined && asked.headers["if-none-match"] === headers.ETag) return { status: 304, headers };
    return { status, headers, body: { data: this.#resource(id) } };
  }

  #tag(id: string, view = ""): Record<string, string> {
    return this.hasTags ? { ETag: `"${this.rows.get(id)!.version}${view}"` } : {};
  }

  #resource(id: string): Record<string, unknown> {
    const { attributes, speakers } = this.rows.get(id)!;
    const data = speakers.map((one) => ({ type: "speakers", id: one }));
    return { type: "sessions", id, attributes, relationships: { speakers: { data } } };
  }
}

export function refuse(status: number, code: string, meta?: Record<string, unknown>, source?: object): Answer {
  return {
    status,
    body: { errors: [{ status: `${status}`, code, title: code, ...(meta && { meta }), ...(source && { source }) }] },
  };
}
