import { Document } from "./document.js";
import { type Identifier } from "./json-api.js";
import { type Bounds } from "./recent.js";
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
export declare class Store {
    #private;
    readonly transport: Transport;
    /** The URL of a resource. */
    readonly urlOf: (resource: Identifier) => string;
    constructor(transport: Transport, memory: MemoryOptions, 
    /** The URL of a resource. */
    urlOf: (resource: Identifier) => string);
    /** Reads a URL, and asks only whether it has changed if it was read before. */
    read<D, P>(target: string, options?: ReadOptions): Promise<Document<D, P>>;
    /** The document of the answer to a write. The tag of the answer to a creation is that of the new resource. */
    written<D, P>(response: RawResponse, is: "resource" | "linkage"): Document<D, P>;
    /** What was seen last at the URL of a resource or a relationship. */
    seen<R>(url: string): Seen<R> | undefined;
    /** Remembers a resource or a linkage that came in another document. */
    adopt<R>(url: string, data: R, etag: string): {
        etag: string;
        data: R;
    };
    /** Remembers a tag that came without what it is of. */
    remember(url: string, etag: string | null): void;
    /** Forgets what was seen at a URL. */
    forget(url: string): void;
    clear(): void;
}
