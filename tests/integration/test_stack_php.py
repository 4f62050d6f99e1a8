"""PHP keeps its sessions in Larder through php-memcached, with the lock that keeps two requests of one
visitor apart."""

import os
import subprocess
import threading

import pytest

from server import DEADLINE_S
from stack import accepts, free_port, http_get, need, programs_fixture  # noqa: F401 (a fixture)

PAGE = """<?php
session_start();
$n = ($_SESSION['n'] ?? 0) + 1;
usleep(1000);
$_SESSION['n'] = $n;
$_SESSION['cart'] = str_repeat('x', $_GET['bytes'] ?? 10);
session_write_close();
echo $n;
"""

CLIENT = """<?php
$m = new Memcached();
$m->setOption(Memcached::OPT_BINARY_PROTOCOL, $argv[2] === 'binary');
$m->addServer('127.0.0.1', (int)$argv[1]);
function same($what, $is, $should) {
  global $m;
  if ($is !== $should) {
    echo "$what: ", var_export($is, true), ' for ', var_export($should, true), ', ';
    echo $m->getResultMessage(), "\\n";
    exit(1);
  }
}
same('set', $m->set('object', ['a' => 1, 'b' => [1.5, null, 'x']], 100), true);
same('get', $m->get('object'), ['a' => 1, 'b' => [1.5, null, 'x']]);
same('large', $m->set('large', str_repeat('abc', 100000)), true);   // compressed
same('large', $m->get('large'), str_repeat('abc', 100000));
same('add', $m->add('object', 1), false);
same('code', $m->getResultCode(),
     $argv[2] === 'binary' ? Memcached::RES_DATA_EXISTS : Memcached::RES_NOTSTORED);
same('setMulti', $m->setMulti(['k1' => 1, 'k2' => 'two', 'k3' => true]), true);
same('getMulti', $m->getMulti(['k1', 'k2', 'k3', 'none']), ['k1' => 1, 'k2' => 'two', 'k3' => true]);
same('deleteMulti', $m->deleteMulti(['k1', 'k2']), ['k1' => true, 'k2' => true]);
same('counter', $m->set('n', 5), true);
same('increment', $m->increment('n', 3), 8);
same('decrement', $m->decrement('n', 100), 0);
$found = $m->get('object', null, Memcached::GET_EXTENDED);
same('cas', $m->cas($found['cas'], 'object', 'second'), true);
same('stale cas', $m->cas($found['cas'], 'object', 'third'), false);
same('touch', $m->touch('object', 50), true);
same('miss', $m->get('none'), false);
same('code', $m->getResultCode(), Memcached::RES_NOTFOUND);
same('version', array_values($m->getVersion()), ['1.6.45']);
same('stats', count($m->getStats()) > 0, true);
same('flush', $m->flush(), true);
echo 'done';
"""


@pytest.mark.parametrize("protocol", ["text", "binary"])
def test_php_memcached(launch, tmp_path, protocol):
    server = launch(transport="tcp")
    script = tmp_path / "client.php"
    script.write_text(CLIENT)
    done = subprocess.run([need("php"), script, str(server.address[1]), protocol], capture_output=True,
                          timeout=DEADLINE_S, check=False)
    assert done.stdout.decode() == "done", done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("binary", ["Off", "On"])
def test_sessions(launch, programs, tmp_path, binary):
    server = launch(transport="tcp")
    (tmp_path / "index.php").write_text(PAGE)
    address = ("127.0.0.1", free_port())
    php = programs(
        need("php"), "-d", "session.save_handler=memcached",
        "-d", "session.save_path=127.0.0.1:%d" % server.address[1],
        "-d", f"memcached.sess_binary_protocol={binary}", "-d", "memcached.sess_locking=On",
        "-d", "memcached.sess_lock_wait_min=1", "-d", "memcached.sess_lock_wait_max=20",
        "-d", "memcached.sess_lock_retries=2000", "-d", "session.gc_maxlifetime=600",
        "-S", "%s:%d" % address, "-t", tmp_path, env=dict(os.environ, PHP_CLI_SERVER_WORKERS="4"))
    php.wait_until(lambda: accepts(address), "php -S listens")

    status, headers, body = http_get(address, "/")
    assert (status, body) == (200, b"1"), php.output()
    cookie = next(value for name, value in headers if name == "Set-Cookie").split(";")[0]
    counted, lock = [], threading.Lock()

    def visit():
        for _ in range(8):
            _, _, number = http_get(address, "/", [f"Cookie: {cookie}"])
            with lock:
                counted.append(number)

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Had two requests read the same session, a number would have come twice.
    assert sorted(map(int, counted)) == list(range(2, 34)), php.output()

    assert http_get(address, "/?bytes=300000", [f"Cookie: {cookie}"])[2] == b"34"
    assert http_get(address, "/", [f"Cookie: {cookie}"])[2] == b"35"
    with server.text() as text:
        session = cookie.split("=")[1].encode()
        assert b"cart" in text.get(b"memc.sess.key." + session)
        assert text.get(b"memc.sess.key.lock." + session) is None
        assert text.ask(b"mg memc.sess.key.%b t\r\n" % session).startswith(b"HD t")
        text.ask(b"flush_all\r\n")
    assert http_get(address, "/", [f"Cookie: {cookie}"])[2] == b"1"
