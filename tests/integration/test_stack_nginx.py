"""nginx answers pages straight out of Larder (memcached_pass) and asks the origin for the rest."""

import gzip
import os

import pytest

from stack import accepts, http_get, need, programs_fixture  # noqa: F401 (a fixture)

CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream larder {{
    server {larder};
    keepalive 8;
  }}
  server {{
    listen unix:{folder}/web;
    location / {{
      set $memcached_key "$uri?$args";
      memcached_pass larder;
      memcached_gzip_flag 2;
      gunzip on;
      default_type text/html;
      error_page 404 502 504 = @origin;
    }}
    location @origin {{ return 200 "made by the origin"; }}
  }}
}}
"""


def start_nginx(programs, folder, larder):
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, larder=larder,
                                    user="user root;" if os.getuid() == 0 else ""))
    nginx = programs(need("nginx"), "-p", folder, "-c", config, "-e", folder / "error.log")
    web = str(folder / "web")
    nginx.wait_until(lambda: accepts(web), "nginx listens")
    return web


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_pages_out_of_the_cache(launch, programs, tmp_path, transport):
    server = launch(transport=transport)
    larder = "unix:" + server.address if transport == "unix" else "127.0.0.1:%d" % server.address[1]
    web = start_nginx(programs, tmp_path, larder)
    assert http_get(web, "/page?x=1") == (200, http_get(web, "/page?x=1")[1], b"made by the origin")
    with server.text() as text:
        text.set(b"/page?x=1", b"<p>cached</p>")
        text.set(b"/large?", b"L" * 900_000)
        text.set(b"/packed?", gzip.compress(b"packed page"), flags=2)
    for _ in range(20):
        status, headers, body = http_get(web, "/page?x=1")
        assert (status, body) == (200, b"<p>cached</p>")
        assert ("Content-Type", "text/html") in headers
    assert http_get(web, "/page?x=2")[2] == b"made by the origin"
    assert http_get(web, "/large")[2] == b"L" * 900_000
    # The flag says that the page is compressed: sent so to who takes it, unpacked for who does not.
    assert http_get(web, "/packed")[2] == b"packed page"
    packed = http_get(web, "/packed", ["Accept-Encoding: gzip"], version="1.1")
    assert ("Content-Encoding", "gzip") in packed[1] and gzip.decompress(packed[2]) == b"packed page"
    # A key with a space or a control byte is escaped by nginx, and cannot end the line.
    assert http_get(web, "/a%20b%0d%0aflush_all%0d%0a")[2] == b"made by the origin"
    assert http_get(web, "/page?x=1")[2] == b"<p>cached</p>"
    assert int(server.stats()["total_connections"]) < 10, "nginx keeps its connections"


def test_the_site_outlives_the_cache(launch, programs, tmp_path):
    server = launch(transport="tcp")
    web = start_nginx(programs, tmp_path, "127.0.0.1:%d" % server.address[1])
    with server.text() as text:
        text.set(b"/page?", b"cached")
    assert http_get(web, "/page")[2] == b"cached"
    server.stop()
    assert http_get(web, "/page")[2] == b"made by the origin"
