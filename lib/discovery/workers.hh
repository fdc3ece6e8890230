#pragma once

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// How many threads pay for so many processes.
unsigned workers_for(std::size_t processes);

/// Reads what the sources of processes find: process, thread, children, fd, socket. One thread, or
/// some where that pays.
Result<Findings> read_all_processes(const Kernel& kernel, const CensusRequest& request);

}  // namespace nsx
