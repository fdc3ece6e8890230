#pragma once
// What carries the commands out, each in the file of its name. They return the exit status.

#include "common/commands.hh"

namespace nsx::pin_tool {

int add(const cli::CommandLine& line);
int remove(const cli::CommandLine& line);   // rm.cc
int list(const cli::CommandLine& line);     // ls.cc
int execute(const cli::CommandLine& line);  // exec.cc
int identify(const cli::CommandLine& line);
int pids(const cli::CommandLine& line);
int rename(const cli::CommandLine& line);   // mv.cc
int collect(const cli::CommandLine& line);  // gc.cc
int connect(const cli::CommandLine& line);
int set_id(const cli::CommandLine& line);
int ids(const cli::CommandLine& line);
int monitor(const cli::CommandLine& line);
int wait(const cli::CommandLine& line);

}  // namespace nsx::pin_tool
