"""What an OpenAPI document cannot say.

Of query parameters: rules between several of them; of a PATCH: that its resource is the one of the URL; of an
`Idempotency-Key`: that no other request has it. Requests that should be accepted are changed to keep these rules. Those that
should be refused stay as they are.

Of answers: what 404 and DELETE are about at a relationship's URL.
"""

import json
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import EnsureResourceAvailability, UseAfterFree

# As `query/limits.rs` has them. The first is of all filters of a URL together.
MOST_FILTER_NODES = 50
DEEPEST_FILTER = 5


@schemathesis.hook
def before_load_schema(context, raw_schema):
    # Operations of one request depend on each other: one names what another makes or deletes.
    raw_schema["paths"].pop("/v1/operations", None)
    # With the windows of what is included, schemathesis makes no requests at all for an operation: these parameters are
    # left out here. A test of the crate sends each of them.
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "parameters" in operation:
                operation["parameters"] = [
                    parameter for parameter in operation["parameters"] if ".window." not in parameter.get("$ref", "")
                ]


@schemathesis.hook
def map_case(context, case):
    if case.query and is_positive(case, ParameterLocation.QUERY):
        case.query = mended(dict(case.query))
    if case.method == "PATCH" and case.path.endswith("/{id}") and is_positive(case, ParameterLocation.BODY):
        case.body["data"]["id"] = case.path_parameters["id"]
    key = next((name for name in case.headers or {} if name.lower() == "idempotency-key"), None)
    if key and is_positive(case, ParameterLocation.HEADER):
        case.headers[key] = f'"{uuid.uuid4()}"'
    return case


def is_positive(case, location):
    """Whether a part of the request is as the document has it."""
    component = case.meta and case.meta.components.get(location)
    return component is not None and component.mode.is_positive


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # A URL longer than 65,534 bytes is refused before it comes to Rocket.
    if response.status_code == 414:
        return False
    # 404 is about a resource that the body names (JSON:API 1.1, "Updating Resource Relationships"), not about the one of
    # the URL, which was just created.
    if isinstance(failure, EnsureResourceAvailability) and response.status_code == 404:
        return any(error["code"] != "related_not_found" for error in response.json()["errors"])
    # DELETE there removes what the body names from the relationship, which stays.
    if isinstance(failure, UseAfterFree):
        return "/relationships/" not in failure.free
    return True


def mended(query):
    # The places of cursors are the server's secret.
    for cursor in ("page[after]", "page[before]"):
        query.pop(cursor, None)
    include = windows(query)
    if include:
        query["include"] = ",".join(include)
    for name in [name for name in query if name == "sort" or name.startswith("sort[")]:
        query[name] = each_once(query[name], key=lambda written: written.removeprefix("-"))
    if "withCount" in query:
        counted = [path for path in listed(query["withCount"]) if is_included(path.rpartition(".")[0], include)]
        if counted:
            query["withCount"] = ",".join(counted)
        else:
            del query["withCount"]
    one_way_to_page(query, "page")
    for path in include:
        one_way_to_page(query, f"page[{path}]")
    for name in query:
        if name == "filter" or name.startswith("filterIncluded") and name.count("[") == 1:
            query[name] = filters(query[name])
    return query


def listed(value):
    """The values of a list, whether it is text already or not."""
    if isinstance(value, str):
        return value.split(",") if value else []
    return [str(element) for element in value or []]


def each_once(value, key):
    seen, kept = set(), []
    for element in listed(value):
        if key(element) not in seen:
            seen.add(key(element))
            kept.append(element)
    return ",".join(kept)


def windows(query):
    """The paths of `include`. What has a page, an order or a filter of its own must be among them; two such windows could
    be of one relationship, which has one window only."""
    include, window = listed(query.get("include")), None
    for name in list(query):
        family, _, rest = name.partition("[")
        keys = rest.rstrip("]").split("][")
        is_window = (
            (family == "sort" and rest)
            or (family == "page" and len(keys) == 2)
            or family == "filterIncluded"
        )
        if is_window and window in (None, keys[0]):
            window = keys[0]
        elif is_window:
            del query[name]
    return include if window is None else [window]


def is_included(path, include):
    return not path or any(known == path or known.startswith(f"{path}.") for known in include)


def one_way_to_page(query, family):
    """Pages go by number and size, or by offset and limit."""
    if any(f"{family}[{key}]" in query for key in ("offset", "limit")):
        for key in ("number", "size"):
            query.pop(f"{family}[{key}]", None)


ANY = {"name": "id", "op": "is_null", "val": False}


def filters(value):
    """Limits of size, and paths, of which there are too many to list."""
    expressions = json.loads(value) if isinstance(value, str) else value
    left = [MOST_FILTER_NODES // 5]
    kept = [filter_of(expression, 1, left) for expression in expressions if left[0] > 0]
    return json.dumps(kept) if isinstance(value, str) else kept


def filter_of(expression, depth, left):
    left[0] -= 1
    if not isinstance(expression, dict):
        return expression
    for name in ("and", "or", "not"):
        if name in expression:
            if depth == DEEPEST_FILTER or left[0] <= 0:
                return ANY
            inner = expression[name]
            if isinstance(inner, list):
                return {name: [filter_of(part, depth + 1, left) for part in inner if left[0] > 0] or [ANY]}
            return {name: filter_of(inner, depth + 1, left)}
    if "." in expression.get("name", ""):
        return ANY
    inner = expression.get("val")
    if isinstance(inner, dict) and expression.get("op") in ("any", "has"):
        if depth == DEEPEST_FILTER or left[0] <= 0:
            return {**expression, "val": None}
        return {**expression, "val": filter_of(inner, depth + 1, left)}
    return expression
