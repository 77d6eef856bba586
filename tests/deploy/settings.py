"""The settings that the product knows, read from the structs that it reads them into."""

import re
from functools import cache

from helm import ROOT

SOURCES = ["crates/runtime/src/config.rs", "crates/auth/src/external.rs"]
FOLDER = "crates/runtime/src/config"


@cache
def structs():
    """The fields of each struct: name to type."""
    files = [ROOT / source for source in SOURCES] + sorted((ROOT / FOLDER).glob("*.rs"))
    text = "\n".join(file.read_text() for file in files)
    found = {}
    for name, body in re.findall(r"^pub struct (\w+) \{\n(.*?)^\}", text, re.M | re.S):
        found[name] = dict(re.findall(r"^    pub (\w+): (.+),$", body, re.M))
    return found


APART = "mesh" in structs()["Config"]


def lookup(kind, path):
    """Whether this path leads to a setting below a type."""
    while wrapped := re.fullmatch(r"(?:Option|Vec|Box)<(.+)>", kind):
        kind = wrapped[1]
    if not path:
        return True
    if re.fullmatch(r"BTreeMap<.+>", kind):
        return len(path) == 1
    kind = kind.rsplit("::", 1)[-1]
    below = structs().get(kind, {}).get(path[0])
    return below is not None and lookup(below, path[1:])


def known(path):
    """Whether the product knows a setting, such as ("log", "level"). Nothing can be said of the
    settings for roles in processes of their own where the product has none."""
    if not APART and path[0] in ("mesh", "ops", "stores", "eventstore"):
        return True
    return lookup("Config", tuple(path))


def paths(tree, path=()):
    """The path of every setting in a parsed TOML file."""
    for key, below in tree.items():
        if isinstance(below, dict):
            yield from paths(below, (*path, key))
        elif isinstance(below, list) and below and isinstance(below[0], dict):
            for entry in below:
                yield from paths(entry, (*path, key))
        else:
            yield (*path, key)


def of_variable(name):
    """The setting that an environment variable means, or none."""
    head, *path = name.split("__")
    return tuple(part.lower() for part in path) if head == "LAUREL" and path else None
