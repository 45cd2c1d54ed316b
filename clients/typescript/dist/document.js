// A document that was received.
import { href, identity, } from "./json-api.js";
/** A JSON:API document: what the server sent, with its entity tag, and with included resources to be found. */
export class Document {
    data;
    included;
    links;
    meta;
    /** The entity tag of the response: of the resource, the list or the linkage. */
    etag;
    /** Whether the server has sent it now, or has said that what was kept is still current (304). */
    from;
    #index;
    constructor(document, etag, from) {
        this.data = document.data;
        this.included = document.included ?? [];
        this.links = document.links ?? {};
        this.meta = document.meta ?? {};
        this.etag = etag;
        this.from = from;
    }
    related(owner, name) {
        const linkage = owner.relationships?.[name]?.data;
        if (linkage === undefined || linkage === null)
            return linkage;
        if (!Array.isArray(linkage))
            return this.#find(linkage);
        const found = linkage.map((one) => this.#find(one)).filter((one) => one !== undefined);
        return linkage.length > 0 && found.length === 0 ? undefined : found;
    }
    /** A resource of this document, primary or included. */
    find(identifier) {
        return this.#find(identifier);
    }
    #find(identifier) {
        if (!this.#index) {
            const primary = Array.isArray(this.data) ? this.data : this.data ? [this.data] : [];
            const all = [...primary, ...this.included];
            this.#index = new Map(all.map((one) => [identity(one), one]));
        }
        return this.#index.get(identity(identifier));
    }
    /** The URL of a link, such as `next`; `undefined` without one. */
    link(name) {
        return href(this.links[name]);
    }
}
