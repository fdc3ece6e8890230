#pragma once
// The list and the trees of namespaces.

#include "nsx-ls/request.hh"

namespace nsx::ls_tool {

/// Takes a census and prints what was asked for.
Status show_list(Request request);

}  // namespace nsx::ls_tool
