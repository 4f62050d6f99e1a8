// The texts of -h, -i and -V.
#pragma once

#include <string>

namespace larder::server {

std::string help_text();
std::string licence_text();
std::string version_text();

}  // namespace larder::server
