// replay: makes traces, answers them with simulated caches, and replays them on servers. Every
// result is one line of JSON; bench/hit_ratio drives it and prints tables.

#include "bench/replay/commands.h"

int main(int argc, char** argv) {
  return larder::bench::replay::run_command({argv + 1, argv + argc});
}
