// The states of resources and of their linkage: as they were seen, and as they are now.
import { seenOf } from "./edit.js";
import { agrees, isSameLinkage, isSeen } from "./json-api.js";
import { queryString } from "./query.js";
export class States {
    store;
    urlOf;
    /** Types whose resources came without a tag, so that nothing is to be found out before an edit. */
    #untagged = new Set();
    constructor(store, 
    /** The URL of a resource. */
    urlOf) {
        this.store = store;
        this.urlOf = urlOf;
    }
    /** The URL of a relationship. */
    linkageUrl(owner, name) {
        return `${this.urlOf(owner)}/relationships/${name}`;
    }
    /** Reads a resource. */
    async read(target, query, options) {
        const read = await this.store.read(this.urlOf(target) + queryString(query), options);
        if (read.etag === undefined)
            this.#untagged.add(target.type);
        else
            this.#untagged.delete(target.type);
        return read;
    }
    /** Whether a resource came without its tag, in a list or included, so that it is read before it is changed. */
    isReadBefore(target, etag = seenOf(this.store, target, this.urlOf(target)).etag) {
        return etag === undefined && !this.#untagged.has(target.type) && isSeen(target);
    }
    /** A resource. */
    resource(target) {
        const url = this.urlOf(target);
        return {
            url,
            seen: seenOf(this.store, target, url),
            // Not what a cache on the way may have.
            read: (signal) => this.read(target, undefined, { signal, cache: "no-cache" }),
            told: (current, etag) => this.store.adopt(url, current, etag),
            agrees: (one, other) => agrees(one, other),
        };
    }
    /** Linkage, at its own URL. */
    linkage(url) {
        return {
            url,
            seen: this.store.seen(url) ?? { etag: undefined, data: undefined },
            read: (signal) => this.store.read(url, { signal, cache: "no-cache" }),
            told: (current, etag) => this.store.adopt(url, current, etag),
            agrees: isSameLinkage,
        };
    }
    /**
     * Linkage as operations know it: it is part of the state of its resource. Where the resource doesn't show it, it has a
     * state of its own.
     */
    linkageOf(owner, name) {
        const whole = this.resource(owner);
        const own = this.linkage(this.linkageUrl(owner, name));
        const shown = shownBy(whole.seen.data, name);
        if (shown === undefined && own.seen.etag !== undefined)
            return own;
        return {
            url: whole.url,
            seen: { etag: whole.seen.etag, data: shown },
            read: async (signal) => {
                const { etag, data } = await whole.read(signal);
                const linkage = shownBy(data, name);
                return linkage === undefined ? own.read(signal) : { etag, data: linkage };
            },
            told: (current, etag) => {
                const linkage = shownBy(current, name);
                if (linkage === undefined)
                    return own.told(current, etag);
                whole.told(current, etag);
                return { etag, data: linkage };
            },
            agrees: isSameLinkage,
        };
    }
}
function shownBy(resource, name) {
    return resource?.relationships?.[name]?.data;
}
