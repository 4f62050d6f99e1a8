#!/usr/bin/env bash
# Runs the usual memtier_benchmark matrix against a running server and prints one table: memcached's text
# and binary protocols, pipelines of 1, 16 and 64, and SET:GET ratios of 1:10, 1:1 and 0:1.
#
#   scripts/memtier.sh [options] HOST PORT        (HOST may be the path of a unix socket, without PORT)
#     -t N    client threads (default 2)          -c N    connections a thread (default 25)
#     -d N    value bytes (default 100)           -k N    keys (default 200000)
#     -s N    seconds a run (default 10)          -P LIST protocols (default "memcache_text memcache_binary")
#
# Exit status: 0 the table is complete, 1 a run failed, 2 bad usage, 3 memtier_benchmark is not installed.
set -euo pipefail

usage() {
  sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}

explain_how_to_get_it() {
  cat >&2 <<'TEXT'
memtier_benchmark is not on the PATH. It comes from Redis (github.com/RedisLabs/memtier_benchmark):
  packages  add the APT repository packages.redis.io as its README says, then
              apt-get install memtier-benchmark
  source    apt-get install build-essential autoconf automake libevent-dev pkg-config zlib1g-dev libssl-dev
              git clone https://github.com/RedisLabs/memtier_benchmark
              cd memtier_benchmark && autoreconf -ivf && ./configure && make && sudo make install
Until then, bench/loadgen and bench/compare measure the same loads.
TEXT
  exit 3
}

threads=2 clients=25 value_bytes=100 keys=200000 seconds=10
protocols="memcache_text memcache_binary"
while getopts "t:c:d:k:s:P:" option; do
  case $option in
    t) threads=$OPTARG ;;
    c) clients=$OPTARG ;;
    d) value_bytes=$OPTARG ;;
    k) keys=$OPTARG ;;
    s) seconds=$OPTARG ;;
    P) protocols=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
case ${1-} in
  /*) [ $# -eq 1 ] || usage; where=(-S "$1") ;;
  ?*) [ $# -eq 2 ] || usage; where=(-s "$1" -p "$2") ;;
  *) usage ;;
esac
command -v memtier_benchmark > /dev/null || explain_how_to_get_it

common=("${where[@]}" -d "$value_bytes" --key-minimum 1 --key-maximum "$keys" --hide-histogram)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs memtier_benchmark and leaves what it printed in $log; shows that when it fails.
run() {
  if ! memtier_benchmark "${common[@]}" "$@" > "$log" 2>&1; then
    echo "memtier_benchmark ${common[*]} $* failed:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}

# The row of totals, picked by the names in the header: which columns there are depends on memtier's
# version. Names such as "p99 Latency" are made one word first. memtier_benchmark ends well when it
# could not even connect, so a row without operations is a failure too.
totals() {
  sed 's/ Latency/-latency/g' "$log" | awk -v label="$1" '
    function cell(name) { return name in column ? $column[name] : "-" }
    function milliseconds(name) { return name in column ? sprintf("%.3f", cell(name)) : "-" }
    $1 == "Type" { for (i = 1; i <= NF; i++) column[$i] = i }
    $1 == "Totals" && cell("Ops/sec") > 0 {
      printf "%-36s %12s %12s %12s %10s %10s %10s\n", label, cell("Ops/sec"), cell("Hits/sec"),
             cell("Misses/sec"), milliseconds("Avg.-latency"), milliseconds("p99-latency"),
             milliseconds("p99.9-latency")
      found = 1
    }
    END { exit found ? 0 : 1 }' || {
    echo "memtier_benchmark did no operations ($1):" >&2
    tail -n 20 "$log" >&2
    exit 1
  }
}

echo "memtier_benchmark: $threads threads x $clients connections, $keys keys, $value_bytes bytes," \
  "$seconds s a run; latencies in ms"
printf "%-36s %12s %12s %12s %10s %10s %10s\n" load ops/s hits/s misses/s avg p99 p99.9
for protocol in $protocols; do
  run -P "$protocol" -t 1 -c 1 --ratio 1:0 --key-pattern S:S --pipeline 64 -n allkeys
  for pipeline in 1 16 64; do
    for ratio in 1:10 1:1 0:1; do
      run -P "$protocol" -t "$threads" -c "$clients" --ratio "$ratio" --key-pattern R:R \
        --pipeline "$pipeline" --test-time "$seconds"
      totals "$protocol pipeline $pipeline, $ratio"
    done
  done
done
