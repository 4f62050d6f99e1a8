"""Clients as applications use them, in their own languages: php-redis, node-redis, hiredis.

redis-py has test_redis_collections.py and test_redis.py. The programs end with "done" if all was well.
"""

import os
import subprocess

import pytest

from server import DEADLINE_S, Server, wait_for
from stack import accepts, free_port, need

NODE_MODULES = "/usr/share/nodejs:/usr/lib/nodejs"

PHP = """<?php
function same($what, $is, $should) {
  if ($is !== $should) {
    echo "$what: ", var_export($is, true), ' for ', var_export($should, true), "\\n";
    exit(1);
  }
}
$r = new Redis();
same('connect', $r->connect('127.0.0.1', (int)$argv[1], 10), true);
same('flush', $r->flushAll(), true);
same('set', $r->set('key', 'value', ['nx', 'ex' => 100]), true);
same('set again', $r->set('key', 'other', ['nx', 'ex' => 100]), false);
same('get', $r->get('key'), 'value');
same('ttl', $r->ttl('key') > 90, true);
same('mset', $r->mset(['a' => '1', 'b' => '2']), true);
same('mget', $r->mget(['a', 'none', 'b']), ['1', false, '2']);
same('incr', $r->incrBy('a', 41), 42);
same('hash', $r->hMSet('h', ['f' => 'x', 'g' => 'y']), true);
same('hgetall', $r->hGetAll('h'), ['f' => 'x', 'g' => 'y']);
same('list', $r->rPush('l', 'one', 'two', 'three'), 3);
same('lrange', $r->lRange('l', 0, -1), ['one', 'two', 'three']);
same('set', $r->sAdd('s', 'm', 'n'), 2);
same('zadd', $r->zAdd('z', 1.5, 'p', 2, 'q'), 2);
same('zrange', $r->zRange('z', 0, -1, true), ['p' => 1.5, 'q' => 2.0]);
same('geo', $r->geoAdd('g', 13.4, 52.5, 'Berlin', 2.35, 48.85, 'Paris'), 2);
same('geodist', round($r->geoDist('g', 'Berlin', 'Paris', 'km')), 877.0);
same('stream', $r->xAdd('x', '1-1', ['f' => 'v']), '1-1');
same('xrange', $r->xRange('x', '-', '+'), ['1-1' => ['f' => 'v']]);
same('pfadd', $r->pfAdd('hll', ['a', 'b', 'c']), 1);
same('pfcount', $r->pfCount('hll'), 3);
for ($i = 0; $i < 500; $i++) $r->set("scan:$i", $i);
$it = NULL; $seen = [];
$r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
while ($keys = $r->scan($it, 'scan:*', 50)) foreach ($keys as $key) $seen[$key] = true;
same('scan', count($seen), 500);
$pipe = $r->pipeline();
for ($i = 0; $i < 1000; $i++) $pipe->get("scan:" . ($i % 500));
$got = $pipe->exec();
same('pipeline', [count($got), $got[999]], [1000, '499']);
same('dump', $r->restore('copy', 0, $r->dump('h')), true);
same('restored', $r->hGetAll('copy'), ['f' => 'x', 'g' => 'y']);
same('sort', $r->sort('s', ['alpha' => true, 'sort' => 'desc']), ['n', 'm']);
same('wrong type', $r->lPush('key', 'x'), false);
same('error', strpos($r->getLastError(), 'WRONGTYPE'), 0);
$r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
same('object', $r->set('object', ['deep' => [1, null, 2.5]]), true);
same('object', $r->get('object'), ['deep' => [1, null, 2.5]]);
same('select', $r->select(3), true);
same('empty', $r->dbSize(), 0);
echo 'done';
"""

