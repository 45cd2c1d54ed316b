// What the client reads and keeps: documents with their tags, and each resource as it was seen last.

import { Document } from "./document.js";
import { type DocumentObject, type Identifier, type ResourceObject, isSeen } from "./json-api.js";
import { type Bounds, type Kept, Recent } from "./recent.js";
import type { RawResponse, SendOptions, Transport } from "./transport.js";

/** What was seen of a resource or a linkage: its tag and, unless only the tag came, itself. */
export interface Seen<R> {
  readonly etag: string;
  readonly data: R | undefined;
}

/** How something is read. */
export interface ReadOptions extends SendOptions {
  cache?: RequestCache | undefined;
  /** The media types of the answer. */
  accept?: string | undefined;
}

/** How much is kept. */
export interface MemoryOptions {
  /** Documents, to ask whether they are still current. By default 200, and 4 million characters. */
  documents?: Partial<Bounds>;
  /** Tags of resources, with the resource as it was seen. By default 1,000, and 4 million characters. */
  resources?: Partial<Bounds>;
}

const DOCUMENTS: Bounds = { entries: 200, characters: 4_000_000 };
const RESOURCES: Bounds = { entries: 1_000, characters: 4_000_000 };

export class Store {
  readonly #documents: Recent;
  /** By URLs: those of resources and those of relationships. */
  readonly #seen: Recent;

  constructor(
    readonly transport: Transport,
    memory: MemoryOptions,
    /** The URL of a resource. */
    readonly urlOf: (resource: Identifier) => string,
  ) {
    this.#documents = new Recent({ ...DOCUMENTS, ...memory.documents });
    this.#seen = new Recent({ ...RESOURCES, ...memory.resources });
  }

  /** Reads a URL, and asks only whether it has changed if it was read before. */
  async read<D, P>(target: string, options: ReadOptions = {}): Promise<Document<D, P>> {
    const url = this.transport.url(target);
    const kept = this.#documents.get(url);
    const headers = options.headers;
    const response = await this.transport.send({
      method: "GET",
      url,
      signal: options.signal,
      cache: options.cache,
      accept: options.accept,
      // Those of the caller come last: they win.
      headers: async (request) => {
        const own = new Headers(typeof headers === "function" ? await headers(request) : headers);
        if (kept && !own.has("If-None-Match")) own.set("If-None-Match", kept.etag);
        return own;
      },
      allow: kept ? [304] : [],
    });
    const isKept = response.status === 304 && kept !== undefined;
    const text = isKept ? kept.text : response.text;
    const etag = response.headers.get("ETag") ?? (isKept ? kept.etag : undefined);
    if (!isKept) {
      if (etag === undefined) this.#documents.delete(url);
      else this.#documents.set(url, { etag, text });
    }
    return this.#document<D, P>(url, text, etag, isKept ? "kept" : "server");
  }

  /** The document of the answer to a write. The tag of the answer to a creation is that of the new resource. */
  written<D, P>(response: RawResponse, is: "resource" | "linkage"): Document<D, P> {
    const etag = response.headers.get("ETag") ?? undefined;
    return this.#document<D, P>(response.url, response.text, etag, "server", is === "resource");
  }

  /** What was seen last at the URL of a resource or a relationship. */
  seen<R>(url: string): Seen<R> | undefined {
    const kept = this.#seen.get(url);
    return kept && { etag: kept.etag, data: dataOf(kept) as R | undefined };
  }

  /** Remembers a resource or a linkage that came in another document. */
  adopt<R>(url: string, data: R, etag: string): { etag: string; data: R } {
    if (data && !Array.isArray(data) && isSeen(data as unknown as ResourceObject)) {
      const resource = data as unknown as ResourceObject;
      resource.meta = { ...resource.meta, etag };
    }
    this.#seen.set(url, { etag, text: JSON.stringify({ data }) });
    return { etag, data };
  }

  /** Remembers a tag that came without what it is of. */
  remember(url: string, etag: string | null): void {
    if (etag === null) this.forget(url);
    else this.#seen.set(url, { etag, text: "" });
  }

  /** Forgets what was seen at a URL. */
  forget(url: string): void {
    this.#seen.delete(url);
    this.#documents.delete(url);
  }

  clear(): void {
    this.#seen.clear();
    this.#documents.clear();
  }

  /** Parses a document, and remembers the tags of what it shows. */
  #document<D, P>(
    url: string,
    text: string,
    etag: string | undefined,
    from: "server" | "kept",
    isOfResource = false,
  ): Document<D, P> {
    const document = parse<D>(text, url);
    const bare = url.split("?", 1)[0] ?? url;
    const { data } = document;
    const resources = [...(Array.isArray(data) ? (data as unknown[]) : [data]), ...(document.included ?? [])];
    for (const resource of resources as (ResourceObject | null)[]) {
      if (!resource) continue;
      const own = this.urlOf(resource);
      // The tag of a response is that of a resource only at the resource's own URL.
      const isOwn = resource === data && (isOfResource || own === bare);
      if (isOwn && etag !== undefined && resource.meta?.etag === undefined) {
        resource.meta = { ...resource.meta, etag };
      }
      const tag = resource.meta?.etag;
      if (typeof tag === "string" && (isOwn || isSeen(resource))) {
        this.#seen.set(own, { etag: tag, text: isOwn ? text : JSON.stringify({ data: resource }) });
      }
    }
    if (etag !== undefined && isLinkageUrl(bare)) this.#seen.set(bare, { etag, text });
    return new Document<D, P>(document, etag, from);
  }
}

function dataOf({ etag, text }: Kept): unknown {
  if (text === "") return undefined;
  const { data } = JSON.parse(text) as DocumentObject;
  if (data && !Array.isArray(data) && isSeen(data as ResourceObject)) {
    const resource = data as ResourceObject;
    resource.meta = { ...resource.meta, etag };
  }
  return data;
}

function isLinkageUrl(url: string): boolean {
  return /\/relationships\/[^/]+$/.test(url);
}

function parse<D>(text: string, url: string): DocumentObject<D> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`the answer of ${url} is no JSON:API document`, { cause });
  }
  if (typeof document !== "object" || document === null || !("data" in document)) {
    throw new TypeError(`the answer of ${url} is no JSON:API document with data`);
  }
  return document as DocumentObject<D>;
}
