"""Connections that become ready at the same instant: one worker reads them all before it answers any.

The server is stopped (SIGSTOP) while the requests are sent, so that it finds all of them at once.
"""

import os
import pathlib
import signal

from server import wait_for

VALUE_BYTES = 3000


def is_stopped(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def at_once(server, sends):
    """Hands (connection, bytes) to the kernel while the server stands still."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: is_stopped(server.pid), "the server stops")
        for connection, data in sends:
            connection.sock.sendall(data)
    finally:
        os.kill(server.pid, signal.SIGCONT)


def value_of(number):
    return (b"%d." % number) * (VALUE_BYTES // 8)


def test_each_gets_its_own_answer(launch):
    """Reads, writes, pipelines, half requests and bad ones of 100 clients; more than fits one round."""
    server = launch("-t", "1")
    clients = [server.text() for _ in range(100)]
    for number, client in enumerate(clients):
        client.set(b"key%d" % number, value_of(number))
    half = b"get key%d"
    sends = []
    for number, client in enumerate(clients):
        kind = number % 5
        if kind == 0:
            sends.append((client, b"get key%d\r\n" % number))
        elif kind == 1:
            sends.append((client, b"get key%d\r\n" % number * 40))
        elif kind == 2:
            sends.append((client, half % number))
        elif kind == 3:
            data = value_of(number + 1000)
            sends.append((client, b"set key%d 0 0 %d\r\n%s\r\n" % (number, len(data), data)))
        else:
            sends.append((client, b"nonsense %d\r\n" % number))
    at_once(server, sends)
    for number, client in enumerate(clients):
        kind = number % 5
        if kind == 2:
            client.send(b"\r\n")
        for _ in range({1: 40, 0: 1, 2: 1}.get(kind, 0)):
            assert client.line() == b"VALUE key%d 0 %d" % (number, len(value_of(number)))
            assert client.line() == value_of(number)
            assert client.line() == b"END"
        if kind == 3:
            assert client.line() == b"STORED"
            assert client.get(b"key%d" % number) == value_of(number + 1000)
        if kind == 4:
            assert client.line() == b"ERROR"


def test_large_values_and_goodbyes_among_them(launch):
    """Values that are received into their items, and clients that leave, do not disturb the others."""
    server = launch("-t", "1")
    clients = [server.text() for _ in range(60)]
    large = [os.urandom(1 << 14) for _ in clients]
    sends = []
    for number, client in enumerate(clients):
        if number % 3 == 0:
            sends.append((client, b"set big%d 0 0 %d\r\n%s\r\n"
                          % (number, len(large[number]), large[number])))
        elif number % 3 == 1:
            sends.append((client, b"set k%d 0 0 1\r\nv\r\nquit\r\n" % number))
        else:
            sends.append((client, b"get absent%d\r\n" % number))
    at_once(server, sends)
    for number, client in enumerate(clients):
        if number % 3 == 0:
            assert client.line() == b"STORED"
        elif number % 3 == 1:
            assert client.line() == b"STORED"
            assert client.sock.recv(1) == b""
        else:
            assert client.line() == b"END"
    with server.text() as text:
        for number in range(0, 60, 3):
            assert text.get(b"big%d" % number) == large[number]


def test_a_graceful_end_answers_what_was_read(launch):
    """SIGUSR1 or a shutdown that comes with the requests: each is answered before its connection ends."""
    server = launch("-t", "1", "-A")
    clients = [server.text() for _ in range(40)]
    clients[0].set(b"k", b"v")
    at_once(server, [(client, b"get k\r\n") for client in clients[1:]]
            + [(clients[0], b"shutdown graceful\r\n")])
    for client in clients[1:]:
        assert client.line() == b"VALUE k 0 1"
        assert client.line() == b"v"
        assert client.line() == b"END"
        assert client.sock.recv(1) == b""
    server.process.wait(60)
    assert server.process.returncode == 0
