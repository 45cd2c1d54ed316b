// What is kept between requests, in bounded memory.

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
export class Recent {
  readonly #entries = new Map<string, Kept>();
  #characters = 0;

  constructor(readonly bounds: Bounds) {}

  get size(): number {
    return this.#entries.size;
  }

  get characters(): number {
    return this.#characters;
  }

  get(key: string): Kept | undefined {
    const kept = this.#entries.get(key);
    if (kept) {
      // A Map has its entries in the order in which they were set: now this one is the last.
      this.#entries.delete(key);
      this.#entries.set(key, kept);
    }
    return kept;
  }

  set(key: string, kept: Kept): void {
    this.delete(key);
    if (weight(key, kept) > this.bounds.characters) return;
    this.#entries.set(key, kept);
    this.#characters += weight(key, kept);
    for (const oldest of this.#entries.keys()) {
      if (this.size <= this.bounds.entries && this.#characters <= this.bounds.characters) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const kept = this.#entries.get(key);
    if (!kept) return;
    this.#entries.delete(key);
    this.#characters -= weight(key, kept);
  }

  clear(): void {
    this.#entries.clear();
    this.#characters = 0;
  }
}

function weight(key: string, kept: Kept): number {
  return key.length + kept.etag.length + kept.text.length;
}
