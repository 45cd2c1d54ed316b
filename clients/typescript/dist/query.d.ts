/** A query of any operation. */
export interface AnyQuery {
    include?: readonly string[];
    sort?: readonly string[];
    withCount?: readonly string[];
    fields?: object;
    page?: object;
    filter?: object;
    params?: object;
}
/** The query of a URL, with its `?`; empty without parameters. The same query always gives the same text. */
export declare function queryString(query?: AnyQuery): string;
