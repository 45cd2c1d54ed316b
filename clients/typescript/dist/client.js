// The client: reads, edits and linkage of an API whose types are known.
import { make, meet, seenOf } from "./edit.js";
import { agrees, isSameLinkage, isSeen, } from "./json-api.js";
import { isEmpty } from "./merge.js";
import { queryString } from "./query.js";
import { Store } from "./store.js";
import { Transport } from "./transport.js";
/** Makes a client. `P` is the `paths` of what openapi-typescript has made of the API's document. */
export function createClient(options) {
    return new Client(options);
}
/**
 * A client of a JSON:API with entity tags. It sends `If-None-Match` with what it has read before, and `If-Match` with
 * what an edit was decided on.
 */
export class Client {
    #transport;
    #store;
    #paths;
    /** Types whose resources came without a tag, so that nothing is to be found out before an edit. */
    #untagged = new Set();
    constructor({ paths, memory, ...transport }) {
        this.#paths = { ...paths };
        this.#transport = new Transport(transport);
        this.#store = new Store(this.#transport, memory ?? {}, (resource) => this.#urlOf(resource));
    }
    /** Reads a list. */
    list(type, query, options) {
        return this.#store.read(this.#collection(type) + queryString(query), options);
    }
    /** Reads a list page by page, as far as it is asked for. */
    async *pages(type, query, options) {
        let page = await this.list(type, query, options);
        for (;;) {
            yield page;
            const next = page.link("next");
            if (next === undefined)
                return;
            page = await this.#store.read(next, options);
        }
    }
    /** Reads a resource. */
    async get(type, id, query, options) {
        return this.#read({ type, id }, query, options);
    }
    /** Reads a link of a document, such as `next`. */
    follow(link, options) {
        return this.#store.read(link, options);
    }
    /** Reads what is related to a resource. */
    related(owner, name, query, options) {
        return this.#store.read(`${this.#urlOf(owner)}/${name}${queryString(query)}`, options);
    }
    /** Makes a resource. */
    async create(type, members, query, options = {}) {
        const response = await this.#transport.send({
            ...options,
            method: "POST",
            url: this.#collection(type) + queryString(query),
            document: { data: { type, ...members } },
        });
        return this.#store.written(response, "resource");
    }
    /**
     * Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last.
     *
     * If somebody else has changed it, `merge` decides what to save on top of that, and it is tried again.
     */
    async update(target, changes, options = {}) {
        const url = this.#urlOf(target);
        const { type, id } = target;
        const query = options.query;
        const edit = this.#edit(target, changes, options, {
            merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
            isDone: (mine) => isEmpty(mine),
            send: (mine, headers, attempt) => this.#write("PATCH", url + queryString(query), headers, attempt, options, { data: { type, id, ...mine } }),
        });
        const outcome = (await this.#beforehand(edit, target)) ?? (await make(edit));
        if ("response" in outcome && outcome.response.text !== "") {
            return this.#store.written(outcome.response, "resource");
        }
        // Nothing came with it (204), or there was nothing to save.
        return this.#read({ type, id }, query, { signal: options.signal });
    }
    /** Deletes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
    async delete(target, options = {}) {
        const url = this.#urlOf(target);
        const edit = this.#edit(target, "delete", options, {
            merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
            isDone: () => false,
            send: (_, headers, attempt) => this.#write("DELETE", url, headers, attempt, options),
        });
        if (!(await this.#beforehand(edit, target)))
            await make(edit);
        this.#store.forget(url);
    }
    /** Reads which resources a relationship leads to. */
    linkage(owner, name, query, options) {
        return this.#store.read(this.#linkageUrl(owner, name) + queryString(query), options);
    }
    /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
    add(owner, name, identifiers, options = {}) {
        return this.#relate("POST", owner, name, identifiers, { merge: (mine) => mine, ...options });
    }
    /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
    remove(owner, name, identifiers, options = {}) {
        return this.#relate("DELETE", owner, name, identifiers, { merge: (mine) => mine, ...options });
    }
    /**
     * Replaces the linkage of a relationship: by identifiers, or by one or null. If somebody else has changed it since it
     * was seen, `merge` decides; `mergeLinkage` keeps the additions and removals of both.
     */
    replace(owner, name, linkage, options = {}) {
        return this.#relate("PATCH", owner, name, linkage, options);
    }
    /**
     * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
     * application's own, or an extension, by `contentType` and `accept`.
     */
    send(request) {
        return this.#transport.send(request);
    }
    /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
    url(path) {
        return this.#transport.at(path);
    }
    /** Forgets a resource, or all that was read: after a logout, say. */
    forget(target) {
        if (target)
            this.#store.forget(this.#urlOf(target));
        else
            this.#store.clear();
    }
    #collection(type) {
        const path = this.#paths[type] ?? `/${type}`;
        return this.#transport.at(path.startsWith("/") ? path : `/${path}`);
    }
    #urlOf({ type, id }) {
        return `${this.#collection(type)}/${encodeURIComponent(id)}`;
    }
    #linkageUrl(owner, name) {
        return `${this.#urlOf(owner)}/relationships/${name}`;
    }
    async #read(target, query, options) {
        const read = await this.#store.read(this.#urlOf(target) + queryString(query), options);
        if (read.etag === undefined)
            this.#untagged.add(target.type);
        else
            this.#untagged.delete(target.type);
        return read;
    }
    /** What all edits of a resource share. */
    #edit(target, mine, options, own) {
        const url = this.#urlOf(target);
        const seen = seenOf(this.#store, target, url);
        return {
            ...own,
            options,
            url,
            mine,
            seen,
            // Not what a cache on the way may have.
            read: () => this.#read(target, undefined, { signal: options.signal, cache: "no-cache" }),
            agrees: (one, other) => agrees(one, other),
        };
    }
    /**
     * What was read in a list, or included, has no tag. Before it is edited, the resource is read, and its tag serves if it
     * is still as it was seen.
     */
    async #beforehand(edit, target) {
        const { ifMatch } = edit.options;
        const isKnown = edit.seen.etag !== undefined || ifMatch !== undefined || this.#untagged.has(target.type);
        if (isKnown || !isSeen(target))
            return undefined;
        return meet(edit, await edit.read(), true);
    }
    async #relate(method, owner, name, linkage, options) {
        const url = this.#linkageUrl(owner, name);
        const { seen, merge } = options;
        const outcome = await make({
            options,
            url,
            mine: linkage,
            seen: seen ?? this.#store.seen(url) ?? { etag: undefined, data: undefined },
            read: () => this.#store.read(url, { signal: options.signal, cache: "no-cache" }),
            agrees: isSameLinkage,
            merge: async (mine, theirs, base) => merge?.(mine, theirs, base),
            isDone: () => false,
            send: (mine, headers, attempt) => this.#write(method, url, headers, attempt, options, { data: mine }),
        });
        // The owner shows the linkage: it is in another state now.
        this.#store.forget(this.#urlOf(owner));
        if (!("response" in outcome))
            return undefined;
        const { response } = outcome;
        if (response.text !== "")
            return this.#store.written(response, "linkage");
        this.#store.remember(url, response.headers.get("ETag"));
        return undefined;
    }
    #write(method, url, preconditions, attempt, { headers, signal }, document) {
        return this.#transport.send({
            method,
            url,
            document,
            signal,
            attempt,
            headers: async (request) => {
                const fields = new Headers(preconditions);
                const own = new Headers(typeof headers === "function" ? await headers(request) : headers);
                own.forEach((value, name) => fields.set(name, value));
                return fields;
            },
        });
    }
}
