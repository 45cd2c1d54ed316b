/** How much is kept. */
export interface Bounds {
    /** How many entries. */
    entries: number;
    /** How many characters of text they have together. */
    characters: number;
}
/** A text with the entity tag that it came with. */
export interface Kept {
    readonly etag: string;
    readonly text: string;
}
/**
 * Texts by their keys. What was not used for the longest time goes first.
 *
 * Texts and no objects are kept: a program may change the object that it was given, and their size is known.
 */
export declare class Recent {
    #private;
    readonly bounds: Bounds;
    constructor(bounds: Bounds);
    get size(): number;
    get characters(): number;
    get(key: string): Kept | undefined;
    set(key: string, kept: Kept): void;
    delete(key: string): void;
    clear(): void;
}
