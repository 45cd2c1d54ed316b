// What becomes of an edit that met somebody else's.
import { identity, isSame, isSameLinkage } from "./json-api.js";
/**
 * A merge member by member: what only one of the two has changed is kept. Of lists of related resources, both additions
 * and both removals are kept. Where both have changed a member, `resolve` says what is saved; without it, or if it gives
 * nothing, the edit is given up.
 *
 * It looks at each member alone. Where two members must fit together (a start and an end), write a merge of your own.
 */
export function threeWay(resolve) {
    return (mine, theirs, base) => {
        const merged = {
            attributes: {},
            relationships: {},
        };
        const now = theirs;
        const before = base;
        for (const [name, value] of Object.entries(mine.attributes ?? {})) {
            const other = now.attributes?.[name];
            if (isSame(value, other))
                continue;
            const known = before?.attributes !== undefined && Object.hasOwn(before.attributes, name);
            if (known && isSame(other, before.attributes?.[name])) {
                merged.attributes[name] = value;
                continue;
            }
            const resolved = resolve?.({
                kind: "attribute",
                name,
                mine: value,
                theirs: other,
                base: before?.attributes?.[name],
            });
            if (!resolved)
                return undefined;
            merged.attributes[name] = resolved.value;
        }
        for (const [name, value] of Object.entries(mine.relationships ?? {})) {
            const wanted = value.data;
            const other = now.relationships?.[name]?.data;
            const seen = before?.relationships?.[name]?.data;
            if (isSameLinkage(wanted, other))
                continue;
            if (seen !== undefined && isSameLinkage(other, seen)) {
                merged.relationships[name] = value;
                continue;
            }
            if (Array.isArray(wanted) && Array.isArray(other) && Array.isArray(seen)) {
                merged.relationships[name] = { data: mergeLinkage(wanted, other, seen) };
                continue;
            }
            const resolved = resolve?.({ kind: "relationship", name, mine: wanted, theirs: other, base: seen });
            if (!resolved)
                return undefined;
            merged.relationships[name] = { data: resolved.value };
        }
        const { attributes, relationships } = merged;
        return {
            ...(Object.keys(attributes).length > 0 && { attributes }),
            ...(Object.keys(relationships).length > 0 && { relationships }),
        };
    };
}
/** Theirs, with what mine has added to what was seen, and without what it has removed. */
export function mergeLinkage(mine, theirs, base) {
    const known = (list) => new Set(list.map(identity));
    const [inMine, inTheirs, inBase] = [known(mine), known(theirs), known(base)];
    const kept = theirs.filter((one) => inMine.has(identity(one)) || !inBase.has(identity(one)));
    const added = mine.filter((one) => !inBase.has(identity(one)) && !inTheirs.has(identity(one)));
    return [...kept, ...added];
}
/** Whether there is nothing to save. */
export function isEmpty(changes) {
    return [changes.attributes, changes.relationships].every((members) => Object.keys(members ?? {}).length === 0);
}
