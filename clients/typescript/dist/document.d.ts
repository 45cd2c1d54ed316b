import { type DocumentObject, type Identifier, type Links, type ResourceObject } from "./json-api.js";
import type { Included, Relationships, Resource, TypeName } from "./types.js";
/** A JSON:API document: what the server sent, with its entity tag, and with included resources to be found. */
export declare class Document<D, P = unknown> {
    #private;
    readonly data: D;
    readonly included: readonly ResourceObject[];
    readonly links: Links;
    readonly meta: Record<string, unknown>;
    /** The entity tag of the response: of the resource, the list or the linkage. */
    readonly etag: string | undefined;
    /** Whether the server has sent it now, or has said that what was kept is still current (304). */
    readonly from: "server" | "kept";
    constructor(document: DocumentObject<D>, etag: string | undefined, from: "server" | "kept");
    /**
     * What a relationship of a resource in this document leads to: a resource, null, or a list. `undefined` if the document
     * does not have it, since it was not asked for by `include`. Of a list, those that the document has.
     */
    related<O extends ResourceLike, const N extends Relationships<O>>(owner: O, name: N): Included<P, O, N> | undefined;
    /** A resource of this document, primary or included. */
    find<T extends TypeName<P>>(identifier: {
        type: T;
        id: string;
    }): Resource<P, T> | undefined;
    /** The URL of a link, such as `next`; `undefined` without one. */
    link(name: string): string | undefined;
}
/** What has relationships. */
export interface ResourceLike extends Identifier {
    relationships?: object;
}
