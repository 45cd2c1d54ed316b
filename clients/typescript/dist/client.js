// The client: reads, edits and linkage of an API whose types are known.
import { make, meet } from "./edit.js";
import { CONCURRENCY, MEDIA_TYPE } from "./json-api.js";
import { isEmpty } from "./merge.js";
import { OperationBuilder } from "./operation-builder.js";
import { makeAll } from "./operations.js";
import { queryString } from "./query.js";
import { States } from "./states.js";
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
    #states;
    #paths;
    #operations;
    /** The media types of documents that may show several resources, each with its tag. */
    #accept;
    /** Makes operations, for `operations`: `api.op.add("tracks", …)`, `api.op.update(session, …)`, `api.op.remove(session)`. */
    op;
    constructor({ paths, memory, operations = "/operations", profile = true, ...transport }) {
        this.#paths = { ...paths };
        // Who knows no profiles, nor parameters of the media type, takes the other one.
        this.#accept = profile ? `${MEDIA_TYPE};profile="${CONCURRENCY}", ${MEDIA_TYPE};q=0.9` : undefined;
        this.#operations = operations;
        this.#transport = new Transport(transport);
        this.#store = new Store(this.#transport, memory ?? {}, (resource) => this.#urlOf(resource));
        const states = new States(this.#store, (resource) => this.#urlOf(resource));
        this.#states = states;
        this.op = new OperationBuilder({
            resource: (target, own) => ({ ...states.resource(target), ...own }),
            linkage: (owner, name, own) => ({ ...states.linkageOf(owner, name), ...own, isDone: () => false }),
            isReadBefore: (target) => states.isReadBefore(target),
        });
    }
    /** Reads a list. */
    list(type, query, options) {
        return this.#readMany(this.#collection(type) + queryString(query), options);
    }
    /** Reads a list page by page, as far as it is asked for. */
    async *pages(type, query, options) {
        let page = await this.list(type, query, options);
        for (;;) {
            yield page;
            const next = page.link("next");
            if (next === undefined)
                return;
            page = await this.#readMany(next, options);
        }
    }
    /** Reads a resource. */
    async get(type, id, query, options) {
        // The tag of the resource itself is that of the answer.
        const { include } = (query ?? {});
        return this.#states.read({ type, id }, query, include ? { ...options, accept: this.#accept } : options);
    }
    /** Reads a link of a document, such as `next`. */
    follow(link, options) {
        return this.#readMany(link, options);
    }
    /** Reads what is related to a resource. */
    related(owner, name, query, options) {
        return this.#readMany(`${this.#urlOf(owner)}/${name}${queryString(query)}`, options);
    }
    async create(type, members, query, options = {}) {
        const response = await this.#transport.send({
            ...options,
            method: "POST",
            url: this.#collection(type) + queryString(query),
            document: { data: { type, ...members } },
            prefer: options.return,
            key: true,
        });
        return options.return ? this.#saved(type, undefined, response) : this.#store.written(response, "resource");
    }
    async update(target, changes, options = {}) {
        const { type, id } = target;
        const query = options.query;
        const url = this.#urlOf(target) + queryString(query);
        const edit = {
            ...this.#states.resource(target),
            options,
            mine: changes,
            merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
            isDone: (mine) => isEmpty(mine),
            send: (mine, headers, attempt) => this.#write("PATCH", url, headers, attempt, options, { data: { type, id, ...mine } }, options.return),
        };
        const outcome = (await this.#beforehand(edit, target)) ?? (await make(edit));
        if (options.return && "response" in outcome)
            return this.#saved(type, id, outcome.response);
        if (options.return)
            return { type, id, meta: edit.seen.etag === undefined ? {} : { etag: edit.seen.etag } };
        if ("response" in outcome && outcome.response.text !== "") {
            return this.#store.written(outcome.response, "resource");
        }
        // Nothing came with it (204), or there was nothing to save.
        return this.#states.read({ type, id }, query, { signal: options.signal });
    }
    /** Deletes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
    async delete(target, options = {}) {
        const url = this.#urlOf(target);
        const edit = {
            ...this.#states.resource(target),
            options,
            mine: "delete",
            merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
            isDone: () => false,
            send: (_, headers, attempt) => this.#write("DELETE", url, headers, attempt, options),
        };
        if (!(await this.#beforehand(edit, target)))
            await make(edit);
        this.#store.forget(url);
    }
    /** Reads which resources a relationship leads to. */
    linkage(owner, name, query, options) {
        return this.#store.read(this.#states.linkageUrl(owner, name) + queryString(query), options);
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
     * Makes several changes, all of them or none: the results stand in the order of the operations, which `op` makes. Each is
     * for the state that was seen of its resource.
     *
     * If somebody else has changed one, nothing is made. Its `merge` decides what to save on top of that, and all are tried
     * again; without one, that is an `OperationConflict`. All else that is refused is an `OperationsError`, which says of which
     * operation.
     */
    async operations(operations, options = {}) {
        const results = await makeAll(operations, options, {
            transport: this.#transport,
            url: this.#transport.at(this.#operations),
            adopt: (resource) => {
                const { etag } = resource.meta ?? {};
                if (typeof etag === "string")
                    this.#store.adopt(this.#urlOf(resource), resource, etag);
                else
                    this.forget(resource);
            },
            forget: (resource) => this.#store.forget(this.#urlOf(resource)),
        });
        return results;
    }
    /**
     * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
     * application's own, or an extension, by `contentType` and `accept`. It is sent once, unless it has a `key`.
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
    #readMany(link, options) {
        return this.#store.read(link, { ...options, accept: this.#accept });
    }
    #collection(type) {
        const path = this.#paths[type] ?? `/${type}`;
        return this.#transport.at(path.startsWith("/") ? path : `/${path}`);
    }
    #urlOf({ type, id }) {
        return `${this.#collection(type)}/${encodeURIComponent(id)}`;
    }
    /** What is known of a write whose answer has no document. */
    #saved(type, known, response) {
        const location = new URL(response.headers.get("Location") ?? "", response.url).pathname;
        const id = known ?? decodeURIComponent(location.slice(location.lastIndexOf("/") + 1));
        const etag = response.headers.get("ETag");
        this.#store.remember(this.#urlOf({ type, id }), etag);
        return { type, id, meta: etag === null ? {} : { etag } };
    }
    /**
     * What was read in a list, or included, has no tag. Before it is edited, the resource is read, and its tag serves if it
     * is still as it was seen.
     */
    async #beforehand(edit, target) {
        if (edit.options.ifMatch !== undefined || !this.#states.isReadBefore(target, edit.seen.etag))
            return undefined;
        return meet(edit, await edit.read(edit.options.signal), true);
    }
    async #relate(method, owner, name, linkage, options) {
        const url = this.#states.linkageUrl(owner, name);
        const { seen, merge } = options;
        const known = this.#states.linkage(url);
        const outcome = await make({
            ...known,
            options,
            mine: linkage,
            seen: seen ?? known.seen,
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
    #write(method, url, preconditions, attempt, { headers, signal }, document, prefer) {
        const isForState = "If-Match" in preconditions;
        return this.#transport.send({
            method,
            url,
            document,
            // Where another state is found, it comes with the refusal.
            prefer: prefer ?? (isForState ? "representation" : undefined),
            key: true,
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
