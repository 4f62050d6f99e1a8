#include "proto/cluster_config.h"

#include <catch2/catch.hpp>

using larder::proto::canonical_cluster_config;
using larder::proto::kClusterConfigBytesMax;

TEST_CASE("a cluster's configuration is brought into one form") {
  CHECK(canonical_cluster_config("12\na|b|1 c||65535\n") == "12\na|b|1 c||65535\n");
  CHECK(canonical_cluster_config("12\r\na|b|1\r\nc|d|2") == "12\na|b|1 c|d|2\n");
  CHECK(canonical_cluster_config(" 0 \n  a|b|1   c|d|2 \n\n") == "0\na|b|1 c|d|2\n");
  CHECK(canonical_cluster_config("18446744073709551615\na|::1|11211\n") ==
        "18446744073709551615\na|::1|11211\n");
}

TEST_CASE("what is no configuration is refused") {
  for (const char* text :
       {"", "\n", "12", "12\n", "x\na|b|1\n", "-1\na|b|1\n", "18446744073709551616\na|b|1\n", "12\na\n",
        "12\na|b\n", "12\na|b|\n", "12\na|b|0\n", "12\na|b|65536\n", "12\n|b|1\n", "12\na|b|1 c\n",
        "12\na|b|1|2\n"}) {
    INFO(text);
    CHECK_FALSE(canonical_cluster_config(text));
  }
  const std::string node = " a|b|1";
  std::string large = "1\n";
  while (large.size() <= kClusterConfigBytesMax) large += node;
  CHECK_FALSE(canonical_cluster_config(large));
}
