/**
 * A typed client for JSON:API that never loses an update: it keeps the entity tag of what was seen, and sends it.
 *
 * @packageDocumentation
 */
export { Client, createClient } from "./client.js";
export { Document } from "./document.js";
export { EditConflict, JsonApiError, OperationConflict, OperationsError } from "./errors.js";
export { MEDIA_TYPE, } from "./json-api.js";
export { mergeLinkage, threeWay } from "./merge.js";
