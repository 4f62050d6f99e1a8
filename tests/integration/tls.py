"""Certificates made for one test run, and TLS clients that use them.

Keys are made by the openssl program in a temporary folder: nothing secret lies in the repository.
"""

import contextlib
import socket
import ssl
import subprocess
import warnings

from server import DEADLINE_S, Server
from wire import BinaryConnection, TextConnection

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Certificates:
    """An authority, certificates of a server and of a client that it signed, and a stranger's."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self._authority("ca")
        self.server = self._signed("server", "ca")
        self.client = self._signed("client", "ca")
        self._authority("strangers")
        self.stranger = self._signed("stranger", "strangers")

    def path(self, name):
        return str(self.folder / name)

    def _key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path(f"{name}.key")]

    def _authority(self, name):
        openssl("req", "-x509", *self._key(name), "-out", self.path(f"{name}.pem"),
                "-subj", f"/CN={name}", "-days", 2)
        return self.path(f"{name}.pem")

    def _signed(self, name, authority):
        """(certificate, key) of `name`."""
        request = self.path(f"{name}.csr")
        openssl("req", *self._key(name), "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.path(f"{authority}.pem"),
                "-CAkey", self.path(f"{authority}.key"), "-CAcreateserial",
                "-out", self.path(f"{name}.pem"), "-days", 2)
        return self.path(f"{name}.pem"), self.path(f"{name}.key")

    def flags(self, options=""):
        """What a server needs; `options` are more of -o."""
        chain, key = self.server
        more = f",{options}" if options else ""
        return ["-Z", "-o", f"ssl_chain_cert={chain},ssl_key={key},ssl_ca_cert={self.ca}{more}"]

    def context(self, client=None, version=None):
        """A client that trusts the authority and, with `client`, shows that certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.ca)
        if client is not None:
            context.load_cert_chain(*client)
        if version is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = VERSIONS.get(version, version)
        return context


class TlsServer(Server):
    """A server on 127.0.0.1 whose listeners use TLS unless their prefix says otherwise.

    `prefixes` are those of its listeners in order ("" for none); ports are the system's choice.
    """

    def __init__(self, certificates, *flags, options="", prefixes=("",), **more):
        self.certificates = certificates
        listeners = ",".join(f"{prefix}127.0.0.1:-1" for prefix in prefixes)
        super().__init__("-l", listeners, *certificates.flags(options), *flags, transport=None,
                         **more)
        try:
            self.all_ports = self.ports()
        except BaseException:
            self.discard()
            raise

    def raw(self, listener=0):
        """A socket without TLS on it."""
        return socket.create_connection(("127.0.0.1", self.all_ports[listener]), DEADLINE_S)

    def secure(self, context=None, listener=0, **more):
        """A socket behind a handshake."""
        context = context or self.certificates.context()
        sock = self.raw(listener)
        try:
            return context.wrap_socket(sock, suppress_ragged_eofs=False, **more)
        except BaseException:
            sock.close()
            raise

    def text(self, context=None, listener=0, **more):
        return TextConnection(self.secure(context, listener, **more))

    def binary_connection(self, context=None, listener=0):
        return BinaryConnection(self.secure(context, listener))


class Puppet:
    """A TLS client that says when its bytes go out: records are made first and sent as the test
    likes."""

    def __init__(self, sock, context):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def handshake(self, send=None):
        """`send` is what happens to the client's bytes."""
        send = send or self.sock.sendall
        while True:
            try:
                self.tls.do_handshake()
                send(self.outgoing.read())
                return
            except ssl.SSLWantReadError:
                send(self.outgoing.read())
                self.incoming.write(self.sock.recv(65536))

    def record(self, data):
        """The bytes on the wire that carry `data`."""
        self.tls.write(data)
        return self.outgoing.read()

    def read(self, count):
        """`count` bytes that the server said."""
        data = b""
        while len(data) < count:
            try:
                data += self.tls.read(count - len(data))
            except ssl.SSLWantReadError:
                chunk = self.sock.recv(65536)
                if not chunk:
                    raise ConnectionError(f"closed after {data[-200:]!r}") from None
                self.incoming.write(chunk)
        return data


@contextlib.contextmanager
def refused():
    """The handshake fails, or the connection is closed before the server says anything."""
    try:
        yield
    except (ssl.SSLError, ConnectionError, BrokenPipeError):
        return
    raise AssertionError("the server let the client in")
