#pragma once
// What carries the commands out. They return the exit status.

#include "common/commands.hh"

namespace nsx::cg_tool {

int list(const cli::CommandLine& line);      // list.cc
int tree(const cli::CommandLine& line);      // list.cc
int top(const cli::CommandLine& line);       // top.cc
int run(const cli::CommandLine& line);       // run.cc
int exec(const cli::CommandLine& line);      // exec.cc
int create(const cli::CommandLine& line);    // change.cc
int remove(const cli::CommandLine& line);    // change.cc
int set(const cli::CommandLine& line);       // change.cc
int delegate(const cli::CommandLine& line);  // change.cc
int move(const cli::CommandLine& line);      // control.cc
int kill(const cli::CommandLine& line);      // control.cc
int freeze(const cli::CommandLine& line);    // control.cc
int thaw(const cli::CommandLine& line);      // control.cc
int reclaim(const cli::CommandLine& line);   // control.cc
int wait(const cli::CommandLine& line);      // wait.cc
int get(const cli::CommandLine& line);       // get.cc
int explain(const cli::CommandLine& line);   // explain.cc
int export_(const cli::CommandLine& line);   // snapshot.cc
int apply(const cli::CommandLine& line);     // snapshot.cc
int which(const cli::CommandLine& line);     // which.cc

}  // namespace nsx::cg_tool
