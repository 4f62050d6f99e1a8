"""docs/compatibility.md against the server: every name it knows has a row, and every row that promises
something names something it knows."""

import pathlib
import re
import subprocess

import pytest

from server import BINARY, DEADLINE_S, ROOT

pytestmark = pytest.mark.larder_only

DOCUMENT = (ROOT / "docs/compatibility.md").read_text()
PROMISED = {"yes", "accepted", "own", "partly"}
STATES = PROMISED | {"no"}


def rows(heading):
    """The rows of the table under a heading, as lists of cells."""
    section = re.split(r"^#+ ", DOCUMENT, flags=re.MULTILINE)
    text = next(part for part in section if part.partition("\n")[0] == heading)
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module", name="names")
def names_of_the_tables():
    """{kind: [words after it, ...]} as list_names prints them."""
    program = pathlib.Path(BINARY).resolve().parent / "list_names"
    done = subprocess.run([program], capture_output=True, check=True, timeout=DEADLINE_S)
    names = {}
    for line in done.stdout.decode().splitlines():
        kind, *rest = line.split()
        names.setdefault(kind, []).append(tuple("" if word == "-" else word for word in rest))
    return names


def compare(documented, known):
    """documented: {name: state}; known: names of the server."""
    assert set(documented.values()) <= STATES
    assert set(known) <= set(documented), f"without a row: {set(known) - set(documented)}"
    promised = {name for name, state in documented.items() if state in PROMISED}
    assert promised <= set(known), f"promised, but not there: {promised - set(known)}"


def test_flags(names):
    documented = {(flag.lstrip("-"), name.removeprefix("--")): state
                  for flag, name, state, _ in rows("Flags")}
    compare(documented, names["flag"])


def test_extended_options(names):
    compare({(name,): state for name, state, _ in rows("Extended options (`-o`)")}, names["option"])


def test_commands(names):
    compare({(name,): state for name, state, _ in rows("Commands of the text protocol")}, names["command"])


@pytest.mark.parametrize("group", ["", "settings", "items", "slabs", "conns"])
def test_statistics(launch, group):
    server = launch("-o", "idle_timeout=60", transport="tcp")
    with server.text() as text:
        text.set(b"k", b"v")
        text.get(b"k")
        given = {re.sub(r"^(items:)?\d+:", r"\1N:", name) for name in text.stats(group)}
    documented = {name: state for name, state, _ in rows(f"`stats {group}`" if group else "`stats`")}
    given -= {"idle_kicks", "N:listen_addr"}  # with a flag only, or not on every kind of socket
    documented = {name: state for name, state in documented.items() if name != "N:listen_addr"}
    compare(documented, given)
