// SPDX-License-Identifier: MIT
// Runs a program in all namespaces of a target: enter TARGET PROGRAM [ARGUMENT...]
// The target is the same as in nsx-enter --target: a PID, a container, a unit, a pin.
#include <csignal>
#include <cstdio>

#include <nsx/enter.hh>
#include <nsx/target.hh>

namespace {

int fail(const nsx::Error& error) {
  std::fprintf(stderr, "enter: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: enter TARGET PROGRAM [ARGUMENT...]\n", stderr), 1;
  const auto kernel = nsx::Kernel::open();
  if (!kernel) return fail(kernel.error());
  auto target = nsx::resolve_target(*kernel, argv[1]);
  if (!target) return fail(target.error());

  nsx::EnterRequest request;
  request.all = true;
  request.protection.of_terminal = true;
  request.program = {.file = argv[2], .arguments = {argv + 2, argv + argc}};

  // The request, the facts from the kernel, the plan, and its execution.
  auto facts = nsx::read_enter_facts(*kernel, request, std::move(*target));
  if (!facts) return fail(facts.error());
  const auto plan = nsx::plan_enter(request, std::move(*facts));
  if (!plan) return fail(plan.error());
  const auto outcome = nsx::carry_out(*kernel, *plan);
  if (!outcome) return fail(outcome.error().error);
  return outcome->signal != 0 ? 128 + outcome->signal : outcome->exit_status;
}
