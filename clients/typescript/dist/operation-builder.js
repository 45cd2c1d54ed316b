// The operations that a client can make, with the types of its API.
import { isEmpty } from "./merge.js";
import { Operation, plain } from "./operations.js";
/** Makes operations, for `operations`. They are sent there, and not before. */
export class OperationBuilder {
    #meetings;
    #made = 0;
    constructor(meetings) {
        this.#meetings = meetings;
    }
    /** Makes a resource. Operations behind it name it by its `ref`: `{ data: track.ref }`. */
    add(type, members) {
        const { id } = members;
        const ref = id === undefined ? { type, lid: `new-${(this.#made += 1)}` } : { type, id };
        return new Operation({ op: "add", ref, mine: members, data: (mine) => ({ ...ref, ...mine }), options: {} });
    }
    /** Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
    update(target, changes, options = {}) {
        return new Operation({
            op: "update",
            ...this.#resource(target, options, {
                mine: changes,
                merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
                // It is sent all the same: the others are for the state that this one has seen, too.
                isDone: (mine) => isEmpty(mine),
            }),
            data: (mine) => ({ ...plain(target), ...mine }),
        });
    }
    /** Removes a resource, if it is still as `target` was read. */
    remove(target, options = {}) {
        return new Operation({
            op: "remove",
            ...this.#resource(target, options, {
                mine: "remove",
                merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
                isDone: () => false,
            }),
        });
    }
    /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
    addTo(owner, name, identifiers, options = {}) {
        return this.#linkage("add", owner, name, identifiers, options);
    }
    /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
    removeFrom(owner, name, identifiers, options = {}) {
        return this.#linkage("remove", owner, name, identifiers, options);
    }
    /** Replaces the linkage of a relationship, if its resource is still as `owner` was read. */
    replace(owner, name, linkage, options = {}) {
        return this.#linkage("update", owner, name, linkage, options, async (mine, theirs, base) => options.merge?.(mine, theirs, base));
    }
    /** What operations on a resource share. Nobody else knows of a resource that the same request makes. */
    #resource(target, options, own) {
        const shared = { ref: plain(target), mine: own.mine, options };
        if ("lid" in target)
            return shared;
        return {
            ...shared,
            meeting: () => this.#meetings.resource(target, own),
            isReadBefore: () => this.#meetings.isReadBefore(target),
        };
    }
    #linkage(op, owner, relationship, mine, options, merge) {
        const draft = { op, ref: plain(owner), relationship, mine, data: bare, options };
        if (!merge || "lid" in owner)
            return new Operation(draft);
        return new Operation({ ...draft, meeting: () => this.#meetings.linkage(owner, relationship, { mine, merge }) });
    }
}
/** Linkage without what a program may have beside: whole resources are identifiers, too. */
function bare(linkage) {
    if (linkage === null)
        return null;
    return Array.isArray(linkage) ? linkage.map(plain) : plain(linkage);
}
