"""COMMAND INFO and COMMAND DOCS, name by name as redis-server 7.0 tells them: all but its sentences."""

import os
import subprocess
import tempfile

import pytest

from resp import Connection
from server import Server, wait_for
from stack import need

SENTENCES = {b"summary", b"complexity", b"notes", b"history"}
# Containers whose subcommands are ours, or not all there yet.
DEBUG = b"debug"


@pytest.fixture(scope="module")
def both():
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        ours, theirs = f"{folder}/ours", f"{folder}/theirs"
        server = Server("--engine", "redis", "--unixsocket", ours)
        peer = subprocess.Popen([need("redis-server"), "--port", "0", "--unixsocket", theirs, "--save", "",
                                 "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.exists(ours) and os.path.exists(theirs), "both sockets are there")
            connections = [Connection(ours), Connection(theirs)]
            for connection in connections:
                connection.call("HELLO", "3")
            yield connections
            server.stop()
        finally:
            peer.terminate()
            peer.wait()


def plain(reply, drop=()):
    """Maps as dictionaries, sets in order, without what `drop` names."""
    if isinstance(reply, tuple):
        return {key: plain(value, drop) for key, value in reply[1] if key not in drop}
    if isinstance(reply, list):
        parts = [plain(each, drop) for each in reply]
        return parts if type(reply) is list else sorted(parts, key=repr)
    return reply


def test_documentation(both):
    ours, theirs = (plain(side.call("COMMAND", "DOCS"), SENTENCES) for side in both)
    wrong = {}
    for name in ours.keys() & theirs.keys() - {DEBUG}:
        mine, peers = ours[name], theirs[name]
        mine_subs, peer_subs = mine.pop(b"subcommands", {}), peers.pop(b"subcommands", {})
        if mine != peers:
            wrong[name] = (mine, peers)
        for sub in mine_subs.keys() & peer_subs.keys():
            if mine_subs[sub] != peer_subs[sub]:
                wrong[sub] = (mine_subs[sub], peer_subs[sub])
    assert not wrong, "\n".join(f"{name}: {mine}\n  {peers}"
                                for name, (mine, peers) in sorted(wrong.items())[:5])


def test_history_names_the_same_versions(both):
    ours, theirs = (plain(side.call("COMMAND", "DOCS")) for side in both)
    for name in ours.keys() & theirs.keys():
        versions = [[change[0] for change in docs[name].get(b"history", [])] for docs in (ours, theirs)]
        assert versions[0] == versions[1], name


def test_information(both):
    ours, theirs = ({info[0]: info for info in plain(side.call("COMMAND"), SENTENCES)} for side in both)
    wrong = []
    for name in ours.keys() & theirs.keys() - {DEBUG}:
        mine, peers = ours[name], theirs[name]
        subs = [{sub[0]: sub for sub in info[9]} for info in (mine, peers)]
        pairs = [(mine[:9], peers[:9])]
        pairs += [(subs[0][sub], subs[1][sub]) for sub in subs[0].keys() & subs[1].keys()]
        wrong += [f"{pair[0]}\n  {pair[1]}" for pair in pairs if pair[0] != pair[1]]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:8])
