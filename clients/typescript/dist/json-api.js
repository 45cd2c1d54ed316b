// The parts of JSON:API documents (JSON:API 1.1, "Document Structure") that are the same in every API.
/** The media type of JSON:API. */
export const MEDIA_TYPE = "application/vnd.api+json";
/** The profile with which each resource of a document says its tag in `meta.etag`. */
export const CONCURRENCY = "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";
/** The extension for several changes in one request. */
export const ATOMIC = "https://jsonapi.org/ext/atomic";
/** The URL of a link. */
export function href(link) {
    return typeof link === "string" ? link : (link?.href ?? undefined);
}
/** Whether two JSON values are the same, whatever the order of their members. */
export function isSame(one, other) {
    if (one === other)
        return true;
    if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
        return false;
    if (Array.isArray(one) !== Array.isArray(other))
        return false;
    const names = Object.keys(one);
    if (names.length !== Object.keys(other).length)
        return false;
    return names.every((name) => Object.hasOwn(other, name) &&
        isSame(one[name], other[name]));
}
/** Whether two linkages name the same resources in the same order. Their `meta` does not count. */
export function isSameLinkage(one, other) {
    const plain = (linkage) => Array.isArray(linkage) ? linkage.map(plain) : linkage && identity(linkage);
    return isSame(plain(one), plain(other));
}
/** One text for a type and an id, or a local id. */
export function identity(identifier) {
    const { type, id, lid } = identifier;
    return JSON.stringify(id === undefined ? [type, null, lid] : [type, id]);
}
/**
 * Whether what somebody has seen of a resource is what it is now. Members that were not shown to them, such as those
 * that a sparse fieldset leaves out, can't have misled them.
 */
export function agrees(seen, now) {
    const attributes = Object.entries(seen.attributes ?? {});
    const relationships = Object.entries(seen.relationships ?? {});
    return (attributes.every(([name, value]) => isSame(value, now.attributes?.[name])) &&
        relationships.every(([name, relationship]) => {
            const other = now.relationships?.[name];
            if (relationship.data === undefined || other?.data === undefined)
                return true;
            return isPart(relationship) || isPart(other) || isSameLinkage(relationship.data, other.data);
        }));
}
/** Whether a relationship shows only one page of its linkage. */
function isPart({ links }) {
    return Boolean(href(links?.next) ?? href(links?.prev));
}
/** Whether this is a resource that somebody has seen, and no bare identifier. */
export function isSeen(resource) {
    const { attributes, relationships } = resource;
    return attributes !== undefined || relationships !== undefined;
}
