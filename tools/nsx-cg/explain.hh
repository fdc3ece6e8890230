// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "account/explain.hh"

namespace nsx::cg_tool {

/// Returns an explanation as text, one line per fact.
std::string explanation_text(const CgroupExplanation& explanation);

}  // namespace nsx::cg_tool
