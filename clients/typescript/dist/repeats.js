// Writes whose answer was lost are sent again with the same `Idempotency-Key`, so that each is made once.
import { JsonApiError } from "./errors.js";
/** The header field with the key of a write. */
export const KEY = "Idempotency-Key";
/** The statuses of a server, or of a proxy before it, that doesn't answer now. */
const PASSING = [500, 502, 503, 504];
export class Repeats {
    #times;
    #wait;
    #longest;
    /** Whether the server has said that it keeps no answers. */
    #isInVain = false;
    constructor({ times, wait, longest }) {
        this.#times = times ?? 3;
        this.#wait = wait ?? 250;
        this.#longest = longest ?? 10_000;
    }
    /** Sends a write until it is answered. It gets a key, unless its header fields have one. */
    async send(headers, once, signal) {
        const isOwn = headers.has(KEY);
        if (!isOwn && !this.#isInVain)
            headers.set(KEY, `"${newKey()}"`);
        for (let repeat = 0;; repeat += 1) {
            try {
                return await once();
            }
            catch (error) {
                if (signal?.aborted || !headers.has(KEY))
                    throw error;
                if (!isOwn && isUnknown(error)) {
                    this.#isInVain = true;
                    headers.delete(KEY);
                    continue;
                }
                const wait = this.#pause(error, repeat);
                if (wait === undefined)
                    throw error;
                await pause(wait, signal);
            }
        }
    }
    /** How long to wait before the same is sent again, in milliseconds; `undefined` if it is not. */
    #pause(error, repeat) {
        if (repeat >= this.#times)
            return undefined;
        // `fetch` throws without a response where no answer came. Mistakes of the caller end so, too, and end again.
        const isLost = !(error instanceof JsonApiError);
        if (!isLost && !PASSING.includes(error.status) && error.code !== "idempotency_key_in_use")
            return undefined;
        const asked = isLost || error.retryAfter === undefined ? undefined : error.retryAfter * 1000;
        // Not all clients of a server that comes back at the same time.
        const usual = Math.min(this.#longest, this.#wait * 2 ** repeat) * (0.5 + Math.random() / 2);
        const wait = Math.max(asked ?? 0, usual);
        return wait <= this.#longest ? wait : undefined;
    }
}
/** Whether the server keeps no answers: then a key is refused, and nothing was made. */
function isUnknown(error) {
    return error instanceof JsonApiError && error.code === "idempotency_key_not_supported";
}
/** A key that nobody else has. Browsers have `randomUUID` only where the page is secure. */
function newKey() {
    if (typeof crypto.randomUUID === "function")
        return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function pause(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const end = () => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", end);
            resolve();
        }, milliseconds);
        signal?.addEventListener("abort", end, { once: true });
    });
}
