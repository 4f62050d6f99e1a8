"""Fixtures: `server` is shared by the tests of a file, `launch` starts servers for one test."""

import os

import pytest

pytest.register_assert_rewrite("server", "stack", "transcript", "wire")

from server import BINARY, IS_PEER, Server


def pytest_report_header():
    return f"server under test: {BINARY}"


def pytest_collection_modifyitems(items):
    """Tests of promises that only Larder makes are left out when a peer stands in for it."""
    for item in items:
        if IS_PEER and item.get_closest_marker("larder_only"):
            item.add_marker(pytest.mark.skip(reason="a promise of Larder's own"))


def pytest_configure(config):
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"there is no {BINARY}: build it, or name one in LARDER", 1)
    config.addinivalue_line("markers", "larder_only: not expected of a memcached")
    config.addinivalue_line("markers", "slow: large memory or many requests")


@pytest.fixture
def launch():
    """A function that starts a server; all of them are stopped and checked after the test."""
    servers = []

    def start(*flags, **options):
        servers.append(Server(*flags, **options))
        return servers[-1]

    yield start
    failures = []
    for running in servers:
        try:
            running.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="module")
def server():
    """One server for a whole file; its tests use keys of their own."""
    running = Server("-m", "128")
    yield running
    running.stop()


@pytest.fixture
def text(server):
    with server.text() as connection:
        yield connection


@pytest.fixture
def binary(server):
    with server.binary_connection() as connection:
        yield connection
