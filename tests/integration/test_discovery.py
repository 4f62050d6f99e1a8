"""Auto Discovery as the managed services' clients do it: ask one node for the list of all, use the
nodes of the list, ask again, take over what has a higher version."""

import signal

import pytest

from server import run_to_end, user_flags, wait_for
from wire import GET, NOT_FOUND, OK, packet

pytestmark = pytest.mark.larder_only


def config_text(version, nodes):
    """The list as a node tells it: nodes are (host, address, port)."""
    return f"{version}\n{' '.join('|'.join(map(str, node)) for node in nodes)}\n".encode()


def config_set(text, data, flags=0):
    return text.ask(b"config set cluster %d %d\r\n%b\r\n" % (flags, len(data), data))


class DiscoveringClient:
    """The algorithm of such a client."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.version = -1
        self.nodes = []

    def old_engine(self):
        """Engines before 1.4.14 are asked for a key instead."""
        with self.endpoint.text() as text:
            version = text.ask(b"version\r\n").split()[1].decode().split(".")
        return tuple(int(part) for part in version[:3]) < (1, 4, 14)

    def poll(self, by_key=False):
        """Asks once; True when the list was new."""
        with self.endpoint.text() as text:
            if by_key:
                text.send(b"get AmazonElastiCache:cluster\r\n")
                label = [b"VALUE", b"AmazonElastiCache:cluster"]
            else:
                text.send(b"config get cluster\r\n")
                label = [b"CONFIG", b"cluster"]
            words = text.line().split(b" ")
            assert words[:2] == label, words
            payload = text.read(int(words[3]))
            assert text.read(2) == b"\r\n"
            assert text.line() == b"END"
        first, second = payload.decode().split("\n")[:2]
        if int(first) <= self.version:
            return False
        self.version = int(first)
        self.nodes = [tuple(node.split("|")) for node in second.split(" ")]
        return True

    def node_of(self, key):
        host, address, port = self.nodes[hash(key) % len(self.nodes)]
        return (address or host, int(port))


def test_a_client_finds_the_nodes_and_follows_changes(launch):
    nodes = [launch(transport="tcp") for _ in range(3)]
    ports = [node.address[1] for node in nodes]

    def tell(version, count):
        listed = [("localhost", "127.0.0.1", port) for port in ports[:count]]
        for node in nodes:
            with node.text() as text:
                assert config_set(text, config_text(version, listed)) == b"STORED\r\n"

    tell(1, 2)
    client = DiscoveringClient(nodes[0])
    assert not client.old_engine()
    assert client.poll() and len(client.nodes) == 2
    for number in range(20):
        with nodes[0].text(client.node_of(f"k{number}")) as text:
            assert text.set(b"k%d" % number, b"v") == b"STORED"
    assert sum(int(node.stats()["curr_items"]) for node in nodes[:2]) == 20
    assert not client.poll()
    tell(2, 3)
    assert client.poll() and client.version == 2 and len(client.nodes) == 3
    old = DiscoveringClient(nodes[2])
    assert old.poll(by_key=True) and old.nodes == client.nodes


def test_letter_by_letter(launch):
    data = b"12\nnode1.example|10.82.235.120|11211 node2.example||11211\n"
    with launch().text() as text:
        assert text.ask(b"config get cluster\r\n") == b"END\r\n"
        assert text.ask(b"get AmazonElastiCache:cluster\r\n") == b"END\r\n"
        assert text.ask(b"config delete cluster\r\n") == b"NOT_FOUND\r\n"
        assert config_set(text, data) == b"STORED\r\n"
        block = b"0 %d\r\n%b\r\nEND\r\n" % (len(data), data)
        assert text.ask(b"config get cluster\r\n") == b"CONFIG cluster " + block
        assert text.ask(b"get AmazonElastiCache:cluster\r\n") == \
            b"VALUE AmazonElastiCache:cluster " + block
        # flush_all is about items.
        assert text.ask(b"flush_all\r\nconfig get cluster\r\n") == b"OK\r\nCONFIG cluster " + block
        # An item of that name comes first: what an operator of old nodes stored there.
        text.set(b"AmazonElastiCache:cluster", b"1\na|b|1\n")
        assert text.get(b"AmazonElastiCache:cluster") == b"1\na|b|1\n"
        assert text.ask(b"config set cluster 0 12 noreply\r\n13\na|b|1 c|d\r\n") == b""
        assert text.ask(b"config get cluster\r\n") == b"CONFIG cluster " + block
        assert text.ask(b"config set cluster 5 9 noreply\r\n13\na|b|1\n\r\n") == b""
        assert text.ask(b"config get cluster\r\n") == b"CONFIG cluster 5 9\r\n13\na|b|1\n\r\nEND\r\n"
        assert text.ask(b"config delete cluster\r\n") == b"DELETED\r\n"
        assert text.ask(b"config get cluster\r\n") == b"END\r\n"


@pytest.mark.parametrize("request_bytes, reply", [
    (b"config\r\n", b"ERROR\r\n"),
    (b"config get\r\n", b"ERROR\r\n"),
    (b"config get other\r\n", b"ERROR\r\n"),
    (b"config put cluster\r\n", b"ERROR\r\n"),
    (b"config set cluster 0\r\n", b"CLIENT_ERROR bad command line format\r\n"),
    (b"config set cluster 0 x\r\n", b"CLIENT_ERROR bad command line format\r\n"),
    (b"config set cluster x 2\r\nab\r\n", b"CLIENT_ERROR bad command line format\r\n"),
    (b"config set cluster 0 9\r\n13\na|b|1\nxx", b"CLIENT_ERROR bad data chunk\r\n"),
    (b"config set cluster 0 65537\r\n" + b"x" * 65537 + b"\r\n",
     b"SERVER_ERROR object too large for cache\r\n")])
def test_errors(launch, request_bytes, reply):
    with launch().text() as text:
        assert text.ask(request_bytes) == reply
        assert text.ask(b"config get cluster\r\n") == b"END\r\n"


@pytest.mark.parametrize("data", [b"", b"12", b"12\n", b"x\na|b|1\n", b"12\na|b\n", b"12\na|b|0\n",
                                  b"12\na|b|65536\n", b"12\n|b|1\n", b"12\na|b|1 c\n"])
def test_what_is_no_list_is_refused(launch, data):
    with launch().text() as text:
        assert config_set(text, data) == (b"CLIENT_ERROR cluster config is a version, then nodes as "
                                          b"host|address|port\r\n")


def test_the_longest_list_in_pieces(launch):
    nodes = b" ".join(b"node-with-a-rather-long-name-%04d.example|10.0.0.1|11211" % n for n in range(1000))
    data = (b"7\n" + nodes + b"\n")[:65536 - 60]
    data = data[:data.rindex(b" ")] + b"\n"
    with launch().text() as text:
        request = b"config set cluster 0 %d\r\n%b\r\n" % (len(data), data)
        for begin in range(0, len(request), 5000):
            text.send(request[begin:begin + 5000])
        assert text.line() == b"STORED"
        assert text.ask(b"config get cluster\r\n") == \
            b"CONFIG cluster 0 %d\r\n%b\r\nEND\r\n" % (len(data), data)


def test_file_at_start_and_on_hangup(launch, tmp_path):
    path = tmp_path / "nodes"
    path.write_text("3\r\na|10.0.0.1|11211\r\nb|10.0.0.2|11211")
    server = launch(f"--discovery-file={path}")

    def told():
        with server.text() as text:
            return text.ask(b"config get cluster\r\n")

    def told_list(data):
        return b"CONFIG cluster 0 %d\r\n%b\r\nEND\r\n" % (len(data), data)

    first = told_list(b"3\na|10.0.0.1|11211 b|10.0.0.2|11211\n")
    assert told() == first
    path.write_text("4\nbroken\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "is not a version" in server.stderr_text(), "the complaint")
    assert told() == first
    path.write_text("5\nc||1\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: told() == told_list(b"5\nc||1\n"), "the new list")


def test_file_that_cannot_be_used(tmp_path):
    missing = tmp_path / "missing"
    code, _, err = run_to_end(*user_flags(), "-l", "127.0.0.1", "-p", "-1", "--discovery-file", missing)
    assert code == 1 and str(missing) in err
    missing.write_text("no list")
    code, _, err = run_to_end(*user_flags(), "-l", "127.0.0.1", "-p", "-1", "--discovery-file", missing)
    assert code == 1 and "is not a version" in err

def test_binary_clients(launch):
    """Opcodes as the managed services' Java client sends them; what one protocol sets both tell."""
    data = b"12\nnode1.example|10.82.235.120|11211 node2.example||11211\n"
    get, getk, set_, delete = 0x60, 0x62, 0x64, 0x66
    server = launch()
    with server.binary_connection() as binary, server.text() as text:
        missing = binary.ask_one(packet(get, b"cluster"))
        assert missing.status == NOT_FOUND and missing.value == b"Not found"
        stored = binary.ask_one(packet(set_, b"cluster", data, b"\0\0\0\5"))
        assert (stored.status, stored.key, stored.extras, stored.value, stored.cas) == (OK, b"", b"", b"", 0)
        told = binary.ask_one(packet(get, b"cluster"))
        assert (told.status, told.key, told.extras, told.value) == (OK, b"", b"\0\0\0\5", data)
        assert binary.ask_one(packet(getk, b"cluster")).key == b"cluster"
        assert binary.ask_one(packet(GET, b"AmazonElastiCache:cluster")).value == data
        assert text.ask(b"config get cluster\r\n") == \
            b"CONFIG cluster 5 %d\r\n%b\r\nEND\r\n" % (len(data), data)
        refused = binary.ask_one(packet(set_, b"cluster", b"no list", b"\0\0\0\0"))
        assert refused.status == 4 and binary.ask_one(packet(get, b"cluster")).value == data
        assert binary.ask_one(packet(delete, b"cluster")).status == OK
        assert binary.ask_one(packet(delete, b"cluster")).status == NOT_FOUND
        assert text.ask(b"config get cluster\r\n") == b"END\r\n"
