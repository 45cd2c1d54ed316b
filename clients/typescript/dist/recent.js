// What is kept between requests, in bounded memory.
/**
 * Texts by their keys. What was not used for the longest time goes first.
 *
 * Texts and no objects are kept: a program may change the object that it was given, and their size is known.
 */
export class Recent {
    bounds;
    #entries = new Map();
    #characters = 0;
    constructor(bounds) {
        this.bounds = bounds;
    }
    get size() {
        return this.#entries.size;
    }
    get characters() {
        return this.#characters;
    }
    get(key) {
        const kept = this.#entries.get(key);
        if (kept) {
            // A Map has its entries in the order in which they were set: now this one is the last.
            this.#entries.delete(key);
            this.#entries.set(key, kept);
        }
        return kept;
    }
    set(key, kept) {
        this.delete(key);
        if (weight(key, kept) > this.bounds.characters)
            return;
        this.#entries.set(key, kept);
        this.#characters += weight(key, kept);
        for (const oldest of this.#entries.keys()) {
            if (this.size <= this.bounds.entries && this.#characters <= this.bounds.characters)
                return;
            this.delete(oldest);
        }
    }
    delete(key) {
        const kept = this.#entries.get(key);
        if (!kept)
            return;
        this.#entries.delete(key);
        this.#characters -= weight(key, kept);
    }
    clear() {
        this.#entries.clear();
        this.#characters = 0;
    }
}
function weight(key, kept) {
    return key.length + kept.etag.length + kept.text.length;
}
