"""UDP: frames, replies in several datagrams, binary, and what does not get through."""

import socket
import struct

import pytest

from server import run_to_end, wait_for
from wire import GET, HEADER, packet, storage, SET

FRAME = struct.Struct(">HHHH")
PAYLOAD_MAX = 1392


class UdpClient:
    def __init__(self, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(30)
        self.next_id = 1

    def close(self):
        self.sock.close()

    def send(self, payload, count=1, sequence=0):
        self.next_id += 1
        self.sock.send(FRAME.pack(self.next_id, sequence, count, 0) + payload)
        return self.next_id

    def receive(self):
        """(id, reply) put together from its datagrams."""
        parts = {}
        while True:
            datagram = self.sock.recv(2000)
            assert len(datagram) <= 1400
            request, sequence, count, reserved = FRAME.unpack(datagram[:8])
            assert reserved == 0
            parts[sequence] = datagram[8:]
            if len(parts) == count:
                assert all(len(parts[i]) == PAYLOAD_MAX for i in range(count - 1))
                return request, b"".join(parts[i] for i in range(count))

    def ask(self, payload):
        sent = self.send(payload)
        request, reply = self.receive()
        assert request == sent
        return reply

    def silent(self, payload, **frame):
        """Nothing is answered: the next reply is that of the next request."""
        self.send(payload, **frame)
        sent = self.send(b"mn\r\n")
        assert self.receive() == (sent, b"MN\r\n")


def udp_port(server):
    lines = wait_for(lambda: server.port_file.exists() and server.port_file.read_text(), "the port file")
    return next(int(line.rsplit(":", 1)[1]) for line in lines.splitlines() if line.startswith("UDP"))


@pytest.fixture(scope="module")
def udp_server():
    from server import Server
    running = Server("-U", "-1", "-t", "2", transport="tcp")
    yield running
    running.stop()


@pytest.fixture
def udp(udp_server):
    client = UdpClient(udp_port(udp_server))
    yield client
    client.close()


def test_a_request_and_its_reply(udp):
    assert udp.ask(b"set u 3 0 5\r\nvalue\r\n") == b"STORED\r\n"
    assert udp.ask(b"get u\r\n") == b"VALUE u 3 5\r\nvalue\r\nEND\r\n"
    assert udp.ask(b"get nothing\r\n") == b"END\r\n"
    assert udp.ask(b"incr u 1\r\n").startswith(b"CLIENT_ERROR")
    assert udp.ask(b"mg u v f\r\n") == b"VA 5 f3\r\nvalue\r\n"
    assert udp.ask(b"bogus\r\n") == b"ERROR\r\n"
    assert udp.ask(b"delete u\r\n") == b"DELETED\r\n"


@pytest.mark.larder_only
def test_all_that_a_datagram_asks_for_is_one_reply(udp):
    assert udp.ask(b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\ny\r\nget a b\r\n") == (
        b"STORED\r\nSTORED\r\nVALUE a 0 1\r\nx\r\nVALUE b 0 1\r\ny\r\nEND\r\n")


@pytest.mark.parametrize("size", [1, 1350, PAYLOAD_MAX, 8000, 9000, 40_000])
def test_long_replies_take_several_datagrams(udp_server, udp, size):
    value = bytes(i % 251 for i in range(size))
    with udp_server.text() as text:
        text.set(b"long", value)
    assert udp.ask(b"get long\r\n") == b"VALUE long 0 %d\r\n%b\r\nEND\r\n" % (size, value)


def test_binary(udp):
    reply = udp.ask(storage(SET, b"bin", b"value"))
    assert HEADER.unpack(reply)[:2] == (0x81, SET)
    reply = udp.ask(packet(GET, b"bin"))
    assert reply.endswith(b"value") and HEADER.unpack(reply[:24])[5] == 0


def test_what_is_not_one_whole_request_is_not_answered(udp):
    udp.silent(b"get a\r\n", count=2)
    udp.silent(b"get a\r\n", count=0)
    udp.silent(b"")
    udp.silent(b"set quiet 0 0 1 noreply\r\nx\r\n")
    udp.silent(packet(GET, b"bin")[:-1])
    udp.sock.send(b"abc")
    assert udp.ask(b"get quiet\r\n") == b"VALUE quiet 0 1\r\nx\r\nEND\r\n"
    assert udp.ask(b"mn\r\n") == b"MN\r\n"


@pytest.mark.larder_only
def test_a_text_request_that_does_not_fit_is_told_so(udp):
    refusal = b"SERVER_ERROR multi-packet request not supported\r\n"
    assert udp.ask(b"set cut 0 0 100\r\nabc") == refusal
    assert udp.ask(b"get cut") == refusal
    assert udp.ask(b"get cut\r\n") == b"END\r\n"


@pytest.mark.larder_only
def test_commands_that_need_a_connection(udp):
    assert udp.ask(b"watch\r\n") == b"ERROR\r\n"
    udp.silent(b"quit\r\n")
    assert udp.ask(b"lru_crawler metadump all\r\n").endswith(b"END\r\n")


def test_statistics(udp_server, udp):
    with udp_server.text() as text:
        before = int(text.stats()["bytes_read"])
        udp.ask(b"get a\r\n")
        stats = text.stats()
        assert int(stats["bytes_read"]) > before
        assert stats["curr_connections"] == "3"  # this one, and two workers' ends of the port
        conns = text.stats("conns")
        ends = [name.split(":")[0] for name, value in conns.items() if value == "UDP"]
        assert len(ends) == 2
        for fd in ends:
            assert conns[f"{fd}:addr"] == f"udp:127.0.0.1:{udp_port(udp_server)}"
            assert conns[f"{fd}:state"] == "conn_read"
        assert text.stats("settings")["udpport"] == "-1"


def test_udp_alone(launch):
    server = launch("-p", "0", "-U", "-1", "-l", "127.0.0.1", transport=None)
    client = UdpClient(udp_port(server))
    assert client.ask(b"get a\r\n") == b"END\r\n"
    client.close()


def test_a_taken_port_is_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, _, stderr = run_to_end("-u", "root", "-l", "127.0.0.1", "-p", "-1", "-U", port)
    assert code == 71
    assert "failed to listen on one of interface(s) 127.0.0.1: Address already in use" in stderr