NODE = """
const assert = require('assert');
const { createClient } = require('redis');
(async () => {
  const client = createClient({ socket: { host: '127.0.0.1', port: Number(process.argv[2]) } });
  client.on('error', error => { console.log(error); process.exit(1); });
  await client.connect();
  await client.flushAll();
  assert.equal(await client.set('key', 'value', { EX: 100, NX: true }), 'OK');
  assert.equal(await client.set('key', 'other', { NX: true }), null);
  assert.equal(await client.get('key'), 'value');
  assert.equal(await client.incrBy('n', 5), 5);
  assert.deepEqual(await client.mGet(['key', 'none']), ['value', null]);
  assert.equal(await client.hSet('h', { f: 'x', g: 'y' }), 2);
  assert.deepEqual({ ...await client.hGetAll('h') }, { f: 'x', g: 'y' });
  assert.equal(await client.rPush('l', ['a', 'b', 'c']), 3);
  assert.equal(await client.lMove('l', 'm', 'LEFT', 'RIGHT'), 'a');
  assert.deepEqual(await client.lRange('l', 0, -1), ['b', 'c']);
  assert.equal(await client.sAdd('s', ['p', 'q']), 2);
  assert.equal(await client.zAdd('z', [{ score: 1, value: 'one' }, { score: 2.5, value: 'two' }]), 2);
  assert.deepEqual(await client.zRangeWithScores('z', 0, -1),
                   [{ value: 'one', score: 1 }, { value: 'two', score: 2.5 }]);
  assert.equal(await client.geoAdd('g', { longitude: 13.4, latitude: 52.5, member: 'Berlin' }), 1);
  assert.equal(await client.xAdd('x', '1-1', { f: 'v' }), '1-1');
  assert.deepEqual((await client.xRange('x', '-', '+')).map(entry => entry.id), ['1-1']);
  assert.equal(await client.xGroupCreate('x', 'group', '0'), 'OK');
  const read = await client.xReadGroup('group', 'me', { key: 'x', id: '>' });
  assert.equal(read[0].messages[0].message.f, 'v');
  assert.equal(await client.pfAdd('hll', ['a', 'b']), true);
  const many = await Promise.all([...Array(2000).keys()].map(i => client.set(`k${i}`, String(i))));
  assert.equal(many.length, 2000);
  let seen = 0;
  for await (const key of client.scanIterator({ MATCH: 'k*', COUNT: 100 })) seen += key === 'key' ? 0 : 1;
  assert.equal(seen, 2000);
  await assert.rejects(client.lPush('key', 'x'), /WRONGTYPE/);
  assert.ok((await client.info('server')).includes('redis_version:7.0.15'));
  assert.equal((await client.commandInfo(['get']))[0].arity, 2);
  await client.quit();
  console.log('done');
})().catch(error => { console.log(error); process.exit(1); });
"""


@pytest.fixture(scope="module", name="place")
def server_with_a_redis_port(tmp_path_factory):
    """The port and the unix socket of a server for Redis clients."""
    path = str(tmp_path_factory.mktemp("redis") / "s")
    port = free_port()
    server = Server("--redis-port", port, "--unixsocket", path, "-l", "127.0.0.1", "-m", "128")
    wait_for(lambda: accepts(("127.0.0.1", port)) and os.path.exists(path), "the server accepts clients")
    yield port, path
    server.stop()


def run_to_done(command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=DEADLINE_S, check=False,
                          **more)
    assert done.stdout.split()[-1:] == [b"done"], (done.stdout + done.stderr).decode(errors="replace")[-3000:]


def test_php_redis(place, tmp_path):
    program = tmp_path / "client.php"
    program.write_text(PHP)
    run_to_done([need("php"), program, place[0]])


def test_node_redis(place, tmp_path):
    program = tmp_path / "client.js"
    program.write_text(NODE)
    run_to_done([need("node"), program, place[0]], env=dict(os.environ, NODE_PATH=NODE_MODULES))


def test_hiredis(place):
    program = os.environ.get("HIREDIS_CLIENT")
    if not program:
        pytest.skip("ctest says where the program is")
    run_to_done([program, place[1]])


def test_redis_cli_and_its_modes(place):
    cli = [need("redis-cli"), "-p", place[0]]

    def ask(*words, stdin=None):
        done = subprocess.run([*map(str, cli), *words], input=stdin, capture_output=True, timeout=DEADLINE_S,
                              check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert ask("flushall") == b"OK\n"
    # Mass insertion of a raw protocol stream.
    stream = b"".join(b"*3\r\n$3\r\nSET\r\n$6\r\nk%05d\r\n$1\r\nv\r\n" % i for i in range(5000))
    assert b"errors: 0, replies: 5000" in ask("--pipe", stdin=stream)
    assert ask("dbsize") == b"5000\n"
    assert len(ask("--scan", "--pattern", "k0000*").split()) == 10
    assert ask("-3", "hset", "h", "f", "v") == b"1\n"
    assert b"Biggest string" in ask("--bigkeys")
    assert b"v" in ask("-x", "set", "from-input", stdin=b"v") or ask("get", "from-input") == b"v\n"
    payload = ask("-D", "", "dump", "h")
    assert ask("-x", "restore", "again", "0", stdin=payload) == b"OK\n"
    assert ask("hget", "again", "f") == b"v\n"
