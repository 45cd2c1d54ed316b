// Several changes in one request, all of them or none: JSON:API's extension "Atomic Operations".
import { meet, stateIn } from "./edit.js";
import { EditConflict, JsonApiError, OperationConflict, OperationsError, isChanged, isTagRequired, } from "./errors.js";
import { ATOMIC, MEDIA_TYPE, } from "./json-api.js";
/**
 * An operation, for `operations`. `D` is its result: a resource, or the `meta` with the new tag of a resource whose
 * relationship is changed, or nothing after a removal.
 */
export class Operation {
    draft;
    constructor(draft) {
        this.draft = draft;
    }
    /**
     * Which resource it is about, as other operations of the same request name it in linkage and as their target. One that it
     * makes has a local id (`lid`), which the server forgets when all is made.
     */
    get ref() {
        return this.draft.ref;
    }
}
const TYPE = `${MEDIA_TYPE};ext="${ATOMIC}"`;
/** An operation of a request that is under way. */
class Step {
    operation;
    index;
    meeting;
    mine;
    /** The tags that it is sent with. */
    ifMatch;
    attempts = 1;
    constructor(operation, index) {
        this.operation = operation;
        this.index = index;
        const { options, meeting } = operation.draft;
        this.meeting = options.ifMatch === undefined ? meeting?.() : undefined;
        this.mine = operation.draft.mine;
        this.ifMatch = options.ifMatch === false ? undefined : options.ifMatch;
    }
    /** Whether the caller has said which state it is for. */
    get isSaid() {
        return this.operation.draft.options.ifMatch !== undefined;
    }
    /** Whether it is on a resource that is there. */
    get isOnKnown() {
        const { op, ref, relationship } = this.operation.draft;
        return "id" in ref && (op !== "add" || relationship !== undefined);
    }
    /** What its precondition is about: those with the same key have it together. */
    get key() {
        const { ref, relationship } = this.operation.draft;
        // A resource that doesn't show the linkage says nothing of it: then the linkage has a tag of its own.
        const isOwn = relationship !== undefined && this.meeting?.url.endsWith(`/relationships/${relationship}`);
        return JSON.stringify([plain(ref), isOwn ? relationship : null]);
    }
    toJSON() {
        const { op, ref, relationship, data, options } = this.operation.draft;
        const since = this.ifMatch === undefined ? options.ifUnmodifiedSince : undefined;
        const meta = {
            ...(this.ifMatch !== undefined && { ifMatch: this.ifMatch }),
            ...(since && { ifUnmodifiedSince: since.toUTCString() }),
        };
        // Elsewhere `data` says which resource it is.
        const isNamed = relationship !== undefined || op === "remove";
        return {
            op,
            ...(isNamed && { ref: { ...plain(ref), ...(relationship !== undefined && { relationship }) } }),
            ...(data && { data: data(this.mine) }),
            ...(Object.keys(meta).length > 0 && { meta }),
        };
    }
}
/** Sends operations until they are made, refused, or given up. */
export async function makeAll(operations, options, around) {
    const steps = operations.map((operation, index) => new Step(operation, index));
    await readAll(steps.filter(({ operation }) => operation.draft.isReadBefore?.()), options);
    let areTagsRequired = false;
    for (let attempt = 1;; attempt += 1) {
        options.signal?.throwIfAborted();
        setPreconditions(steps, areTagsRequired);
        try {
            return await send(steps, options, attempt, around);
        }
        catch (error) {
            if (!(error instanceof JsonApiError))
                throw error;
            const refused = new OperationsError(error, operations);
            if (!isTagRequired(error))
                await meetOthers(refused, steps, options);
            else if (areTagsRequired)
                throw refused;
            else {
                areTagsRequired = true;
                await readAll(steps.filter(({ meeting }) => meeting?.seen.etag === undefined), options);
            }
        }
    }
}
/** Reads what operations are for, where only that is missing: its tag serves if it is as it was seen. */
async function readAll(steps, options) {
    const read = async (step) => {
        if (step.meeting)
            await meetAt(step, await step.meeting.read(options.signal), options, true);
    };
    await Promise.all(steps.map(read));
}
/**
 * The first operation on a resource has the precondition of all that are on it: those behind it find the state that the
 * first has made, of which nobody has a tag yet. Where the server wants one of each, they say that it exists.
 */
function setPreconditions(steps, areTagsRequired) {
    const known = new Set();
    for (const step of steps) {
        if (step.isSaid)
            continue;
        const together = known.has(step.key) ? [] : steps.filter(({ key }) => key === step.key);
        known.add(step.key);
        const tags = together.map(({ meeting }) => meeting?.seen.etag);
        const any = areTagsRequired && step.isOnKnown ? "*" : undefined;
        step.ifMatch = tags.find((tag) => tag !== undefined) ?? any;
    }
}
/** Merges where somebody else was faster, so that it can be tried again. All else is thrown. */
async function meetOthers(error, steps, options) {
    const refused = error.index === undefined ? undefined : steps[error.index];
    // Who has said which state it is for is told that it is another one.
    if (!refused || refused.isSaid || refused.attempts >= (options.attempts ?? 5) || !isChanged(error))
        throw error;
    refused.attempts += 1;
    const concerned = steps.filter((step) => step.key === refused.key && step.meeting);
    if (concerned.length === 0)
        throw error;
    for (const step of concerned) {
        const meeting = step.meeting;
        const now = stateIn(error, meeting) ?? (await meeting.read(options.signal));
        // The server's tags do not tell its states apart, or something between here and there changes them.
        if (now.etag === undefined || now.etag === refused.ifMatch)
            throw error;
        await meetAt(step, now, options, false, error);
    }
}
async function meetAt(step, now, options, isUntagged, cause) {
    const edit = { ...step.meeting, mine: step.mine, options };
    try {
        await meet(edit, now, isUntagged, cause);
    }
    catch (error) {
        throw error instanceof EditConflict ? new OperationConflict(error, step.operation, step.index) : error;
    }
    step.mine = edit.mine;
    step.meeting.seen = edit.seen;
}
async function send(steps, { headers, signal }, attempt, { transport, url, adopt, forget }) {
    const response = await transport.send({
        method: "POST",
        url,
        document: { "atomic:operations": steps },
        contentType: TYPE,
        accept: TYPE,
        prefer: "representation",
        key: true,
        headers,
        signal,
        attempt,
    });
    const results = resultsOf(response.text, steps.length, url);
    return steps.map(({ operation: { draft } }, index) => {
        const { data, meta } = results[index] ?? {};
        if (data && draft.relationship === undefined) {
            adopt(data);
            return data;
        }
        // Of its new state nothing was shown.
        if ("id" in draft.ref)
            forget(draft.ref);
        return draft.op === "remove" && draft.relationship === undefined ? undefined : (meta ?? {});
    });
}
/** The results of a document; none if there is nothing to tell (204). */
function resultsOf(text, count, url) {
    if (text === "")
        return [];
    const results = JSON.parse(text)["atomic:results"];
    if (Array.isArray(results) && results.length === count)
        return results;
    throw new TypeError(`the answer of ${url} has no result for each of the ${count} operations`);
}
/** The identifier alone, of whatever has one. */
export function plain(ref) {
    return "lid" in ref ? { type: ref.type, lid: ref.lid } : { type: ref.type, id: ref.id };
}
