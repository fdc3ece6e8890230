// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "account/explain.hh"

namespace nsx::cg_tool {

/// An explanation as sentences, a line each.
std::string explanation_text(const CgroupExplanation& explanation);

}  // namespace nsx::cg_tool
