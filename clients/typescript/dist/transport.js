// The one way to the server: every request of the client goes through `Transport.send`.
import { JsonApiError } from "./errors.js";
import { MEDIA_TYPE } from "./json-api.js";
import { KEY, Repeats } from "./repeats.js";
export class Transport {
    #base;
    #fetch;
    #headers;
    #credentials;
    #repeats;
    constructor({ baseUrl, fetch, headers, credentials, repeats = {} }) {
        this.#base = baseUrl.replace(/\/+$/, "");
        // `fetch` wants to be called as a function of the global object.
        this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init));
        this.#headers = headers;
        this.#credentials = credentials;
        this.#repeats = repeats ? new Repeats(repeats) : undefined;
    }
    /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
    at(path) {
        return this.url(this.#base + path);
    }
    /**
     * The whole URL of a link. A link to another origin is refused: header fields, such as a token, are for this server
     * only.
     */
    url(link) {
        const page = globalThis.location?.href;
        const base = new URL(this.#base, page);
        const url = new URL(link, base);
        if (url.origin !== base.origin)
            throw new TypeError(`${url.href} is not at ${base.origin}, which this client is for`);
        return url.href;
    }
    /** Sends a request. A status that is neither 2xx nor allowed is a `JsonApiError`. */
    async send(request) {
        const { method, document, signal, allow = [], cache, attempt = 1 } = request;
        const url = this.url(request.url);
        const headers = new Headers({ Accept: request.accept ?? MEDIA_TYPE });
        if (document !== undefined)
            headers.set("Content-Type", request.contentType ?? MEDIA_TYPE);
        if (request.prefer)
            headers.set("Prefer", `return=${request.prefer}`);
        if (typeof request.key === "string")
            headers.set(KEY, quoted(request.key));
        for (const source of [this.#headers, request.headers]) {
            const fields = typeof source === "function" ? await source({ method, url, attempt }) : source;
            new Headers(fields).forEach((value, name) => headers.set(name, value));
        }
        const init = { method, headers };
        if (document !== undefined)
            init.body = JSON.stringify(document);
        if (signal)
            init.signal = signal;
        if (cache)
            init.cache = cache;
        if (this.#credentials)
            init.credentials = this.#credentials;
        const once = async () => {
            const response = await this.#fetch(url, init);
            const text = await response.text();
            if (!response.ok && !allow.includes(response.status)) {
                throw new JsonApiError(response.status, errorsOf(text), { method, url }, response.headers);
            }
            return { status: response.status, headers: response.headers, text, url };
        };
        return request.key && this.#repeats ? this.#repeats.send(headers, once, signal) : once();
    }
}
/** A string of RFC 8941 (§3.3.3). */
function quoted(text) {
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
/** The errors of a document; none if it is no such document. */
function errorsOf(text) {
    try {
        const { errors } = JSON.parse(text);
        return Array.isArray(errors) ? errors : [];
    }
    catch {
        return [];
    }
}
