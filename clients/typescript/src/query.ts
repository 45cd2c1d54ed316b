// A query, as the parameters of a URL.

import type { Scalar } from "./types.js";

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

type Values = readonly Scalar[];

/** The query of a URL, with its `?`; empty without parameters. The same query always gives the same text. */
export function queryString(query: AnyQuery = {}): string {
  const parts: string[] = [];
  const add = (name: string, value: string): void => {
    parts.push(`${encode(name)}=${encode(value)}`);
  };
  for (const name of ["include", "sort", "withCount"] as const) {
    const list = query[name];
    if (list?.length) add(name, list.join(","));
  }
  for (const [type, fields] of defined(query.fields)) add(`fields[${type}]`, (fields as Values).join(","));
  addFilter(query.filter, add);
  for (const [name, value] of defined(query.page)) add(`page[${name}]`, text(value as Scalar));
  for (const [name, value] of defined(query.params)) {
    add(name, Array.isArray(value) ? value.map(text).join(",") : text(value as Scalar));
  }
  return parts.length ? `?${parts.join("&")}` : "";
}

function addFilter(filter: object | undefined, add: (name: string, value: string) => void): void {
  // What has no form in a parameter of its own goes into the list in JSON, beside which the others stand.
  const expressions: unknown[] = Array.isArray(filter) ? [...(filter as unknown[])] : [];
  const condition = (member: string, operator: string | null, value: unknown): void => {
    const name = operator === null ? `filter[${member}]` : `filter[${member}][${operator}]`;
    if (value === null) {
      if (operator === null) add(`filter[${member}][is_null]`, "true");
      else expressions.push({ name: member, op: operator, val: null });
    } else if (!Array.isArray(value)) {
      // Without an operator, and with one that takes several values, a comma stands between two of them.
      if (operator === null && text(value as Scalar).includes(",")) add(`${name}[]`, text(value as Scalar));
      else add(name, text(value as Scalar));
    } else if (value.length > 0 && !value.some((one) => one === null || text(one as Scalar).includes(","))) {
      add(name, (value as Values).map(text).join(","));
    } else {
      expressions.push({ name: member, op: operator ?? "in", val: value });
    }
  };
  if (!Array.isArray(filter)) {
    for (const [member, value] of defined(filter)) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        condition(member, null, value);
        continue;
      }
      for (const [operator, operand] of defined(value)) condition(member, operator, operand);
    }
  }
  if (expressions.length) add("filter", JSON.stringify(expressions));
}

function defined(object: object | undefined): [string, unknown][] {
  return Object.entries(object ?? {}).filter(([, value]) => value !== undefined);
}

function text(value: Scalar): string {
  return String(value);
}

/** Percent-encoded, but for what makes a query of JSON:API readable: RFC 3986 §3.4 allows `,` and `:` there. */
function encode(value: string): string {
  return encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":");
}
