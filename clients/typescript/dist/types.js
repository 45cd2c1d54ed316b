// The types of an API, from the `paths` that openapi-typescript makes of its OpenAPI document.
//
// All is found by the form of paths and of documents, and nothing by the names of components: a type is what the
// resources at `/…/{id}` or in the list at `/…` say.
export {};
