// Edits: each is made for the state that was seen, and for no other.
import { EditConflict, isChanged, isTagRequired } from "./errors.js";
import { agrees, isSeen } from "./json-api.js";
/** Sends an edit until it is made, refused, or given up. */
export async function make(edit) {
    const { options } = edit;
    const attempts = options.attempts ?? 5;
    for (let attempt = 1;; attempt += 1) {
        options.signal?.throwIfAborted();
        const tag = options.ifMatch === false ? undefined : (options.ifMatch ?? edit.seen.etag);
        try {
            const headers = tag === undefined ? {} : { "If-Match": tag };
            return { response: await edit.send(edit.mine, headers, attempt) };
        }
        catch (error) {
            // Who has said which state it is for is told that it is another one.
            if (options.ifMatch !== undefined || attempt >= attempts)
                throw error;
            const isUntagged = isTagRequired(error) && tag === undefined;
            if (!isUntagged && !isChanged(error))
                throw error;
            const now = stateIn(error, edit) ?? (await edit.read(options.signal));
            // The server's tags do not tell its states apart, or something between here and there changes them.
            if (now.etag === undefined || now.etag === tag)
                throw error;
            const unchanged = await meet(edit, now, isUntagged, error);
            if (unchanged)
                return unchanged;
        }
    }
}
/**
 * What is there now, where the refusal tells it: who prefers a representation (RFC 7240) gets the current one with a 412, and
 * needs no other read.
 */
export function stateIn(error, meeting) {
    const { current, etag } = error.errors[0]?.meta ?? {};
    if (current === undefined)
        return undefined;
    const own = current?.meta?.etag;
    const tag = [etag, own, error.headers.get("ETag")].find((tag) => typeof tag === "string");
    return tag === undefined ? undefined : meeting.told(current, tag);
}
/** Takes what is there now for what the edit is for, after a merge if it is another state than was seen. */
export async function meet(edit, now, isUntagged, cause) {
    const base = edit.seen.data;
    // Whoever has seen nothing decides for any state; and what is as it was seen is no other state.
    const isFree = isUntagged && (base === undefined || edit.agrees(base, now.data));
    edit.seen = now;
    if (isFree)
        return undefined;
    const merged = await edit.merge(edit.mine, now.data, base);
    edit.options.signal?.throwIfAborted();
    if (merged === undefined || merged === null)
        throw new EditConflict(edit.mine, now.data, base, { cause });
    edit.mine = merged;
    return edit.isDone(merged) ? { unchanged: now.data } : undefined;
}
/**
 * What was seen of a resource that is to be changed: the object that the program holds, if it holds one, and else what
 * came last. A tag goes only with what it is of: the program may hold an older state than the client has seen since.
 */
export function seenOf(store, target, url) {
    const last = store.seen(url);
    const seen = isSeen(target) ? target : undefined;
    const own = target.meta?.etag;
    if (typeof own === "string")
        return { etag: own, data: seen ?? (last?.etag === own ? last.data : undefined) };
    if (!seen)
        return last ?? { etag: undefined, data: undefined };
    const isLast = last?.data !== undefined && isOfOneState(seen, last.data);
    return { etag: isLast ? last.etag : undefined, data: seen };
}
/** Whether all that was seen is known to be the same. */
function isOfOneState(seen, last) {
    const isKnown = Object.keys(seen.attributes ?? {}).every((name) => Object.hasOwn(last.attributes ?? {}, name));
    return isKnown && agrees(seen, last);
}
