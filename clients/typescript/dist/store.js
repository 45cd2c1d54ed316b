// What the client reads and keeps: documents with their tags, and each resource as it was seen last.
import { Document } from "./document.js";
import { isSeen } from "./json-api.js";
import { Recent } from "./recent.js";
const DOCUMENTS = { entries: 200, characters: 4_000_000 };
const RESOURCES = { entries: 1_000, characters: 4_000_000 };
export class Store {
    transport;
    urlOf;
    #documents;
    /** By URLs: those of resources and those of relationships. */
    #seen;
    constructor(transport, memory, 
    /** The URL of a resource. */
    urlOf) {
        this.transport = transport;
        this.urlOf = urlOf;
        this.#documents = new Recent({ ...DOCUMENTS, ...memory.documents });
        this.#seen = new Recent({ ...RESOURCES, ...memory.resources });
    }
    /** Reads a URL, and asks only whether it has changed if it was read before. */
    async read(target, options = {}) {
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
                if (kept && !own.has("If-None-Match"))
                    own.set("If-None-Match", kept.etag);
                return own;
            },
            allow: kept ? [304] : [],
        });
        const isKept = response.status === 304 && kept !== undefined;
        const text = isKept ? kept.text : response.text;
        const etag = response.headers.get("ETag") ?? (isKept ? kept.etag : undefined);
        if (!isKept) {
            if (etag === undefined)
                this.#documents.delete(url);
            else
                this.#documents.set(url, { etag, text });
        }
        return this.#document(url, text, etag, isKept ? "kept" : "server");
    }
    /** The document of the answer to a write. The tag of the answer to a creation is that of the new resource. */
    written(response, is) {
        const etag = response.headers.get("ETag") ?? undefined;
        return this.#document(response.url, response.text, etag, "server", is === "resource");
    }
    /** What was seen last at the URL of a resource or a relationship. */
    seen(url) {
        const kept = this.#seen.get(url);
        return kept && { etag: kept.etag, data: dataOf(kept) };
    }
    /** Remembers a resource or a linkage that came in another document. */
    adopt(url, data, etag) {
        if (data && !Array.isArray(data) && isSeen(data)) {
            const resource = data;
            resource.meta = { ...resource.meta, etag };
        }
        this.#seen.set(url, { etag, text: JSON.stringify({ data }) });
        return { etag, data };
    }
    /** Remembers a tag that came without what it is of. */
    remember(url, etag) {
        if (etag === null)
            this.forget(url);
        else
            this.#seen.set(url, { etag, text: "" });
    }
    /** Forgets what was seen at a URL. */
    forget(url) {
        this.#seen.delete(url);
        this.#documents.delete(url);
    }
    clear() {
        this.#seen.clear();
        this.#documents.clear();
    }
    /** Parses a document, and remembers the tags of what it shows. */
    #document(url, text, etag, from, isOfResource = false) {
        const document = parse(text, url);
        const bare = url.split("?", 1)[0] ?? url;
        const { data } = document;
        const resources = [...(Array.isArray(data) ? data : [data]), ...(document.included ?? [])];
        for (const resource of resources) {
            if (!resource)
                continue;
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
        if (etag !== undefined && isLinkageUrl(bare))
            this.#seen.set(bare, { etag, text });
        return new Document(document, etag, from);
    }
}
function dataOf({ etag, text }) {
    if (text === "")
        return undefined;
    const { data } = JSON.parse(text);
    if (data && !Array.isArray(data) && isSeen(data)) {
        const resource = data;
        resource.meta = { ...resource.meta, etag };
    }
    return data;
}
function isLinkageUrl(url) {
    return /\/relationships\/[^/]+$/.test(url);
}
function parse(text, url) {
    let document;
    try {
        document = JSON.parse(text);
    }
    catch (cause) {
        throw new TypeError(`the answer of ${url} is no JSON:API document`, { cause });
    }
    if (typeof document !== "object" || document === null || !("data" in document)) {
        throw new TypeError(`the answer of ${url} is no JSON:API document with data`);
    }
    return document;
}
