"""Takes the lists of filters in JSON out of an OpenAPI document, for generators that know no parameters in JSON.

    python without_json_filters.py openapi.json simpler.json
"""

import json
import sys

with open(sys.argv[1]) as file:
    document = json.load(file)
components = document["components"]
in_json = {name for name, parameter in components["parameters"].items() if "content" in parameter}
for name in in_json:
    del components["parameters"][name]
    # The parameter `sessions.filter` has its expressions in a schema of this name.
    components["schemas"].pop(name, None)
for path in document["paths"].values():
    for operation in path.values():
        if "parameters" in operation:
            references = [parameter for parameter in operation["parameters"] if "$ref" in parameter]
            operation["parameters"] = [one for one in references if one["$ref"].rpartition("/")[2] not in in_json]
with open(sys.argv[2], "w") as file:
    json.dump(document, file)
